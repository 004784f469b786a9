//! `cargo xtask generate`: the pages and headers that are made from code.

use crate::root;
use anyhow::{Context, bail};
use counterpart_host_functions::reference;

/// Write or check.
#[derive(clap::Args)]
pub struct Arguments {
    /// Write nothing; fail when a page is out of date.
    #[arg(long)]
    check: bool,
}

/// Path below the top folder and content of each generated file.
pub fn pages() -> Vec<(&'static str, String)> {
    vec![("docs/host-functions.md", reference::markdown()), ("sdk/c/counterpart.h", reference::c_header())]
}

/// Writes or checks every generated file.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    for (path, content) in pages() {
        let file = root().join(path);
        if arguments.check {
            if std::fs::read_to_string(&file).unwrap_or_default() != content {
                bail!("{path} is out of date: run `cargo xtask generate`");
            }
            continue;
        }
        let folder = file.parent().context("a generated file lies in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        std::fs::write(&file, content).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_pages_are_up_to_date() {
        run(&Arguments { check: true }).expect("pages match the code");
    }
}
