//! Which lines of a contract its tests reached.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Lines of files, and whether they were reached.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    files: BTreeMap<String, BTreeMap<u32, bool>>,
}

impl Coverage {
    /// Puts together the lines of a contract's stretches of code and what tests noted about code with a hash.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(lines: &Path, reached: &Path, code_hash: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(lines).map_err(|error| format!("{}: {error}", lines.display()))?;
        let stretches: Vec<Vec<(String, u32)>> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let mut numbers = BTreeSet::new();
        for entry in std::fs::read_dir(reached).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            for line in text.lines() {
                let mut words = line.split(' ');
                if words.next().map(|hash| hash.trim_start_matches("0x")) == Some(code_hash) {
                    numbers.extend(words.filter_map(|word| word.parse::<usize>().ok()));
                }
            }
        }
        let mut coverage = Self::default();
        for (number, stretch) in stretches.into_iter().enumerate() {
            for (file, line) in stretch {
                // A line that lies in several stretches was reached if one of them was.
                *coverage.files.entry(file).or_default().entry(line).or_default() |= numbers.contains(&number);
            }
        }
        Ok(coverage)
    }

    /// Lines reached, and all.
    pub fn total(&self) -> (usize, usize) {
        let all = self.files.values().flat_map(BTreeMap::values);
        (all.clone().filter(|reached| **reached).count(), all.count())
    }

    /// A table with the lines that no test reached.
    pub fn to_table(&self) -> String {
        let mut text = String::new();
        for (file, lines) in &self.files {
            let reached = lines.values().filter(|reached| **reached).count();
            let missed: Vec<String> =
                lines.iter().filter(|(_, reached)| !**reached).map(|(line, _)| line.to_string()).collect();
            let missed = if missed.is_empty() { String::new() } else { format!("  not reached: {}", missed.join(" ")) };
            text.push_str(&format!("{file:32} {reached:>5} of {:>5} lines{missed}\n", lines.len()));
        }
        text
    }

    /// For machines.
    pub fn to_json(&self) -> Value {
        let file = |(name, lines): (&String, &BTreeMap<u32, bool>)| {
            let missed: Vec<u32> = lines.iter().filter(|(_, reached)| !**reached).map(|(line, _)| *line).collect();
            (name.clone(), json!({ "lines": lines.len(), "reached": lines.len() - missed.len(), "missed": missed }))
        };
        Value::Object(self.files.iter().map(file).collect())
    }

    /// The tracefile format of lcov, which editors and services read.
    pub fn to_lcov(&self, folder: &Path) -> String {
        let mut text = String::new();
        for (file, lines) in &self.files {
            text.push_str(&format!("SF:{}\n", folder.join(file).display()));
            lines.iter().for_each(|(line, reached)| text.push_str(&format!("DA:{line},{}\n", u8::from(*reached))));
            let reached = lines.values().filter(|reached| **reached).count();
            text.push_str(&format!("LH:{reached}\nLF:{}\nend_of_record\n", lines.len()));
        }
        text
    }
}
