// The small token in AssemblyScript: fixed places in memory, so that it needs no runtime.

@external("counterpart", "caller") declare function caller(out: usize): i64;
@external("counterpart", "input") declare function input(out: usize, offset: u32, capacity: u32): i64;
@external("counterpart", "storage_get") declare function storage_get(key: usize, keyLength: u32, out: usize, capacity: u32): i64;
@external("counterpart", "storage_set") declare function storage_set(key: usize, keyLength: u32, value: usize, valueLength: u32): i64;
@external("counterpart", "emit") declare function emit(topics: usize, topicCount: u32, data: usize, dataLength: u32): i64;
@external("counterpart", "set_return") declare function set_return(data: usize, length: u32): i64;
@external("counterpart", "revert") declare function revert(code: u32, data: usize, length: u32): i64;

const SUPPLY: u64 = 1_000_000_000;
const ARGUMENTS: usize = memory.data(48, 8);
const TOPICS: usize = memory.data(96, 8);
const FROM: usize = memory.data(40, 8);
const TO: usize = memory.data(40, 8);
const HAVE: usize = memory.data(16, 8);
const SUM: usize = memory.data(16, 8);
// "transfer(address,address,amount)"
const NAME: usize = memory.data<u8>([
  116, 114, 97, 110, 115, 102, 101, 114, 40, 97, 100, 100, 114, 101, 115, 115,
  44, 97, 100, 100, 114, 101, 115, 115, 44, 97, 109, 111, 117, 110, 116, 41,
]);

function key(out: usize, address: usize): void {
  store<u8>(out, 98);
  memory.copy(out + 1, address, 32);
}

function fail(code: u32, data: usize): void {
  revert(code, data, 16);
  unreachable();
}

export function deploy(): void {
  caller(TOPICS);
  key(FROM, TOPICS);
  store<u64>(SUM, SUPPLY);
  storage_set(FROM, 33, SUM, 16);
}

export function call(): void {
  if (input(ARGUMENTS, 0, 48) != 48) fail(1, HAVE);
  memory.copy(TOPICS, NAME, 32);
  caller(TOPICS + 32);
  memory.copy(TOPICS + 64, ARGUMENTS, 32);
  const low = load<u64>(ARGUMENTS, 32);
  const high = load<u64>(ARGUMENTS, 40);
  key(FROM, TOPICS + 32);
  key(TO, TOPICS + 64);
  storage_get(FROM, 33, HAVE, 16);
  const haveLow = load<u64>(HAVE);
  const haveHigh = load<u64>(HAVE, 8);
  if (haveHigh < high || (haveHigh == high && haveLow < low)) fail(2, HAVE);
  store<u64>(HAVE, haveLow - low);
  store<u64>(HAVE, haveHigh - high - u64(haveLow < low), 8);
  storage_set(FROM, 33, HAVE, 16);
  storage_get(TO, 33, SUM, 16);
  const sumLow = load<u64>(SUM) + low;
  const carried = high + u64(sumLow < low);
  const sumHigh = load<u64>(SUM, 8) + carried;
  if (carried < high || sumHigh < carried) fail(3, ARGUMENTS + 32);
  store<u64>(SUM, sumLow);
  store<u64>(SUM, sumHigh, 8);
  storage_set(TO, 33, SUM, 16);
  emit(TOPICS, 3, ARGUMENTS + 32, 16);
  store<u8>(ARGUMENTS, 1);
  set_return(ARGUMENTS, 1);
}
