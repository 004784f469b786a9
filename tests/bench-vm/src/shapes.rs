//! Host calls with the input shapes that are meant to be the worst, as modules that make them again and again.

use counterpart_host_functions::{HostFunction, Param};

/// One input shape of a function.
pub struct Shape {
    /// The function that it is meant for.
    pub function: HostFunction,
    /// What the input is, for people.
    pub input: &'static str,
    /// The expression that is evaluated in each round; its value is dropped.
    call: String,
    /// Rounds of one measured frame; budgets bound them.
    pub rounds: u64,
}

/// Where a shape that deploys finds the hash of the smallest code.
const SMALL_HASH: usize = 2_304;
/// Where its salt stands, which is another one in each round.
const SALT: usize = 2_336;
/// Where the smallest code stands.
const SMALL_CODE: usize = 2_400;
/// Where a real contract's code stands.
const LARGE_CODE: usize = 140_000;

/// The smallest contract.
pub fn small_code() -> Result<Vec<u8>, String> {
    let text = r#"(module (memory (export "memory") 1) (func (export "call")) (func (export "deploy")))"#;
    wat::parse_str(text).map_err(|error| error.to_string())
}

/// A call of a function with constant arguments.
fn with(function: HostFunction, arguments: &[u64]) -> String {
    let kind = |kind: &Param| if *kind == Param::U32 { "i32" } else { "i64" };
    let constant = |((_, param), argument): (&(&str, Param), &u64)| format!("({}.const {argument})", kind(param));
    let arguments: String = function.params().iter().zip(arguments).map(constant).collect();
    format!("(call ${} {arguments})", function.name())
}

/// Every shape; each function of the table has at least one.
pub fn all(small_bytes: u64, large_bytes: u64) -> Vec<Shape> {
    let mut shapes = plain();
    shapes.extend(storage());
    shapes.extend(nested(small_bytes, large_bytes));
    shapes.extend(cryptography());
    shapes
}

fn shape(function: HostFunction, input: &'static str, arguments: &[u64]) -> Shape {
    Shape { function, input, call: with(function, arguments), rounds: 200 }
}

fn plain() -> Vec<Shape> {
    use HostFunction::*;
    let small = [
        self_address,
        caller,
        origin,
        chain_id,
        block_height,
        block_time_ms,
        parent_hash,
        gas_left,
        call_depth,
        is_read_only,
        value,
        u256_add,
        u256_sub,
        allow_reentrancy,
    ];
    let mut shapes: Vec<Shape> = small
        .iter()
        .map(|function| Shape { rounds: 5_000, ..shape(*function, "any", &vec![0; function.params().len()]) })
        .collect();
    shapes.extend([
        shape(input, "64 KiB", &[70_000, 0, 65_536]),
        shape(set_return, "64 KiB", &[0, 65_536]),
        shape(balance, "an account that never was", &[0, 2048]),
        shape(code_hash, "a contract", &[1_152, 2048]),
        shape(require_auth, "the caller", &[1_184]),
        // Whoever was found to consent is not asked again.
        Shape { rounds: 1, ..shape(require_auth, "somebody else; 70 008 bytes of input", &[2_048]) },
        shape(authorize_call, "1 KiB", &[0, 0, 1_024]),
        Shape { rounds: 100, ..shape(emit, "4 topics and 1 KiB", &[0, 4, 0, 1_024]) },
        shape(debug_log, "16 KiB", &[0, 16_384]),
        shape(mul_div, "largest operands", &[512, 512, 528, 1, 560]),
        shape(u256_mul_div, "512 bits by 192 bits", &[512, 512, 592, 1, 640]),
        shape(u256_mul, "half of the bits", &[528, 528, 640]),
    ]);
    shapes
}

