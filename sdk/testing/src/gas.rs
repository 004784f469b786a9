//! What tests used, for `counterpart test --gas`.

use crate::Chain;
use counterpart_ledger::Action;
use std::fmt::Write;
use std::path::PathBuf;

/// Writes the gas of a test and of each of its calls to the folder that COUNTERPART_GAS names, if it does.
///
/// # Panics
/// When the file cannot be written: a snapshot with a hole would say that gas changed.
pub(crate) fn record(name: &str, chain: &Chain) {
    let Some(folder) = std::env::var_os("COUNTERPART_GAS").map(PathBuf::from) else { return };
    let total: u64 = chain.receipts().iter().map(|receipt| receipt.gas_used.0).sum();
    let mut text = format!("test {name} {total}\n");
    for (actions, receipt) in chain.sent() {
        // A transaction of one call is what that call costs.
        if let [Action::Call { input, .. }] = actions.as_slice()
            && let Some(selector) = input.first_chunk::<4>()
        {
            let digits: String = selector.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(text, "call {digits} {}", receipt.gas_used.0).expect("text can be written to");
        }
    }
    let path = folder.join(format!("{}.gas", name.replace("::", ".")));
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
