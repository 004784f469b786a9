//! A host that is watched: it fails where a plan says so, and notes what covering code tells.

use crate::faults::{Fault, SharedPlan};
use counterpart_host_functions::{Hash, Host, HostFunction, Stop};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Which stretches of which code were reached, by the code's hash.
pub(crate) type Reached = Arc<Mutex<BTreeMap<Hash, BTreeSet<u64>>>>;

/// What is watched.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// Which host calls fail, while something is tried.
    pub plan: Option<SharedPlan>,
    /// Where what was reached is noted, while coverage is asked for.
    pub reached: Option<Reached>,
}

pub(crate) struct WatchedHost {
    inner: Box<dyn Host>,
    watch: Watch,
    code: Hash,
}

impl WatchedHost {
    pub fn wrap(inner: Box<dyn Host>, watch: Watch, code: Hash) -> Box<dyn Host> {
        Box::new(Self { inner, watch, code })
    }

    /// The host inside; any other is given back as it is.
    pub fn unwrap(host: Box<dyn Host>) -> Box<dyn Host> {
        if (&*host as &dyn Any).is::<Self>() {
            let host: Box<dyn Any> = host;
            return host.downcast::<Self>().expect("its type was asked for").inner;
        }
        host
    }
}

impl Host for WatchedHost {
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        if let (Some(reached), HostFunction::debug_log, [stretch, 0]) = (&self.watch.reached, function, arguments) {
            let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
            reached.entry(self.code).or_default().insert(*stretch);
            return Ok(0);
        }
        let fault = self.watch.plan.as_ref().and_then(|plan| {
            let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
            plan.seen.push(function);
            plan.fail.filter(|(index, _)| index + 1 == plan.seen.len()).map(|(_, fault)| fault)
        });
        match fault {
            None => self.inner.call(function, arguments, memory, gas),
            Some(Fault::Error(error)) => Ok(error.number()),
            Some(Fault::OutOfGas) => {
                *gas = 0;
                Err(Stop::OutOfGas)
            }
        }
    }
}

/// The folder that COUNTERPART_COVERAGE names, if it does.
pub(crate) fn coverage_folder() -> Option<PathBuf> {
    std::env::var_os("COUNTERPART_COVERAGE").map(PathBuf::from)
}

/// Writes what was reached: a line for each code, its hash and the numbers of stretches.
///
/// # Panics
/// When the file cannot be written: coverage with a hole would be wrong.
pub(crate) fn write_reached(reached: &Reached) {
    static FILES: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let Some(folder) = coverage_folder() else { return };
    let reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
    let line = |(code, stretches): (&Hash, &BTreeSet<u64>)| {
        let numbers: Vec<String> = stretches.iter().map(u64::to_string).collect();
        format!("{code} {}\n", numbers.join(" "))
    };
    let text: String = reached.iter().map(line).collect();
    let number = FILES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = folder.join(format!("{}-{number}.reached", std::process::id()));
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
