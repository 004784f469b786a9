//! Network namespaces: each replica has a network of its own, and a bridge between them that can be cut.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// One namespace for each replica, and one with the bridge. They go with this value.
pub struct Spaces {
    hub: String,
    spaces: Vec<String>,
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output().map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim())),
    }
}

impl Spaces {
    /// # Errors
    /// When this machine or this user makes none.
    pub fn new(count: u16) -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("counterpart-{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
        let mut made = Self { hub: format!("{name}-hub"), spaces: Vec::new() };
        ip(&["netns", "add", &made.hub])?;
        ip(&["-n", &made.hub, "link", "add", "bridge", "type", "bridge"])?;
        ip(&["-n", &made.hub, "link", "set", "bridge", "up"])?;
        for index in 0..count {
            let (space, port) = (format!("{name}-{index}"), format!("port{index}"));
            ip(&["netns", "add", &space])?;
            made.spaces.push(space.clone());
            ip(&["link", "add", &port, "netns", &made.hub, "type", "veth", "peer", "name", "net", "netns", &space])?;
            ip(&["-n", &made.hub, "link", "set", &port, "master", "bridge", "up"])?;
            ip(&["-n", &space, "address", "add", &format!("{}/24", Self::address(index)), "dev", "net"])?;
            ip(&["-n", &space, "link", "set", "net", "up"])?;
            ip(&["-n", &space, "link", "set", "lo", "up"])?;
        }
        Ok(made)
    }

    /// A replica's address.
    pub fn address(index: u16) -> String {
        format!("10.77.0.{}", index + 1)
    }

    /// A program in a replica's namespace.
    pub fn command(&self, index: u16, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.spaces[usize::from(index)], program]);
        command
    }

    /// Cuts a replica off, or joins it again.
    pub fn link(&self, index: u16, up: bool) {
        let state = if up { "up" } else { "down" };
        ip(&["-n", &self.hub, "link", "set", &format!("port{index}"), state]).expect("a port of the bridge");
    }
}

impl Drop for Spaces {
    fn drop(&mut self) {
        for space in self.spaces.iter().chain([&self.hub]) {
            let _ = ip(&["netns", "delete", space]);
        }
    }
}
