//! Modules without metering, in the form in which engines take them.

use counterpart_host_functions::Hash;
use counterpart_module::{GAS_GLOBAL, PreparedModule, STACK_GLOBAL};
use sha3::{Digest, Sha3_256};
use std::sync::Arc;
use wasmparser::{ExternalKind, Parser, Payload};

/// The most pages of memory under the first profile.
const MAX_PAGES: u64 = 256;

/// Appends `fields` (in the text format) to a module.
///
/// # Errors
/// When the module cannot be printed, or does not parse with the fields.
pub fn extended(wasm: &[u8], fields: &str) -> Result<Vec<u8>, String> {
    let text = wasmprinter::print_bytes(wasm).map_err(|error| error.to_string())?;
    let text = capped(&text);
    let open = text.trim_end().strip_suffix(')').ok_or("a module ends with a parenthesis")?;
    wat::parse_str(format!("{open}\n{fields})")).map_err(|error| error.to_string())
}

/// The module with counters that nothing counts down.
///
/// # Errors
/// When the module cannot be printed or parsed again.
pub fn plain(wasm: &[u8]) -> Result<Arc<PreparedModule>, String> {
    let fields = format!(
        r#"(global (export "{GAS_GLOBAL}") (mut i64) (i64.const 0)) (global (export "{STACK_GLOBAL}") (mut i64) (i64.const 0))"#
    );
    Ok(Arc::new(prepared(extended(wasm, &fields)?)))
}

/// Describes bytes that have counters as a prepared module.
pub fn prepared(wasm: Vec<u8>) -> PreparedModule {
    let digest: [u8; 32] = Sha3_256::digest(&wasm).into();
    let mut entries = Vec::new();
    for payload in Parser::new(0).parse_all(&wasm) {
        let Ok(Payload::ExportSection(exports)) = payload else { continue };
        let functions = exports.into_iter().flatten().filter(|export| export.kind == ExternalKind::Func);
        entries.extend(functions.map(|export| export.name.to_owned()));
    }
    entries.sort();
    PreparedModule {
        original_hash: Hash(digest),
        hash: Hash(digest),
        metered_hash: Hash(digest),
        profile: Hash::ZERO,
        initial_pages: 1,
        maximum_pages: 256,
        metadata: None,
        entries,
        metered_bytes: wasm.len(),
        probes: None,
        wasm,
    }
}

/// Gives a memory the profile's maximum, as preparation does: engines without metering would stop growth elsewhere.
fn capped(text: &str) -> String {
    let line = |line: &str| {
        let limits = line.trim_start().strip_prefix("(memory ").and_then(|rest| rest.strip_suffix(')'));
        let Some(limits) = limits else { return line.to_owned() };
        let mut numbers = limits.rsplit(' ').map_while(|word| word.parse::<u64>().ok()).collect::<Vec<_>>();
        numbers.reverse();
        match numbers[..] {
            [_] => format!("(memory {limits} {MAX_PAGES})"),
            [initial, maximum] if maximum > MAX_PAGES => {
                let name = limits.strip_suffix(&format!("{initial} {maximum}")).unwrap_or_default();
                format!("(memory {name}{initial} {MAX_PAGES})")
            }
            _ => line.to_owned(),
        }
    };
    text.lines().map(|text| line(text) + "\n").collect()
}
