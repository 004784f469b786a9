//! What people and machines see: results on stdout, everything else on stderr, exit codes that mean something.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// The answer is no: a test failed, a call reverted, a replay differs.
    No = 1,
    /// The command line or a file is not right.
    Input = 2,
    /// The node cannot be reached or refuses.
    Network = 3,
    /// Something that should not happen.
    Bug = 4,
}

/// Why a command did not do what was asked, for people and for machines.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub exit: Exit,
    /// A stable word for machines.
    pub code: String,
    /// What went wrong.
    pub error: String,
    /// What one can do.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, code: &str, error: impl fmt::Display) -> Self {
        Self { exit, code: code.to_owned(), error: error.to_string(), hint: None }
    }

    /// Adds what one can do.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for Failure {}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// One JSON document instead of text.
    pub json: bool,
}

impl Output {
    /// Prints the result: the document for machines or the text for people.
    pub fn result(&self, document: &Value, text: &str) {
        let mut stdout = std::io::stdout().lock();
        // A closed pipe is the reader's choice, not an error.
        let _ = if self.json { writeln!(stdout, "{document}") } else { writeln!(stdout, "{}", text.trim_end()) };
    }

    /// A line for people on stderr; nothing for machines.
    pub fn note(&self, text: impl fmt::Display) {
        if !self.json {
            eprintln!("{text}");
        }
    }

    /// A progress bar on a terminal, a silent one elsewhere.
    pub fn bar(&self, length: u64, what: &'static str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg:20} [{bar:40}] {pos}/{len} {per_sec} {eta}")
            .expect("the template is well formed")
            .progress_chars("=> ");
        ProgressBar::new(length).with_style(style).with_message(what)
    }

    /// A count that goes up, on a terminal, where nobody knows how far.
    pub fn spinner(&self, what: &'static str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg:20} {pos} {per_sec}").expect("the template is well formed");
        ProgressBar::no_length().with_style(style).with_message(what)
    }

    /// Prints `error:`, `cause:` and `hint:` lines (or one JSON document) on stderr and gives the exit code.
    pub fn fail(&self, error: &anyhow::Error) -> ExitCode {
        let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
        let exit = failure.map_or(Exit::Bug, |failure| failure.exit);
        let code = failure.map_or("internal", |failure| failure.code.as_str());
        let hint = failure.and_then(|failure| failure.hint.as_deref());
        let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
        if self.json {
            let document =
                json!({ "error": { "code": code, "message": error.to_string(), "causes": causes, "hint": hint } });
            eprintln!("{document}");
        } else {
            eprintln!("error: {error}");
            causes.iter().for_each(|cause| eprintln!("cause: {cause}"));
            if let Some(hint) = hint {
                eprintln!("hint: {hint}");
            }
        }
        ExitCode::from(exit as u8)
    }
}

/// Turns an error of a library into a failure with the exit code and word for it.
pub trait OrFail<T> {
    /// Wraps the error.
    fn or_fail(self, exit: Exit, code: &str, what: impl fmt::Display) -> anyhow::Result<T>;
}

impl<T, E: fmt::Display> OrFail<T> for Result<T, E> {
    fn or_fail(self, exit: Exit, code: &str, what: impl fmt::Display) -> anyhow::Result<T> {
        self.map_err(|cause| Failure::new(exit, code, format!("{what}: {cause}")).into())
    }
}