fn storage() -> Vec<Shape> {
    use HostFunction::*;
    let open = "(i32.wrap_i64 (local.tee $handle (call $storage_range (i32.const 1024) (i32.const 256) (i32.const 0) (i32.const 0) (i32.const 0))))";
    let pair = format!("(call $storage_close {open})");
    let next = format!(
        "(i64.add (call $storage_next {open} (i32.const 100016) (i32.const 256) (i32.const 70000) (i32.const 65536) (i32.const 100000)) \
         (call $storage_close (i32.wrap_i64 (local.get $handle))))"
    );
    vec![
        shape(storage_get, "64 KiB at a key of 256 bytes", &[1024, 256, 70_000, 65_536]),
        shape(storage_set, "16 bytes at a key of 256 bytes", &[1024, 256, 0, 16]),
        shape(storage_has, "64 KiB at a key of 256 bytes", &[1024, 256]),
        shape(storage_length, "64 KiB at a key of 256 bytes", &[1024, 256]),
        shape(storage_remove, "an absent key of 256 bytes", &[2048, 256]),
        shape(storage_add, "an entry at a key of 256 bytes", &[2048, 256, 0, 0, 0]),
        shape(transient_get, "an absent key of 256 bytes", &[1024, 256, 0, 16]),
        shape(transient_set, "16 bytes at a key of 256 bytes", &[1024, 256, 0, 16]),
        Shape { function: storage_range, input: "a key of 256 bytes; and its close", call: pair.clone(), rounds: 200 },
        Shape { function: storage_close, input: "and its range", call: pair, rounds: 200 },
        Shape { function: storage_next, input: "64 KiB; and its range and close", call: next, rounds: 100 },
    ]
}

/// Shapes that run other frames. This contract calls itself; a frame with a short input does what its length says.
fn nested(small_bytes: u64, large_bytes: u64) -> Vec<Shape> {
    use HostFunction::*;
    // TRY, so that a failure is an answer.
    let itself = |length: u64| with(call, &[1_152, 0, length, 1_216, 0, 2]);
    let deploy_small = format!(
        "(block (result i64) (i64.store (i32.const {SALT}) (i64.add (i64.load (i32.const {SALT})) (i64.const 1))) {})",
        with(deploy, &[SMALL_HASH as u64, SALT as u64, 0, 0, 1_216, 0, 0, 2_600])
    );
    let nest = |of, what, expression| Shape { function: of, input: what, call: expression, rounds: 100 };
    vec![
        nest(call, "an empty frame", itself(0)),
        nest(
            call_result,
            "64 KiB; and the frame that returned it",
            format!("(i64.add {} {})", itself(1), with(call_result, &[70_000, 0, 65_536])),
        ),
        nest(finish, "64 KiB; and the frame that it ends", itself(2)),
        nest(revert, "64 KiB; and the frame that it ends", itself(3)),
        nest(deploy, "the smallest contract", deploy_small),
        nest(upload_code, "the smallest contract", with(upload_code, &[SMALL_CODE as u64, small_bytes, 2_600])),
        Shape {
            rounds: 20,
            ..nest(upload_code, "the SDK's token", with(upload_code, &[LARGE_CODE as u64, large_bytes, 2_600]))
        },
        nest(transfer, "to an account", with(transfer, &[0, 1_232])),
    ]
}

