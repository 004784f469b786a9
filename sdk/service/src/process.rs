//! A service as a process of its own, for whoever supervises it.

use serde_json::Value;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A service that runs; it is killed when this is dropped.
pub struct Process {
    program: PathBuf,
    arguments: Vec<OsString>,
    child: Option<Child>,
    url: String,
}

impl Process {
    /// A program that lies beside the present one.
    ///
    /// # Errors
    /// When the present one cannot be found.
    pub fn beside(name: &str) -> std::io::Result<PathBuf> {
        Ok(std::env::current_exe()?.with_file_name(name))
    }

    /// Starts a program on a free port and waits until it listens: it takes `--json` and `--listen ADDRESS`, and its first line is a
    /// document with its `url`.
    ///
    /// # Errors
    /// When it does not start; what it says about that is on stderr.
    pub fn start(program: &Path, arguments: impl IntoIterator<Item = OsString>) -> std::io::Result<Self> {
        let (program, arguments) = (program.to_owned(), arguments.into_iter().collect());
        let mut process = Self { program, arguments, child: None, url: "http://127.0.0.1:0".into() };
        process.restart()?;
        Ok(process)
    }

    /// Where it listens; the same after every start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it without a word, as `kill -9` does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> std::io::Result<()> {
        match self.child.take() {
            Some(mut child) => child.kill().and_then(|()| child.wait()).map(drop),
            None => Ok(()),
        }
    }

    /// Ends it, and starts it again where it was.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn restart(&mut self) -> std::io::Result<()> {
        self.kill()?;
        let mut child = Command::new(&self.program)
            .args(["--json", "--listen", self.url.trim_start_matches("http://")])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        self.child = Some(child);
        read.transpose()?;
        let told: Option<Value> = serde_json::from_str(&line).ok();
        let url = told.as_ref().and_then(|told| told["url"].as_str());
        let silent = || Error::new(ErrorKind::NotConnected, "the service ends before it listens");
        self.url = url.ok_or_else(silent)?.to_owned();
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
