//! The small token in Rust without the SDK: what the other languages' tokens have to do.
#![no_std]
#![allow(unsafe_code, reason = "host calls and entry points")]

#[link(wasm_import_module = "counterpart")]
unsafe extern "C" {
    fn caller(out: *mut u8) -> i64;
    fn input(out: *mut u8, offset: u32, capacity: u32) -> i64;
    fn storage_get(key: *const u8, key_length: u32, out: *mut u8, capacity: u32) -> i64;
    fn storage_set(key: *const u8, key_length: u32, value: *const u8, value_length: u32) -> i64;
    fn emit(topics: *const u8, topic_count: u32, data: *const u8, data_length: u32) -> i64;
    fn set_return(data: *const u8, length: u32) -> i64;
    fn revert(code: u32, data: *const u8, length: u32) -> i64;
}

const SUPPLY: u128 = 1_000_000_000;
const NAME: &[u8; 32] = b"transfer(address,address,amount)";

fn key(address: &[u8]) -> [u8; 33] {
    let mut key = [b'b'; 33];
    key[1..].copy_from_slice(address);
    key
}

fn balance(key: &[u8; 33]) -> u128 {
    let mut bytes = [0; 16];
    unsafe { storage_get(key.as_ptr(), 33, bytes.as_mut_ptr(), 16) };
    u128::from_le_bytes(bytes)
}

fn set(key: &[u8; 33], units: u128) {
    unsafe { storage_set(key.as_ptr(), 33, units.to_le_bytes().as_ptr(), 16) };
}

fn fail(code: u32, units: u128) -> ! {
    unsafe { revert(code, units.to_le_bytes().as_ptr(), 16) };
    core::arch::wasm32::unreachable()
}

#[unsafe(no_mangle)]
extern "C" fn deploy() {
    let mut address = [0; 32];
    unsafe { caller(address.as_mut_ptr()) };
    set(&key(&address), SUPPLY);
}

#[unsafe(no_mangle)]
extern "C" fn call() {
    let (mut arguments, mut topics) = ([0; 48], [0; 96]);
    if unsafe { input(arguments.as_mut_ptr(), 0, 48) } != 48 {
        fail(1, 0);
    }
    topics[..32].copy_from_slice(NAME);
    unsafe { caller(topics[32..].as_mut_ptr()) };
    topics[64..].copy_from_slice(&arguments[..32]);
    let mut amount = [0; 16];
    amount.copy_from_slice(&arguments[32..]);
    let units = u128::from_le_bytes(amount);
    let (from, to) = (key(&topics[32..64]), key(&topics[64..]));
    let have = balance(&from);
    if have < units {
        fail(2, have);
    }
    set(&from, have - units);
    let Some(sum) = balance(&to).checked_add(units) else { fail(3, units) };
    set(&to, sum);
    unsafe {
        emit(topics.as_ptr(), 3, amount.as_ptr(), 16);
        set_return([1].as_ptr(), 1);
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
