//! Holds the code to the structure that ARCHITECTURE.md states: dependency edges, file sizes, words.