fn cryptography() -> Vec<Shape> {
    use HostFunction::*;
    let mut shapes = vec![
        shape(ed25519_verify, "no valid key", &[0, 0, 32, 64]),
        shape(ed25519_verify, "a valid key, 32 bytes", &[768, 0, 32, 832]),
        shape(ed25519_verify, "a valid key, 64 KiB", &[768, 0, 65_536, 832]),
        shape(secp256k1_verify, "a valid key", &[896, 0, 960]),
        shape(secp256k1_recover, "a point on the curve", &[0, 960, 0, 2_600]),
        shape(p256_verify, "a valid key", &[1_056, 0, 960]),
    ];
    for function in [sha3_256, keccak_256, sha2_256, blake3] {
        shapes.push(shape(function, "nothing", &[0, 0, 4_096]));
        shapes.push(shape(function, "64 KiB", &[0, 65_536, 70_000]));
    }
    shapes
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A module that makes a shape's call so often as the first 8 bytes of its input say.
pub fn module(shape: &Shape, small_hash: &[u8; 32], large: &[u8]) -> Result<Vec<u8>, String> {
    let kind = |kind: &Param| if *kind == Param::U32 { "i32 " } else { "i64 " };
    let import = |function: &HostFunction| {
        let (name, params) = (function.name(), function.params());
        let types: String = params.iter().map(|(_, param)| kind(param)).collect();
        format!(r#"(import "counterpart" "{name}" (func ${name} (param {types}) (result i64)))"#)
    };
    let imports: String = HostFunction::ALL.iter().filter(|function| function.until().is_none()).map(import).collect();
    let small = small_code()?;
    // The base points of ed25519, secp256k1 and P-256, and operands that make wide arithmetic work. At 1 152 stands this
    // contract's address, at 1 184 the caller's, at 1 216 the amount 0, at 1 232 the amount 1.
    let small_number = "\\00".repeat(31) + "\\07";
    let text = format!(
        r#"(module {imports} (memory (export "memory") 4)
            (data (i32.const 512) "{ones}") (data (i32.const 592) "{ones24}")
            (data (i32.const 768) "\58{sixes}")
            (data (i32.const 832) "\58{sixes}\01")
            (data (i32.const 896) "\02{point}")
            (data (i32.const 960) "{point}{small_number}")
            (data (i32.const 1056) "\03\6b\17\d1\f2\e1\2c\42\47\f8\bc\e6\e5\63\a4\40\f2\77\03\7d\81\2d\eb\33\a0\f4\a1\39\45\d8\98\c2\96")
            (data (i32.const {SMALL_HASH}) "{hash}") (data (i32.const {SMALL_CODE}) "{small}")
            (data (i32.const {LARGE_CODE}) "{large}")
            (func (export "deploy"))
            (func (export "call") (local $left i64) (local $length i64) (local $handle i64)
                (local.set $length (call $input (i32.const 100000) (i32.const 0) (i32.const 8)))
                (if (i64.lt_u (local.get $length) (i64.const 8)) (then
                    (if (i64.eq (local.get $length) (i64.const 1)) (then (drop (call $set_return (i32.const 0) (i32.const 65536)))))
                    (if (i64.eq (local.get $length) (i64.const 2)) (then (drop (call $finish (i32.const 0) (i32.const 65536)))))
                    (if (i64.eq (local.get $length) (i64.const 3)) (then (drop (call $revert (i32.const 0) (i32.const 0) (i32.const 65536)))))
                    (return)))
                (local.set $left (i64.load (i32.const 100000)))
                (drop (call $self_address (i32.const 1152)))
                (drop (call $allow_reentrancy (i32.const 1)))
                (drop (call $storage_set (i32.const 1024) (i32.const 256) (i32.const 0) (i32.const 65536)))
                (drop (call $caller (i32.const 1184)))
                (i64.store (i32.const 1216) (i64.const 0)) (i64.store (i32.const 1224) (i64.const 0))
                (i64.store (i32.const 1232) (i64.const 1)) (i64.store (i32.const 1240) (i64.const 0))
                (loop
                    (if (i64.ne (local.get $left) (i64.const 0)) (then
                        (drop {call})
                        (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                        (br 1))))))"#,
        call = shape.call,
        ones = "\\ff".repeat(48),
        ones24 = "\\ff".repeat(24),
        sixes = "\\66".repeat(31),
        point = r"\79\be\66\7e\f9\dc\bb\ac\55\a0\62\95\ce\87\0b\07\02\9b\fc\db\2d\ce\28\d9\59\f2\81\5b\16\f8\17\98",
        hash = escaped(small_hash),
        small = escaped(&small),
        large = escaped(large),
    );
    wat::parse_str(text).map_err(|error| format!("{}: {error}", shape.function.name()))
}
