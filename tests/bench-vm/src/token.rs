//! The transfer, on engines and in native Rust.

use crate::Size;
use crate::clock::median_ns;
use crate::host::MemoryHost;
use counterpart_execution::{End, Engine, Entry, Invocation};
use counterpart_host_functions::Host;
use counterpart_module::PreparedModule;
use counterpart_referee::WasmiEngine;
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::any::Any;
use std::hint::black_box;
use std::sync::Arc;

const GAS: i64 = 10_000_000;
const STACK: i64 = 65_536;
/// Accounts that send to each other in turn.
const ACCOUNTS: u32 = 64;
const SELECTOR: [u8; 4] = [4, 3, 2, 1];

/// The engines that are measured.
pub fn engines() -> Result<Vec<Arc<dyn Engine>>, String> {
    let compiled = |compiler| {
        let engine =
            WasmtimeEngine::new(Options { compiler, ..Options::default() }).map_err(|fault| fault.to_string())?;
        Ok::<_, String>(Arc::new(engine) as Arc<dyn Engine>)
    };
    Ok(vec![compiled(Compiler::Cranelift)?, compiled(Compiler::Winch)?, Arc::new(WasmiEngine::new())])
}

/// A metered module from the text format.
pub fn metered(text: &str) -> Result<Arc<PreparedModule>, String> {
    let wasm = wat::parse_str(text).map_err(|error| error.to_string())?;
    counterpart_differential::prepare(&wasm)
}

fn account(index: u32) -> [u8; 32] {
    let mut address = [7; 32];
    address[..4].copy_from_slice(&(index % ACCOUNTS).wrapping_mul(0x9e37_79b9).to_be_bytes());
    address
}

fn host() -> MemoryHost {
    let mut host = MemoryHost::default();
    (0..ACCOUNTS).for_each(|index| host.set(&account(index), &(1u128 << 80).to_le_bytes()));
    host.commit();
    host
}

fn address(host: &mut MemoryHost, index: u32) {
    host.caller = account(index);
    host.input.clear();
    host.input.extend_from_slice(&SELECTOR);
    host.input.extend_from_slice(&account(index + 1));
    host.input.extend_from_slice(&u128::from(index).to_le_bytes());
}

/// CPU time and gas of a transfer on an engine.
pub fn transfer(engine: &dyn Engine, size: Size) -> Result<(f64, i64), String> {
    let module = metered(include_str!("token.wat"))?;
    engine.prepare(&module).map_err(|fault| fault.to_string())?;
    let (mut ns, mut gas, mut wrong) = (0.0, 0, None);
    let mut work = || {
        let mut held: Option<Box<dyn Host>> = Some(Box::new(host()));
        ns = median_ns(size, |index| {
            let Some(host) = held.take() else { return };
            let host: Box<dyn Any> = host;
            let mut host = host.downcast::<MemoryHost>().expect("the engine gives back the host that it was given");
            host.commit();
            address(&mut host, index);
            let invocation =
                Invocation { module: &module, entry: Entry::Call, gas: GAS, stack: STACK, hash_memory: false };
            match engine.run(invocation, host) {
                Ok((run, host)) if run.end == End::Returned => {
                    gas = GAS - run.gas;
                    held = Some(host);
                }
                other => wrong = Some(other.map(|(run, _)| run)),
            }
        });
        if let Some(host) = held.take() {
            let host: Box<dyn Any> = host;
            let host = host.downcast::<MemoryHost>().expect("the host of this benchmark");
            let total = host.state.values().map(|value| value.as_slice().try_into().map_or(0, u128::from_le_bytes));
            assert_eq!(total.sum::<u128>(), u128::from(ACCOUNTS) << 80, "no token is lost or made");
        }
    };
    engine.scope(&mut work).map_err(|fault| fault.to_string())?;
    match wrong {
        Some(run) => Err(format!("{}: a transfer ended with {run:?}", engine.name())),
        None => Ok((ns, gas)),
    }
}

/// CPU time of the same logic in native Rust, on the same state.
pub fn native(size: Size) -> f64 {
    let mut host = host();
    median_ns(size, |index| {
        host.commit();
        address(&mut host, index);
        let moved = native_transfer(&mut host);
        assert!(black_box(moved).is_some(), "balances are large enough");
    })
}

fn native_transfer(host: &mut MemoryHost) -> Option<()> {
    let input = std::mem::take(&mut host.input);
    let (selector, arguments) = input.split_at_checked(4)?;
    let (to, amount) = arguments.split_at_checked(32)?;
    if selector != SELECTOR {
        return None;
    }
    let amount = u128::from_le_bytes(amount.try_into().ok()?);
    let balance = |host: &MemoryHost, holder: &[u8]| {
        host.state.get(holder).and_then(|value| value.as_slice().try_into().ok()).map_or(0, u128::from_le_bytes)
    };
    let caller = host.caller;
    let from = balance(host, &caller).checked_sub(amount)?;
    host.set(&caller, &from.to_le_bytes());
    let into = balance(host, to).checked_add(amount)?;
    host.set(to, &into.to_le_bytes());
    let mut topics = b"transfer(address,address,amount)".to_vec();
    topics.extend_from_slice(&caller);
    topics.extend_from_slice(to);
    host.events.push((topics, amount.to_le_bytes().to_vec()));
    host.output.push(1);
    host.input = input;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_above_the_balance_reverts_and_is_undone() {
        let module = metered(include_str!("token.wat")).expect("the token is accepted");
        for engine in engines().expect("the machine runs wasmtime") {
            let mut host = host();
            address(&mut host, 1);
            host.input[36..].copy_from_slice(&u128::MAX.to_le_bytes());
            let before = host.state.clone();
            let invocation =
                Invocation { module: &module, entry: Entry::Call, gas: GAS, stack: STACK, hash_memory: false };
            let (run, host) = engine.run(invocation, Box::new(host)).expect("no fault");
            assert_eq!(run.end, End::Host(counterpart_host_functions::Stop::Reverted));
            let host: Box<dyn Any> = host;
            let mut host = host.downcast::<MemoryHost>().expect("the same host");
            host.roll_back();
            assert!(host.state == before);
        }
    }
}
