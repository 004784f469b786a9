//! The table of holders that the demo issues to.

use counterpart_cli::output::{Exit, Failure, OrFail};
use std::path::Path;

/// A holder of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The name, from which the development account is made.
    pub name: String,
    /// Units to issue.
    pub units: u128,
    /// Whether the holder is frozen.
    pub frozen: bool,
    /// Days for which the units are locked.
    pub locked_days: u64,
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapTable {
    /// At least four, of whom two can trade.
    pub holders: Vec<Holder>,
}

impl CapTable {
    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).or_fail(Exit::Input, "cap_table", path.display())?;
        let wrong = |line: usize, message: String| {
            Failure::new(Exit::Input, "cap_table", format!("{} line {line}: {message}", path.display()))
                .hint("columns are holder,units,frozen,locked_days; frozen is yes or no")
        };
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, header)| header.trim()) != Some("holder,units,frozen,locked_days") {
            return Err(wrong(1, "the header is not holder,units,frozen,locked_days".into()).into());
        }
        let mut holders: Vec<Holder> = Vec::new();
        for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let holder = parse(line).map_err(|message| wrong(index + 1, message))?;
            if holders.iter().any(|other| other.name == holder.name) {
                return Err(wrong(index + 1, format!("{} stands twice", holder.name)).into());
            }
            holders.push(holder);
        }
        let free =
            holders.iter().filter(|holder| !holder.frozen && holder.locked_days == 0 && holder.units > 1).count();
        let frozen = holders.iter().any(|holder| holder.frozen);
        if !(4..=60).contains(&holders.len()) || free < 2 || !frozen {
            let message = "the demo needs 4 to 60 holders, two of them free to trade and one frozen".to_owned();
            return Err(wrong(1, message).into());
        }
        Ok(Self { holders })
    }
}

fn parse(line: &str) -> Result<Holder, String> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    let [name, units, frozen, locked_days] = cells.as_slice() else {
        return Err(format!("expected 4 cells, got {}", cells.len()));
    };
    if name.is_empty() {
        return Err("the holder has no name".into());
    }
    let units = units.parse().ok().filter(|units| *units > 0);
    Ok(Holder {
        name: (*name).to_owned(),
        units: units.ok_or_else(|| format!("`{}` is no number of units", cells[1]))?,
        frozen: match *frozen {
            "yes" => true,
            "no" => false,
            other => return Err(format!("`{other}` is neither yes nor no")),
        },
        locked_days: locked_days.parse().map_err(|_| format!("`{locked_days}` is no number of days"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CapTable, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).expect("written");
        CapTable::read(&path).map_err(|error| error.to_string())
    }

    const HEADER: &str = "holder,units,frozen,locked_days\n";

    #[test]
    fn tables_are_read_and_faults_are_named_by_line() {
        let good = format!("{HEADER}a,10,no,0\nb,20,no,0\nc,5,yes,0\nd,7,no,30\n");
        assert_eq!(read(&good).expect("a table").holders.len(), 4);
        for (text, part) in [
            ("name,units\n".to_owned(), "line 1"),
            (format!("{HEADER}a,10,no\n"), "expected 4 cells"),
            (format!("{HEADER}a,0,no,0\n"), "no number of units"),
            (format!("{HEADER}a,1,maybe,0\n"), "neither yes nor no"),
            (format!("{HEADER}a,1,no,0\na,1,no,0\n"), "stands twice"),
            (format!("{HEADER}a,1,no,x\n"), "no number of days"),
            (format!("{HEADER}a,10,no,0\n"), "4 to 60 holders"),
        ] {
            let message = read(&text).expect_err("refused");
            assert!(message.contains(part), "{message}");
        }
    }
}
