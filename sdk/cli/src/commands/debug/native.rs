//! A frame as native code, on the host calls that it made on the chain.

use super::Debugger;
use crate::Context;
use crate::ledger::{At, Ledger};
use crate::output::{Exit, Failure, OrFail};
use counterpart_audit::Timeline;
use counterpart_execution::{Access, Step};
use counterpart_host_functions::{HostFunction, Param};
use counterpart_testing::playback::{Part, RecordedCall, Recording};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Records a frame, builds the contract as a native program and runs it.
#[allow(clippy::too_many_arguments, reason = "they are the verb's own arguments")]
pub fn run(
    context: &Context,
    ledger: &Ledger,
    at: &At,
    index: usize,
    folder: &Path,
    frame: Option<usize>,
    debugger: Debugger,
    commands: &[String],
) -> anyhow::Result<ExitCode> {
    let timeline = Timeline::record(&ledger.inputs(at), &ledger.executor, index);
    let timeline = timeline.or_fail(Exit::Bug, "execution", "the transaction cannot be executed")?;
    let project = Project::of(folder)?;
    let frame = choose(ledger, at, &timeline, frame, &project)?;
    let facts = &timeline.frames[frame];
    let lost = || Failure::new(Exit::Bug, "no_frame", "the frame was lost");
    let recording = record(&timeline, frame).ok_or_else(lost)?;
    let program = project.build(context, &recording)?;
    let file = project.out.join("recording");
    let (name, type_name) = (project.crate_name(), project.type_name(ledger, at, facts)?);
    let method =
        ledger.abi(&facts.contract, &*at.state).and_then(|abi| Some(abi.method_of(&facts.call.input)?.name.clone()));
    let breakpoint =
        method.map_or_else(|| format!("{name}::{type_name}::call"), |method| format!("{name}::{type_name}::{method}"));
    let mut command = match debugger {
        Debugger::None => {
            let output = Command::new(&program).arg(&file).output().or_fail(
                Exit::Bug,
                "native",
                "the program does not start",
            )?;
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            let equal = output.status.success();
            context.output.result(&json!({ "frame": frame, "equal": equal, "text": text }), &text);
            return Ok(if equal { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) });
        }
        Debugger::Gdb => {
            let mut command = Command::new("rust-gdb");
            command.args([
                "--quiet",
                "-ex",
                "set breakpoint pending on",
                "-ex",
                &format!("break {breakpoint}"),
                "-ex",
                "run",
            ]);
            if !commands.is_empty() {
                command.arg("-batch");
            }
            for line in commands {
                command.args(["-ex", line]);
            }
            command.arg("--args").arg(&program).arg(&file);
            command
        }
        Debugger::Lldb => {
            let mut command = Command::new("rust-lldb");
            command.args(["-o", &format!("breakpoint set --name {breakpoint}"), "-o", "run"]);
            if !commands.is_empty() {
                command.arg("--batch");
            }
            for line in commands {
                command.args(["-o", line]);
            }
            command.arg("--").arg(&program).arg(&file);
            command
        }
    };
    context.output.note(format!("frame {frame} of {} as native code, stopped in {breakpoint}", facts.contract));
    let status = command.status().map_err(|error| {
        let failure = Failure::new(Exit::Input, "no_debugger", format!("the debugger does not start: {error}"));
        failure.hint("install gdb or lldb, or run without one: --debugger none")
    })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

/// The questions of a frame and the host's answers; `None` when there is no such frame.
pub fn record(timeline: &Timeline, frame: usize) -> Option<Recording> {
    let facts = timeline.frames.get(frame)?;
    let own = timeline.hosts.iter().filter(|(owner, _, _)| *owner as usize == frame);
    let calls = own.filter_map(|(_, step, left)| recorded(step, *left)).collect();
    Some(Recording::new(facts.call.deploy, facts.call.gas_limit as i64, calls))
}

/// The frame that is asked for, or the first of a contract with the project's interface.
fn choose(
    ledger: &Ledger,
    at: &At,
    timeline: &Timeline,
    frame: Option<usize>,
    project: &Project,
) -> anyhow::Result<usize> {
    if let Some(frame) = frame {
        let missing = || Failure::new(Exit::Input, "no_frame", format!("there are {} frames", timeline.frames.len()));
        return Ok(timeline.frames.get(frame).map(|_| frame).ok_or_else(missing)?);
    }
    let is_of = |frame: &counterpart_audit::FrameFacts| {
        let abi = ledger.abi(&frame.contract, &*at.state);
        abi.is_some_and(|abi| abi.name.to_lowercase() == project.package.replace(['-', '_'], "").to_lowercase())
    };
    let found = timeline.frames.iter().position(is_of);
    let missing = || {
        let failure =
            Failure::new(Exit::Input, "no_frame", format!("no frame runs a contract like {}", project.package));
        failure.hint("name one with --frame; `counterpart trace` lists them")
    };
    Ok(found.ok_or_else(missing)?)
}

/// Which parameter a part of the memory belongs to: the one that points at it, or the nearest before.
fn part(function: HostFunction, arguments: &[u64], access: &Access) -> Option<Part> {
    const NUMBERS: [&str; 10] =
        ["length", "capacity", "count", "offset", "flags", "handle", "descending", "rounding", "recovery_id", "allow"];
    let pointers = function.params().iter().enumerate().filter(|(_, (name, kind))| {
        let number = NUMBERS.iter().any(|ending| name.ends_with(ending));
        *kind == Param::U32 && !number && !(function == HostFunction::revert && *name == "code")
    });
    let behind = |(index, _): (usize, &(&str, Param))| {
        let pointer = *arguments.get(index)?;
        let offset = u64::from(access.pointer).checked_sub(pointer)?;
        Some((offset, index))
    };
    let (offset, parameter) = pointers.filter_map(behind).min()?;
    Some(Part { parameter: parameter as u8, offset: offset as u32, bytes: access.bytes.clone() })
}

