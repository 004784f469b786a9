//! `cargo xtask web`: the JavaScript package in Node and the auditor's page in a headless browser.

use crate::{cargo, contracts, js, root};
use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What to test.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only tests whose name matches.
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
}

/// A network that is stopped at the end, however that comes.
struct Devnet(Child);

impl Drop for Devnet {
    fn drop(&mut self) {
        // It may have stopped by itself; then the tests have said so.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Installs what is missing, builds, starts a network and runs the tests.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = root().join("target/web");
    let chromium = chromium()?;
    let modules = modules(&folder)?;
    js::run(&js::Arguments { out_dir: PathBuf::from("target/js") })?;
    contracts::build_all(true)?;
    build(&["counterpart-cli", "counterpart-demos", "sensor-gateway", "gatekeeper"])?;
    let data = folder.join("network");
    empty(&data)?;
    let site = free_port()?;
    let (devnet, url) = devnet(&data, &format!("http://127.0.0.1:{site}"))?;
    let demos = demos(&folder)?;
    let served: Vec<_> = demos.iter().map(|(name, _, url)| serde_json::json!({ "name": name, "url": url })).collect();
    let mut node = Command::new("node");
    node.current_dir(root().join("tests/web")).args(["--test", "--test-reporter=spec"]);
    if let Some(pattern) = &arguments.only {
        node.arg(format!("--test-name-pattern={pattern}"));
    }
    node.args(["client.test.mjs", "page.test.mjs", "demo.test.mjs"])
        .env("COUNTERPART_DEMOS", serde_json::to_string(&served)?)
        .env("COUNTERPART_RPC", url)
        .env("COUNTERPART_SITE", site.to_string())
        .env("COUNTERPART_JS", root().join("target/js"))
        .env("COUNTERPART_NODE_MODULES", modules)
        .env("COUNTERPART_SHOTS", folder.join("shots"))
        .env("COUNTERPART_CHROMIUM", chromium);
    let status = node.status().context("node does not start")?;
    drop((devnet, demos));
    if !status.success() {
        bail!("tests of package and page failed");
    }
    println!("screenshots are in {}", folder.join("shots").display());
    Ok(())
}

/// Finds Chromium, or installs Debian's.
fn chromium() -> anyhow::Result<PathBuf> {
    let find = || ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path);
    if let Some(found) = find() {
        return Ok(found);
    }
    eprintln!("installing chromium");
    for arguments in [&["update", "-qq"][..], &["install", "-y", "-qq", "chromium"]] {
        let status = Command::new("apt-get").args(arguments).stdout(Stdio::null()).status();
        if !status.context("apt-get does not start: install Chromium yourself")?.success() {
            bail!("chromium cannot be installed: install it with this system's package manager");
        }
    }
    find().context("chromium was installed and is not there")
}

fn on_path(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Installs the packages that the tests need, outside of the sources.
fn modules(folder: &Path) -> anyhow::Result<PathBuf> {
    if on_path("node").is_none() || on_path("npm").is_none() {
        bail!("node and npm are missing: install Node.js 20 or later");
    }
    std::fs::create_dir_all(folder).context("target/web cannot be made")?;
    let manifest = folder.join("package.json");
    let wanted = std::fs::read(root().join("tests/web/package.json")).context("tests/web/package.json")?;
    if std::fs::read(&manifest).ok().as_ref() != Some(&wanted) || !folder.join("node_modules").is_dir() {
        std::fs::write(&manifest, &wanted).context("package.json cannot be written")?;
        let mut npm = Command::new("npm");
        npm.current_dir(folder).args(["install", "--no-audit", "--no-fund", "--silent", "--no-package-lock"]);
        if !npm.status().context("npm does not start")?.success() {
            std::fs::remove_file(&manifest).context("package.json cannot be removed")?;
            bail!("npm cannot install playwright-core and axe-core");
        }
    }
    Ok(folder.to_path_buf())
}

fn build(packages: &[&str]) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--locked"]);
    for package in packages {
        command.args(["--package", package]);
    }
    if !command.status().context("cargo does not start")?.success() {
        bail!("the commands do not build");
    }
    Ok(())
}

/// A port that nobody listens at; the tests serve the example pages there.
fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

/// A program that [`build`] made.
fn program(name: &str) -> Command {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Command::new(target.join("debug").join(name))
}

fn empty(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    Ok(())
}

/// Runs every demonstration and serves its ledger with the page: name, network and address.
fn demos(folder: &Path) -> anyhow::Result<Vec<(String, Devnet, String)>> {
    let listed = program("counterpart-demo").arg("--list").output().context("the demonstrations do not start")?;
    let mut served = Vec::new();
    let listed = String::from_utf8(listed.stdout).context("names are text")?;
    // Names of two words are of stories that take the same contracts together: a browser learns nothing new from them.
    for name in listed.lines().filter(|name| !name.contains(' ')) {
        eprintln!("running the demonstration {name}");
        let data = folder.join(format!("demo-{name}"));
        empty(&data)?;
        let mut command = program("counterpart-demo");
        command.current_dir(root()).args([name, "--json", "--data-dir"]).arg(&data);
        // A small town: its ledger is replayed in a browser.
        if name == "currency" {
            command.args(["--accounts", "20", "--epochs", "8", "--payments", "10"]);
        }
        let output = command.stderr(Stdio::null()).output().context("a demonstration does not start")?;
        if !output.status.success() {
            bail!("the demonstration {name} failed: {}", String::from_utf8_lossy(&output.stdout));
        }
        let (devnet, url) = devnet(&data, "http://127.0.0.1:1")?;
        served.push((name.to_owned(), devnet, url));
    }
    Ok(served)
}

/// Starts a devnet with the page on a free port; answers its address.
fn devnet(data: &Path, origin: &str) -> anyhow::Result<(Devnet, String)> {
    let mut command = program("counterpart");
    command.args(["devnet", "--explorer", "--json", "--port", "0", "--allow-origin", origin, "--dir"]).arg(data);
    let mut child = command.stdout(Stdio::piped()).spawn().context("the network does not start")?;
    let stdout = child.stdout.take().context("the output is piped")?;
    let devnet = Devnet(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).context("the network says nothing")?;
    let document: serde_json::Value = serde_json::from_str(&line).context("the network does not start")?;
    let url = document["rpc"].as_str().context("the network names its address")?.to_owned();
    Ok((devnet, url))
}
