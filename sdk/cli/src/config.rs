//! Defaults of a project and of a user, below flags and the environment.
//!
//! `counterpart.toml` in this folder or one above, and `config.toml` among the keys, hold what flags of the same names
//! take: `rpc`, `from`, `rule`, `timeout`, `gas-limit`, `contracts`, `sdk`.

use crate::output::{Exit, Failure, OrFail};
use clap::Command;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Flags that may have a default in a file.
const NAMES: [&str; 7] = ["rpc", "from", "rule", "timeout", "gas-limit", "contracts", "sdk"];

/// Reads both files; the project's goes before the user's.
///
/// # Errors
/// A failure when a file is not TOML, or holds what is no default.
pub fn read(home: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    let here = std::env::current_dir().unwrap_or_default();
    let project = here.ancestors().map(|folder| folder.join("counterpart.toml")).find(|path| path.is_file());
    for path in [Some(home.join("config.toml")).filter(|path| path.is_file()), project].into_iter().flatten() {
        all.extend(parse(&path)?);
    }
    Ok(all)
}

fn parse(path: &PathBuf) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).or_fail(Exit::Input, "config", path.display())?;
    let table: toml::Table = text.parse().or_fail(Exit::Input, "config", path.display())?;
    let bad = |what: String| {
        Failure::new(Exit::Input, "config", format!("{}: {what}", path.display()))
            .hint(format!("it may hold: {}", NAMES.join(", ")))
    };
    let mut values = BTreeMap::new();
    for (name, value) in table {
        if !NAMES.contains(&name.as_str()) {
            return Err(bad(format!("`{name}` is no default")).into());
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            other => return Err(bad(format!("`{name}` is a text or a number, not {}", other.type_str())).into()),
        };
        values.insert(name, value);
    }
    Ok(values)
}

/// Gives the flags of a command, and of all below it, their defaults.
pub fn with_defaults(mut command: Command, defaults: &BTreeMap<String, String>) -> Command {
    let flags: Vec<(clap::Id, String)> = command
        .get_arguments()
        .filter_map(|argument| Some((argument.get_id().clone(), defaults.get(argument.get_long()?)?.clone())))
        .collect();
    for (id, value) in flags {
        command = command.mut_arg(id.as_str(), |argument| argument.default_value(value));
    }
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |command| with_defaults(command, defaults));
    }
    command
}
