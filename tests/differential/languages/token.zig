//! The small token in Zig.

extern "counterpart" fn caller(out: [*]u8) i64;
extern "counterpart" fn input(out: [*]u8, offset: u32, capacity: u32) i64;
extern "counterpart" fn storage_get(key: [*]const u8, key_length: u32, out: [*]u8, capacity: u32) i64;
extern "counterpart" fn storage_set(key: [*]const u8, key_length: u32, value: [*]const u8, value_length: u32) i64;
extern "counterpart" fn emit(topics: [*]const u8, topic_count: u32, data: [*]const u8, data_length: u32) i64;
extern "counterpart" fn set_return(data: [*]const u8, length: u32) i64;
extern "counterpart" fn revert(code: u32, data: [*]const u8, length: u32) i64;

const supply: u128 = 1_000_000_000;
const name = "transfer(address,address,amount)";

fn key(address: *const [32]u8) [33]u8 {
    return [1]u8{'b'} ++ address.*;
}

fn balance(entry: *const [33]u8) u128 {
    var bytes: [16]u8 = @splat(0);
    _ = storage_get(entry, 33, &bytes, 16);
    return @bitCast(bytes);
}

fn set(entry: *const [33]u8, units: u128) void {
    const bytes: [16]u8 = @bitCast(units);
    _ = storage_set(entry, 33, &bytes, 16);
}

fn fail(code: u32, units: u128) noreturn {
    const bytes: [16]u8 = @bitCast(units);
    _ = revert(code, &bytes, 16);
    @trap();
}

export fn deploy() void {
    var address: [32]u8 = undefined;
    _ = caller(&address);
    set(&key(&address), supply);
}

export fn call() void {
    var arguments: [48]u8 = undefined;
    if (input(&arguments, 0, 48) != 48) fail(1, 0);
    var topics: [96]u8 = undefined;
    topics[0..32].* = name.*;
    _ = caller(topics[32..64]);
    topics[64..96].* = arguments[0..32].*;
    const units: u128 = @bitCast(arguments[32..48].*);
    const from = key(topics[32..64]);
    const to = key(topics[64..96]);
    const have = balance(&from);
    if (have < units) fail(2, have);
    set(&from, have - units);
    const sum = @addWithOverflow(balance(&to), units);
    if (sum[1] != 0) fail(3, units);
    set(&to, sum[0]);
    _ = emit(&topics, 3, arguments[32..48], 16);
    arguments[0] = 1;
    _ = set_return(&arguments, 1);
}
