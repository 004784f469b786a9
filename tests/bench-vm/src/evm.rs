//! The same transfer on revm: an ERC-20's `transfer`, assembled here.

use crate::Size;
use crate::clock::median_ns;
use revm::bytecode::{Bytecode, opcode as op};
use revm::context::TxEnv;
use revm::context::result::ExecutionResult;
use revm::database::InMemoryDB;
use revm::primitives::{Address, Bytes, TxKind, U256, keccak256};
use revm::state::AccountInfo;
use revm::{Context, ExecuteEvm, MainBuilder, MainContext};

/// Accounts that send to each other in turn.
const ACCOUNTS: u32 = 64;
/// The first four bytes of the Keccak-256 hash of `transfer(address,uint256)`.
const SELECTOR: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

fn account(index: u32) -> Address {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&(index % ACCOUNTS).wrapping_mul(0x9e37_79b9).to_be_bytes());
    Address::from(bytes)
}

/// The slot of a balance: Solidity's layout for a mapping at slot 0.
fn slot(holder: Address) -> U256 {
    let mut bytes = [0; 64];
    bytes[12..32].copy_from_slice(holder.as_slice());
    U256::from_be_bytes(keccak256(bytes).0)
}

/// Appends a jump to `fail` (known only at the end) if the top of the stack is not zero.
fn fail_if(code: &mut Vec<u8>, jumps: &mut Vec<usize>) {
    code.push(op::PUSH2);
    jumps.push(code.len());
    code.extend([0, 0, op::JUMPI]);
}

/// `transfer(address to, uint256 amount)`: checks, two balances, the event, `true`.
fn bytecode() -> Vec<u8> {
    let (mut code, mut jumps) = (Vec::new(), Vec::new());
    // No value, 68 bytes of input, the selector, an address of 20 bytes.
    code.push(op::CALLVALUE);
    fail_if(&mut code, &mut jumps);
    code.extend([op::PUSH1, 68, op::CALLDATASIZE, op::LT]);
    fail_if(&mut code, &mut jumps);
    code.extend([op::PUSH1, 0, op::CALLDATALOAD, op::PUSH1, 0xe0, op::SHR, op::PUSH4]);
    code.extend(SELECTOR);
    code.push(op::XOR);
    fail_if(&mut code, &mut jumps);
    code.extend([op::PUSH1, 4, op::CALLDATALOAD, op::DUP1, op::PUSH1, 160, op::SHR]);
    fail_if(&mut code, &mut jumps);
    // to, amount
    code.extend([op::PUSH1, 36, op::CALLDATALOAD]);
    // to, amount, slot, balance of the caller
    code.extend([op::CALLER, op::PUSH1, 0, op::MSTORE, op::PUSH1, 0, op::PUSH1, 32, op::MSTORE]);
    code.extend([op::PUSH1, 64, op::PUSH1, 0, op::KECCAK256, op::DUP1, op::SLOAD]);
    code.extend([op::DUP3, op::DUP2, op::LT]);
    fail_if(&mut code, &mut jumps);
    code.extend([op::DUP3, op::SWAP1, op::SUB, op::SWAP1, op::SSTORE]);
    // to, amount, slot, new balance of the receiver
    code.extend([op::DUP2, op::PUSH1, 0, op::MSTORE, op::PUSH1, 64, op::PUSH1, 0, op::KECCAK256]);
    code.extend([op::DUP1, op::SLOAD, op::DUP3, op::ADD, op::DUP3, op::DUP2, op::LT]);
    fail_if(&mut code, &mut jumps);
    code.extend([op::SWAP1, op::SSTORE]);
    // The event's data is the amount; its topics its name, the caller and the receiver.
    code.extend([op::PUSH1, 0, op::MSTORE, op::CALLER, op::PUSH32]);
    code.extend(keccak256("Transfer(address,address,uint256)").0);
    code.extend([op::PUSH1, 32, op::PUSH1, 0, op::LOG3]);
    code.extend([op::PUSH1, 1, op::PUSH1, 0, op::MSTORE, op::PUSH1, 32, op::PUSH1, 0, op::RETURN]);
    let fail = (code.len() as u16).to_be_bytes();
    code.extend([op::JUMPDEST, op::PUSH1, 0, op::PUSH1, 0, op::REVERT]);
    for at in jumps {
        code[at..at + 2].copy_from_slice(&fail);
    }
    code
}

/// CPU time of one transfer in ns; the block's changes stay in revm's journal, which is its fastest way.
pub fn transfer(size: Size) -> Result<f64, String> {
    let token = Address::from([9; 20]);
    let code = Bytecode::new_raw(Bytes::from(bytecode()));
    let mut database = InMemoryDB::default();
    let info = AccountInfo { code_hash: code.hash_slow(), code: Some(code), nonce: 1, ..AccountInfo::default() };
    database.insert_account_info(token, info);
    let mut nonces = vec![0u64; ACCOUNTS as usize];
    for index in 0..ACCOUNTS {
        database.insert_account_info(account(index), AccountInfo::default());
        database
            .insert_account_storage(token, slot(account(index)), U256::from(1u128 << 80))
            .map_err(|error| format!("{error:?}"))?;
    }
    let mut evm = Context::mainnet().with_db(database).build_mainnet();
    let mut wrong = None;
    let ns = median_ns(size, |index| {
        let mut input = Vec::with_capacity(68);
        input.extend(SELECTOR);
        input.extend([0; 12]);
        input.extend(account(index + 1).as_slice());
        input.extend(U256::from(index).to_be_bytes::<32>());
        let nonce = &mut nonces[(index % ACCOUNTS) as usize];
        let tx = TxEnv {
            caller: account(index),
            kind: TxKind::Call(token),
            data: Bytes::from(input),
            gas_limit: 200_000,
            nonce: *nonce,
            chain_id: Some(1),
            ..TxEnv::default()
        };
        *nonce += 1;
        match evm.transact_one(tx) {
            Ok(ExecutionResult::Success { ref output, ref logs, .. })
                if output.data().last() == Some(&1) && logs.len() == 1 => {}
            other => wrong = Some(format!("{other:?}")),
        }
    });
    let state = evm.finalize();
    let total = state[&token].storage.values().fold(U256::ZERO, |sum, slot| sum + slot.present_value);
    if total != U256::from(u128::from(ACCOUNTS) << 80) {
        return Err(format!("revm: the balances sum to {total}"));
    }
    wrong.map_or(Ok(ns), |result| Err(format!("revm: a transfer ended with {result}")))
}
