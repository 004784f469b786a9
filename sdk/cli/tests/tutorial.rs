//! The tutorial, line by line: its commands are run, its files are written, and what it says is printed is compared.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A step of the tutorial.
#[derive(Debug)]
enum Step {
    /// A command and the lines that it prints; `...` stands for anything, as a line for any lines.
    Run { command: String, expected: Vec<String> },
    /// A command that stays, in another terminal.
    Start(String),
    /// Text for a file, before a line of it, at its end, or as a new one.
    Write { path: String, before: Option<String>, append: bool, text: String },
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines();
    let mut instruction: Option<String> = None;
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            instruction = Some(text.to_owned());
        }
        let Some(language) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if language.starts_with("console") {
            for line in block {
                match line.strip_prefix("$ ") {
                    Some(command) if language.ends_with("another terminal") => steps.push(Step::Start(command.into())),
                    Some(command) => steps.push(Step::Run { command: command.into(), expected: Vec::new() }),
                    None => match steps.last_mut() {
                        Some(Step::Run { expected, .. }) => expected.push(line.to_owned()),
                        _ => panic!("`{line}` belongs to no command"),
                    },
                }
            }
        } else if let Some(instruction) = instruction.take() {
            let (what, rest) = instruction.split_once(' ').expect("what and where");
            let (path, before) = match rest.split_once(" before ") {
                Some((path, before)) => (path, Some(before.trim_matches('"').to_owned())),
                None => (rest, None),
            };
            assert!(["insert", "append", "create"].contains(&what) && (what == "insert") == before.is_some());
            let text = block.join("\n") + "\n";
            steps.push(Step::Write { path: path.into(), before, append: what == "append", text });
        }
    }
    steps
}

/// Whether lines are those that were expected.
fn fits(expected: &[String], got: &[&str]) -> bool {
    match expected {
        [] => got.is_empty(),
        [line, rest @ ..] if line == "..." => (0..=got.len()).any(|skipped| fits(rest, &got[skipped..])),
        [line, rest @ ..] => match got {
            [first, others @ ..] => fits_line(line, first) && fits(rest, others),
            [] => false,
        },
    }
}

fn fits_line(expected: &str, got: &str) -> bool {
    let parts: Vec<&str> = expected.split("...").collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    if parts.len() == 1 {
        return expected.trim_end() == got.trim_end();
    }
    let (Some(middle), true) = (got.strip_prefix(first), got.ends_with(last)) else { return false };
    let mut rest = middle;
    parts[1..parts.len() - 1].iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

struct Reader {
    folder: PathBuf,
    home: PathBuf,
    target: PathBuf,
    rpc: String,
    devnet: Option<Child>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(child) = &mut self.devnet {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Reader {
    fn command(&self, line: &str) -> Command {
        let line = line.replace("http://127.0.0.1:7545", &self.rpc);
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("counterpart"), "`{line}` is a command of ours");
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.args(words).current_dir(&self.folder).stdin(Stdio::null());
        command.env("COUNTERPART_HOME", &self.home).env("COUNTERPART_RPC", &self.rpc);
        // What the tests of a new project need is compiled once for all runs.
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_NET_OFFLINE", "true");
        // Nobody debugs this project or compiles it again after a change.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
        command
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Run { command, .. } if command.starts_with("cd ") => self.folder.push(&command[3..]),
            Step::Run { command, expected } => {
                let output = self.command(command).output().expect("the command starts");
                let printed = String::from_utf8_lossy(&output.stdout);
                let mut got: Vec<&str> = printed.lines().collect();
                let code = format!("exit code {}", output.status.code().unwrap_or(-1));
                if code != "exit code 0" {
                    got.push(&code);
                }
                let messages = String::from_utf8_lossy(&output.stderr);
                assert!(fits(expected, &got), "$ {command}\nexpected {expected:#?}\ngot {got:#?}\nsaid {messages}");
            }
            Step::Start(command) => {
                let port = self.rpc.rsplit(':').next().expect("a port").to_owned();
                let mut command = self.command(command);
                command.args(["--port", &port]).stdout(Stdio::null()).stderr(Stdio::null());
                self.devnet = Some(command.spawn().expect("the network starts"));
                let reachable = || std::net::TcpStream::connect(("127.0.0.1", port.parse().expect("a number"))).is_ok();
                let ready = (0..600).any(|_| {
                    std::thread::sleep(std::time::Duration::from_millis(100));
                    reachable()
                });
                assert!(ready, "the network answers within a minute");
            }
            Step::Write { path, before, append, text } => {
                let path = self.folder.join(path);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                let old = std::fs::read_to_string(&path).unwrap_or_default();
                let new = match before {
                    Some(before) => {
                        assert_eq!(old.matches(before.as_str()).count(), 1, "`{before}` is one place");
                        old.replace(before.as_str(), &format!("{text}{before}"))
                    }
                    None if *append => old + text,
                    None => text.clone(),
                };
                std::fs::write(&path, new).expect("written");
            }
        }
    }
}

#[test]
fn every_line_of_the_tutorial_works() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the top");
    let page = std::fs::read_to_string(top.join("docs/tutorial.md")).expect("the tutorial");
    let steps = steps(&page);
    assert!(steps.len() > 20, "the tutorial has steps: {}", steps.len());
    let folder = tempfile::tempdir().expect("a folder");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let mut reader = Reader {
        folder: folder.path().to_path_buf(),
        home: folder.path().join("home"),
        target: top.join("target/tutorial"),
        rpc: format!("http://127.0.0.1:{free}"),
        devnet: None,
    };
    for step in &steps {
        reader.step(step);
    }
}

#[test]
fn the_comparison_tells_lines_apart() {
    let lines = |text: &[&str]| text.iter().map(|line| (*line).to_owned()).collect::<Vec<String>>();
    assert!(fits(&lines(&["a", "...", "z ... y"]), &["a", "b", "c", "z 1 y"]));
    assert!(fits(&lines(&["..."]), &[]));
    assert!(!fits(&lines(&["a"]), &["a", "b"]));
    assert!(!fits(&lines(&["a ... c"]), &["a b"]));
    assert!(!fits(&lines(&["x", "..."]), &["y"]));
}
