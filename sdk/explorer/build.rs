//! Builds the core of the JavaScript package, so that the page verifies in the browser what the node tells it.

use counterpart_js_package::{Kind, bindings, compile};
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let top = folder.ancestors().nth(2).expect("two folders below the top");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // A target folder of its own: the one outside is locked while this runs.
    let wasm = compile(top, &out.join("target"))?;
    bindings(&wasm, Kind::Web, &out)?;
    for watched in ["sdk/js/src", "sdk/abi/src", "runtime/ledger/src", "runtime/consensus/src", "host-functions/src"] {
        println!("cargo::rerun-if-changed={}", top.join(watched).display());
    }
    println!("cargo::rerun-if-changed={}", top.join("sdk/js/npm/client.js").display());
    Ok(())
}
