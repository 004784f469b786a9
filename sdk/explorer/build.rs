//! Builds the modules of the JavaScript package, so that the page verifies and replays in the browser what the node tells.

use counterpart_js_package::{Kind, Part, bindings, compile};
use std::path::PathBuf;

/// What the modules are made of.
const WATCHED: &[&str] = &[
    "sdk/js/src",
    "sdk/js/replay",
    "sdk/abi/src",
    "runtime/ledger/src",
    "runtime/consensus/src",
    "runtime/module/src",
    "runtime/execution/src",
    "runtime/referee/src",
    "runtime/audit/src",
    "host-functions/src",
];

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let top = folder.ancestors().nth(2).expect("two folders below the top");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // A target folder of its own: the one outside is locked while this runs.
    for part in Part::ALL {
        let wasm = compile(part, top, &out.join("target"))?;
        bindings(part, &wasm, Kind::Web, &out)?;
    }
    for watched in WATCHED {
        println!("cargo::rerun-if-changed={}", top.join(watched).display());
    }
    println!("cargo::rerun-if-changed={}", top.join("sdk/js/npm/client.js").display());
    Ok(())
}