fn recorded(step: &Step, left: i64) -> Option<RecordedCall> {
    let Step::Host { function, arguments, answer, accesses, .. } = step else { return None };
    let parts = |written: bool| -> Vec<Part> {
        let chosen = accesses.iter().filter(|access| access.written == written && !access.bytes.is_empty());
        chosen.filter_map(|access| part(*function, arguments, access)).collect()
    };
    Some(RecordedCall {
        function: function.name().to_owned(),
        answer: *answer,
        gas: left,
        reads: parts(false),
        writes: parts(true),
    })
}

/// The contract's package, and the program that is made of it.
struct Project {
    package: String,
    folder: PathBuf,
    out: PathBuf,
    sdk: PathBuf,
}

impl Project {
    fn of(folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.canonicalize().or_fail(Exit::Input, "no_folder", folder.display())?;
        let manifest = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).or_fail(Exit::Input, "no_package", manifest.display())?;
        let document: toml::Value = toml::from_str(&text).or_fail(Exit::Input, "bad_manifest", manifest.display())?;
        let package = document.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
        let missing = || Failure::new(Exit::Input, "no_package", format!("{} names no package", manifest.display()));
        let package = package.ok_or_else(missing)?.to_owned();
        let sdk = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let sdk =
            sdk.canonicalize().or_fail(Exit::Input, "no_sdk", "the SDK's sources are not where this was built")?;
        let output = Command::new("cargo")
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(&folder)
            .output()
            .or_fail(Exit::Input, "cargo", "cargo does not start")?;
        let metadata: Value =
            serde_json::from_slice(&output.stdout).or_fail(Exit::Input, "cargo", "cargo knows no package there")?;
        let target = metadata["target_directory"].as_str().map(PathBuf::from).unwrap_or_else(|| folder.join("target"));
        Ok(Self { out: target.join("counterpart-debug"), package, folder, sdk })
    }

    fn crate_name(&self) -> String {
        self.package.replace('-', "_")
    }

    /// The contract's type, by the name in its interface.
    fn type_name(&self, ledger: &Ledger, at: &At, facts: &counterpart_audit::FrameFacts) -> anyhow::Result<String> {
        let abi = ledger.abi(&facts.contract, &*at.state);
        let missing = || Failure::new(Exit::Input, "no_interface", "the frame's contract has no interface");
        Ok(abi.ok_or_else(missing)?.name)
    }

    /// Writes the program and the recording, and builds it.
    fn build(&self, context: &Context, recording: &Recording) -> anyhow::Result<PathBuf> {
        let source = self.out.join("src");
        let write = |path: &Path, text: &[u8]| std::fs::write(path, text).or_fail(Exit::Input, "file", path.display());
        std::fs::create_dir_all(&source).or_fail(Exit::Input, "file", source.display())?;
        let native = self.native_function()?;
        let name = self.crate_name();
        let manifest = format!(
            "[package]\nname = \"counterpart-debug\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n\
             [dependencies]\n{name} = {{ package = \"{}\", path = {:?} }}\ncounterpart-testing = {{ path = {:?} }}\n\n\
             [profile.dev]\ndebug = true\n",
            self.package,
            self.folder,
            self.sdk.join("sdk/testing")
        );
        write(&self.out.join("Cargo.toml"), manifest.as_bytes())?;
        let lock = self.sdk.join("Cargo.lock");
        std::fs::copy(&lock, self.out.join("Cargo.lock")).or_fail(Exit::Input, "no_sdk", lock.display())?;
        let main = format!(
            "//! A frame of {} as native code, on recorded host calls.\n\nfn main() -> std::process::ExitCode {{\n    \
             counterpart_testing::playback::main({name}::{native}())\n}}\n",
            self.package
        );
        write(&source.join("main.rs"), main.as_bytes())?;
        write(&self.out.join("recording"), &recording.to_bytes())?;
        context.output.note("building the contract as native code (the first time takes a minute or two)");
        let target = self.out.join("target");
        let mut command = Command::new("cargo");
        command.args(["build", "--quiet", "--target-dir"]).arg(&target).current_dir(&self.out);
        let status = command.status().or_fail(Exit::Input, "cargo", "cargo does not start")?;
        if !status.success() {
            let failure = Failure::new(Exit::Input, "build", "the contract does not build as native code");
            return Err(failure.hint("the compiler's messages above say where").into());
        }
        Ok(target.join("debug/counterpart-debug"))
    }

    /// The function that the contract's macro makes: `native_` and the type's name.
    fn native_function(&self) -> anyhow::Result<String> {
        let path = self.folder.join("src/lib.rs");
        let text = std::fs::read_to_string(&path).or_fail(Exit::Input, "no_package", path.display())?;
        let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with("#[contract"));
        let found = lines.find_map(|line| line.trim_start().strip_prefix("impl "));
        let name = found.and_then(|rest| rest.split([' ', '{']).next()).filter(|name| !name.is_empty());
        let missing =
            || Failure::new(Exit::Input, "no_contract", format!("{} has no `impl` with #[contract]", path.display()));
        Ok(format!("native_{}", name.ok_or_else(missing)?.to_lowercase()))
    }
}
