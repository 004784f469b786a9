//! A note that its author changes: the smallest contract, and the template to begin with.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;

/// What it refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum NoteError {
    /// The text is longer than 1 000 bytes.
    TooLong {
        /// Its bytes.
        bytes: u32,
    },
}

/// The note was changed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Changed {
    /// How often so far.
    pub revision: u32,
}

/// What it keeps.
#[storage]
pub struct Note {
    author: Item<Address>,
    text: Item<String>,
    revision: Item<u32>,
}

#[contract(events(Changed))]
impl Note {
    /// Makes an empty note; whoever deploys it is the author.
    pub fn new() -> Self {
        let mut note = Self::default();
        note.author.set(&env::caller());
        note
    }

    /// Who may change it.
    pub fn author(&self) -> Address {
        self.author.get_or_default()
    }

    /// What it says.
    pub fn text(&self) -> String {
        self.text.get_or_default()
    }

    /// Changes it; the author has to authorise it. Answers how often it was changed.
    pub fn write(&mut self, text: String) -> Result<u32, NoteError> {
        env::require_auth(&self.author());
        if text.len() > 1_000 {
            return Err(NoteError::TooLong { bytes: text.len() as u32 });
        }
        let revision = self.revision.get_or_default() + 1;
        self.text.set(&text);
        self.revision.set(&revision);
        Changed { revision }.emit();
        Ok(revision)
    }

    /// What always holds; tests and scenarios ask every query whose name begins so.
    pub fn invariant_text_is_short(&self) -> bool {
        self.text().len() <= 1_000
    }
}
