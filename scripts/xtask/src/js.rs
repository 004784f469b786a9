//! `cargo xtask js`: the JavaScript package, from Rust, with nothing but cargo.

use crate::root;
use anyhow::Context;
use counterpart_js_package::{Kind, Part, bindings, compile};
use std::path::PathBuf;

/// Files that are written by hand and are the same for every host.
const BY_HAND: [&str; 3] = ["client.js", "client.d.ts", "package.json"];

/// How to build.
#[derive(clap::Args)]
pub struct Arguments {
    /// Where the package goes.
    #[arg(long, default_value = "target/js", value_name = "DIR")]
    pub out_dir: PathBuf,
}

/// Builds `web`, `node` and `bundler` and puts the client beside them.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let out = root().join(&arguments.out_dir);
    for part in Part::ALL {
        let wasm = compile(part, &root(), &target)?;
        for kind in Kind::ALL {
            bindings(part, &wasm, kind, &out.join(kind.name()))?;
        }
    }
    for name in BY_HAND {
        let (from, to) = (root().join("sdk/js/npm").join(name), out.join(name));
        std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    let example = root().join("sdk/js/examples/receipt.html");
    std::fs::copy(&example, out.join("receipt.html")).with_context(|| format!("cannot copy {}", example.display()))?;
    let size = |part: Part| {
        let file = out.join(format!("web/{}_bg.wasm", part.name()));
        std::fs::metadata(file).map(|file| file.len()).context("the package has Wasm")
    };
    let (core, replay) = (size(Part::Core)?, size(Part::Replay)?);
    println!("{} ({core} bytes of Wasm, and {replay} for replays)", out.display());
    Ok(())
}
