//! How wasmtime is set up.

use crate::engine::Compiler;
use crate::stack::WASM_STACK_BYTES;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, ModuleVersionStrategy, OptLevel, PoolingAllocationConfig, Strategy,
    WasmFeatures,
};

/// The exact version of wasmtime that compiled code belongs to; a test holds it to the lock file.
pub const WASMTIME_VERSION: &str = "48.0.8";
/// Virtual memory of one instance: with 4 GiB and a guard no access needs a bounds check.
const RESERVATION_BYTES: u64 = 4 << 30;
/// The most memory that any profile allows.
const MAX_MEMORY_BYTES: usize = 16 << 20;
/// Dirty bytes of a memory that are zeroed in place instead of being given back to the kernel.
const KEEP_RESIDENT_BYTES: usize = 128 << 10;
/// The most elements of a table that any profile allows.
const MAX_TABLE_ELEMENTS: usize = 4096;

/// What modules may use; everything else is off, so that an upgrade of wasmtime cannot widen the set.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::EXTENDED_CONST);

pub(crate) fn config(compiler: Compiler, instances: u32) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config.strategy(match compiler {
        Compiler::Cranelift => Strategy::Cranelift,
        Compiler::Winch => Strategy::Winch,
    });
    config.wasm_features(WasmFeatures::all().difference(FEATURES), false);
    config.wasm_features(FEATURES, true);
    if compiler == Compiler::Cranelift {
        config.cranelift_opt_level(OptLevel::Speed);
        config.cranelift_nan_canonicalization(true);
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
    config.memory_init_cow(true);
    config.memory_may_move(false);
    config.memory_reservation(RESERVATION_BYTES);
    config.signals_based_traps(true);
    config.consume_fuel(false);
    config.epoch_interruption(false);
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    // Nothing runs on stacks of wasmtime's own, but it wants them to be no smaller.
    config.async_stack_size(WASM_STACK_BYTES);
    config.max_wasm_stack(WASM_STACK_BYTES);
    config.module_version(ModuleVersionStrategy::Custom(format!("counterpart-{WASMTIME_VERSION}")))?;
    Ok(config)
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .max_memory_size(MAX_MEMORY_BYTES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(MAX_TABLE_ELEMENTS * 8)
        // Asking the kernel which pages are dirty costs more than zeroing those few of a contract.
        .pagemap_scan(Enabled::No);
    pool
}
