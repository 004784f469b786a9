//! `cargo xtask js`: the JavaScript package, from Rust, with nothing but cargo.

use crate::{cargo, root};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// Files that are written by hand and are the same for every kind of package.
const BY_HAND: [&str; 3] = ["client.js", "client.d.ts", "package.json"];

/// How to build.
#[derive(clap::Args)]
pub struct Arguments {
    /// Where the package goes.
    #[arg(long, default_value = "target/js", value_name = "DIR")]
    out_dir: PathBuf,
}

/// Builds `web`, `node` and `bundler` and puts the client beside them.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let wasm = compile()?;
    let out = root().join(&arguments.out_dir);
    for kind in ["web", "node", "bundler"] {
        let mut bindgen = Bindgen::new();
        bindgen.input_path(&wasm).out_name("core").typescript(true);
        bindgen.remove_name_section(true).remove_producers_section(true);
        match kind {
            "web" => bindgen.web(true)?,
            "node" => bindgen.nodejs_module(true)?,
            _ => bindgen.bundler(true)?,
        };
        let folder = out.join(kind);
        bindgen.generate(&folder).with_context(|| format!("bindings for {kind} cannot be made"))?;
    }
    for name in BY_HAND {
        let (from, to) = (root().join("sdk/js/npm").join(name), out.join(name));
        std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    let size = std::fs::metadata(out.join("web/core_bg.wasm")).context("the package has Wasm")?.len();
    println!("{} ({size} bytes of Wasm)", out.display());
    Ok(())
}

/// Compiles the crate for the browser; answers the Wasm file.
fn compile() -> anyhow::Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--locked", "--package", "counterpart-js", "--profile", "browser"]);
    command.args(["--target", "wasm32-unknown-unknown"]);
    if !command.status().context("cargo does not start")?.success() {
        bail!("the JavaScript core does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(Path::new(&target).join("wasm32-unknown-unknown/browser/counterpart_js.wasm"))
}
