//! The engine: modules translated once, frames on wasmi's own stack.

use crate::guest::{self, Frame, Guest};
use counterpart_execution::{End, Engine, EngineFault, Entry, Invocation, Run};
use counterpart_host_functions::{Hash, Host};
use counterpart_module::{ENTRY_CALL, ENTRY_DEPLOY, PreparedModule};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use wasmi::{Config, Linker};

/// The engine's name in faults and reports.
pub(crate) const NAME: &str = "wasmi";
/// Modules kept in memory; when they are more, all are translated again as they are asked for.
const MAX_MODULES: usize = 256;
/// Calls inside one frame: the smallest function takes 4 of the 65 536 slots of the logical stack, so that the logical
/// stack ends first.
const MAX_RECURSION: usize = 65_536;
/// Bytes of values of one frame: 64 for each slot of the logical stack.
const MAX_VALUE_STACK_BYTES: usize = 65_536 * 64;

/// Runs prepared modules on wasmi.
pub struct WasmiEngine {
    engine: wasmi::Engine,
    linker: Linker<Frame>,
    guests: Mutex<BTreeMap<[u8; 32], Arc<Guest>>>,
}

impl WasmiEngine {
    /// Sets wasmi up.
    pub fn new() -> Self {
        let mut config = Config::default();
        config
            .set_max_recursion_depth(MAX_RECURSION)
            .set_max_stack_height(MAX_VALUE_STACK_BYTES)
            .consume_fuel(false)
            .allow_start_fn(false)
            .ignore_custom_sections(true)
            .floats(false)
            .wasm_mutable_global(true)
            .wasm_sign_extension(true)
            .wasm_multi_value(true)
            .wasm_bulk_memory(true)
            .wasm_reference_types(true)
            .wasm_extended_const(true)
            .wasm_saturating_float_to_int(false)
            .wasm_multi_memory(false)
            .wasm_tail_call(false)
            .wasm_custom_page_sizes(false)
            .wasm_wide_arithmetic(false);
        let engine = wasmi::Engine::new(&config);
        let linker = guest::linker(&engine);
        Self { engine, linker, guests: Mutex::new(BTreeMap::new()) }
    }

    fn guest(&self, module: &PreparedModule) -> Result<Arc<Guest>, EngineFault> {
        let Hash(key) = module.hash;
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guest) = guests.get(&key) {
            return Ok(Arc::clone(guest));
        }
        let guest = Guest::new(&self.engine, &module.wasm)
            .map_err(|error| EngineFault { engine: NAME, message: error.to_string() })?;
        if guests.len() >= MAX_MODULES {
            guests.clear();
        }
        let guest = Arc::new(guest);
        guests.insert(key, Arc::clone(&guest));
        Ok(guest)
    }
}

impl Default for WasmiEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for WasmiEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn prepare(&self, module: &Arc<PreparedModule>) -> Result<(), EngineFault> {
        self.guest(module).map(drop)
    }

    fn run(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let entry = match invocation.entry {
            Entry::Call => ENTRY_CALL,
            Entry::Deploy => ENTRY_DEPLOY,
            Entry::Named(name) => name,
        };
        if !invocation.module.entries.iter().any(|name| name == entry) {
            let run = Run { end: End::NoEntry, gas: invocation.gas, stack: invocation.stack, memory_hash: None };
            return Ok((run, host));
        }
        self.guest(invocation.module)?.run(&self.linker, entry, &invocation, host)
    }
}
