//! The one table of host calls.
//!
//! Append-only: a row never changes its name, its signature or its meaning. Every function answers an `i64`.

/// The module name under which contracts import host calls.
pub const IMPORT_MODULE: &str = "counterpart";

/// The version of the newest row.
pub const TABLE_VERSION: u32 = 1;

/// The Wasm type of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Param {
    /// `i32`: a pointer, a length, a handle, flags.
    U32,
    /// `i64`: a number.
    U64,
}

/// What a host call costs before it does any work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Gas for each call.
    pub base: u64,
    /// Gas for each byte that the call reads, writes or hashes, in 1/16 gas.
    pub per_byte_16th: u64,
}

/// Calls `$callback!` with every row of the table.
///
/// A row is `name(parameter: type, ...) cost(base, per byte in 1/16 gas) since(version) until(version) "doc";`, where
/// `until` stands only in rows that later versions do not have.
#[macro_export]
macro_rules! host_functions {
    ($callback:path) => {
        $callback! {
            // -- context
            self_address(out: u32) cost(1000, 0) since(1) "Writes the 32-byte address of the running contract.";
            caller(out: u32) cost(1000, 0) since(1) "Writes the 32-byte address of whoever called this frame: an account or a contract.";
            origin(out: u32) cost(1000, 0) since(1) "Writes the 32-byte address of the account that sent the transaction. Not a proof of consent: use `require_auth`.";
            chain_id() cost(900, 0) since(1) "The number of the chain.";
            block_height() cost(900, 0) since(1) "The height of the block in execution.";
            block_time_ms() cost(900, 0) since(1) "The time of the block in execution, in ms since 1970; never falls from block to block.";
            parent_hash(out: u32) cost(1000, 0) since(1) "Writes the 32-byte hash of the parent block. The leader sees it before it orders transactions.";
            gas_left() cost(900, 0) since(1) "The gas that this frame has left after this call.";
            call_depth() cost(900, 0) since(1) "The depth of this frame; the call that a transaction makes has depth 1.";
            is_read_only() cost(900, 0) since(1) "1 if this frame may not write, else 0.";
            value(out: u32) cost(1000, 0) since(1) "Writes the native amount sent with this call: u128, little-endian, 16 bytes.";
            // -- input, return, revert
            input(out: u32, offset: u32, capacity: u32) cost(1100, 2) since(1) "Copies input bytes from `offset`, at most `capacity`, to `out`; answers the whole length of the input.";
            set_return(data: u32, length: u32) cost(1200, 4) since(1) "Sets what this frame returns; the last call counts.";
            finish(data: u32, length: u32) cost(1200, 4) since(1) "Sets what this frame returns and ends it with success.";
            revert(code: u32, data: u32, length: u32) cost(1200, 4) since(1) "Ends this frame, undoes its writes and hands `code` and data to the caller.";
            // -- storage
            storage_get(key: u32, key_length: u32, out: u32, capacity: u32) cost(4000, 16) since(1) "Copies at most `capacity` bytes of the value to `out`; answers its whole length, or -1 (not found).";
            storage_set(key: u32, key_length: u32, value: u32, value_length: u32) cost(9000, 64) since(1) "Writes a value; answers 0.";
            storage_remove(key: u32, key_length: u32) cost(9000, 16) since(1) "Removes an entry; answers 1 if there was one, else 0.";
            storage_has(key: u32, key_length: u32) cost(4000, 16) since(1) "1 if there is an entry, else 0.";
            storage_length(key: u32, key_length: u32) cost(4000, 16) since(1) "The length of a value, or -1 (not found).";
            storage_range(start: u32, start_length: u32, end: u32, end_length: u32, descending: u32) cost(6000, 16) since(1) "Opens an iterator over the keys in `[start, end)`, in byte order, or from the end if `descending` is 1; an empty `end` is no bound. Answers a handle of this frame. It is a cursor: an entry written or removed ahead of it is seen as it is when the cursor gets there.";
            storage_next(handle: u32, key: u32, key_capacity: u32, value: u32, value_capacity: u32, lengths: u32) cost(6000, 16) since(1) "Copies the next entry; writes the whole lengths of key and value as two u32, little-endian, to `lengths`. Answers 1, or -4 (end).";
            storage_close(handle: u32) cost(1000, 0) since(1) "Closes an iterator; answers 0.";
            storage_add(key: u32, key_length: u32, delta: u32, minimum: u32, maximum: u32) cost(9000, 16) since(1) "Adds an i128 (16 bytes, little-endian) to the i128 stored at the key (absent is 0) if the sum lies in `[minimum, maximum]`; answers 0, or -3 (outside the bounds, nothing changed). Commutes with other additions.";
            transient_get(key: u32, key_length: u32, out: u32, capacity: u32) cost(1500, 16) since(1) "As `storage_get`, for values that live until the end of the transaction.";
            transient_set(key: u32, key_length: u32, value: u32, value_length: u32) cost(2700, 16) since(1) "As `storage_set`, for values that live until the end of the transaction; an empty value removes.";
            // -- calls
            call(contract: u32, input: u32, input_length: u32, value: u32, gas: u64, flags: u32) cost(30000, 8) since(1) "Calls another contract with at most `gas` (0: all but 1/64 of what is left) and the native amount at `value` (u128, 0 for none). Answers 0, or with TRY a status; the data is read with `call_result`.";
            call_result(out: u32, offset: u32, capacity: u32) cost(1100, 2) since(1) "Copies what the last nested call returned or reverted with; answers its whole length. After a revert the first 4 bytes are the code, little-endian.";
            deploy(code_hash: u32, salt: u32, input: u32, input_length: u32, value: u32, gas: u64, flags: u32, address_out: u32) cost(85000, 8) since(1) "Makes a contract from uploaded code and runs its constructor; writes the 32-byte address. Status as in `call`.";
            upload_code(code: u32, length: u32, hash_out: u32) cost(850000, 10560) since(1) "Checks and stores code; writes its 32-byte hash. Answers 0, or traps when the code is not accepted.";
            code_hash(contract: u32, out: u32) cost(4000, 0) since(1) "Writes the 32-byte code hash of a contract; answers 0, or -1 (no contract at this address).";
            allow_reentrancy(allow: u32) cost(1000, 0) since(1) "From now on this frame may (1) or may not (0) be called again while it waits for a call; answers 0.";
            // -- native currency
            balance(address: u32, out: u32) cost(4000, 0) since(1) "Writes the native balance of an address: u128, little-endian, 16 bytes; answers 0.";
            transfer(to: u32, amount: u32) cost(14000, 0) since(1) "Sends a native amount (u128) from this contract; runs no code of the receiver. Answers 0 or -7 (balance is too small).";
            // -- authorisation
            require_auth(address: u32) cost(2000, 736) since(1) "0 if `address` is the caller of this frame, or has signed an authorisation for exactly this contract and input that this transaction carries, or is a contract of this call chain that authorised this call; else -2. The bytes are those of the input, which is hashed unless it is the caller.";
            authorize_call(contract: u32, input: u32, input_length: u32) cost(4500, 736) since(1) "This contract authorises, as itself, one call with exactly this input to `contract`, anywhere below the next nested call; answers 0.";
            // -- events
            emit(topics: u32, topic_count: u32, data: u32, data_length: u32) cost(2000, 64) since(1) "Records an event: up to 4 topics of 32 bytes and data; answers 0.";
            debug_log(data: u32, length: u32) cost(1000, 1) since(1) "Text for the developer; consensus ignores it. Answers 0.";
            // -- hashes
            sha3_256(data: u32, length: u32, out: u32) cost(7500, 736) since(1) "Writes the 32-byte SHA3-256 hash (FIPS 202).";
            keccak_256(data: u32, length: u32, out: u32) cost(7500, 736) since(1) "Writes the 32-byte Keccak-256 hash (the padding before FIPS 202).";
            sha2_256(data: u32, length: u32, out: u32) cost(5000, 912) since(1) "Writes the 32-byte SHA-256 hash (FIPS 180-4).";
            blake3(data: u32, length: u32, out: u32) cost(1800, 48) since(1) "Writes the 32-byte BLAKE3 hash.";
            // -- signatures
            ed25519_verify(public_key: u32, message: u32, length: u32, signature: u32) cost(380000, 560) since(1) "1 if the 64-byte Ed25519 signature verifies under the ZIP-215 rule, else 0.";
            secp256k1_verify(public_key: u32, digest: u32, signature: u32) cost(780000, 0) since(1) "1 if the 64-byte ECDSA signature (low s) over the 32-byte digest verifies under the 33-byte compressed key, else 0.";
            secp256k1_recover(digest: u32, signature: u32, recovery_id: u32, out: u32) cost(830000, 0) since(1) "Writes the 33-byte compressed key that signed the digest; answers 0, or -6.";
            p256_verify(public_key: u32, digest: u32, signature: u32) cost(2250000, 0) since(1) "1 if the 64-byte ECDSA signature over the 32-byte digest verifies under the 33-byte compressed P-256 key, else 0.";
            // -- arithmetic
            mul_div(a: u32, b: u32, divisor: u32, rounding: u32, out: u32) cost(1900, 0) since(1) "Writes a * b / divisor for u128 operands (16 bytes, little-endian), with a 256-bit product; answers 0, or -5.";
            u256_add(a: u32, b: u32, out: u32) cost(1200, 0) since(1) "Writes a + b for u256 operands (32 bytes, little-endian); answers 0, or -5.";
            u256_sub(a: u32, b: u32, out: u32) cost(1200, 0) since(1) "Writes a - b; answers 0, or -5.";
            u256_mul(a: u32, b: u32, out: u32) cost(1200, 0) since(1) "Writes a * b; answers 0, or -5.";
            u256_mul_div(a: u32, b: u32, divisor: u32, rounding: u32, out: u32) cost(2500, 0) since(1) "Writes a * b / divisor for u256 operands, with a 512-bit product; answers 0, or -5.";
        }
    };
}

macro_rules! define_functions {
    ($($name:ident($($param:ident: $kind:ident),*) cost($base:expr, $per_byte:expr) since($since:expr) $(until($until:expr))? $doc:literal;)*) => {
        /// A row of the table of host calls.
        #[allow(non_camel_case_types, reason = "the variants are the names that contracts import")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum HostFunction {
            $(#[doc = $doc] $name,)*
        }

        impl HostFunction {
            /// Every row, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name that contracts import.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The parameters' names and types; the result is always an `i64`.
            pub const fn params(self) -> &'static [(&'static str, Param)] {
                match self { $(Self::$name => &[$((stringify!($param), define_functions!(@kind $kind)),)*],)* }
            }

            /// What a call costs.
            pub const fn cost(self) -> Cost {
                match self { $(Self::$name => Cost { base: $base, per_byte_16th: $per_byte },)* }
            }

            /// The table version that brought the row.
            pub const fn since(self) -> u32 {
                match self { $(Self::$name => $since,)* }
            }

            /// The last table version that has the row; `None` while it is in force.
            pub const fn until(self) -> Option<u32> {
                match self { $(Self::$name => define_functions!(@until $($until)?),)* }
            }

            /// Whether contracts may import it under a table version.
            pub const fn is_in(self, version: u32) -> bool {
                let ended = match self.until() {
                    Some(until) => until < version,
                    None => false,
                };
                self.since() <= version && !ended
            }

            /// What the call does.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }

            /// The row with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|function| function.name() == name)
            }
        }
    };
    (@until) => { None };
    (@until $until:expr) => { Some($until) };
    (@kind u32) => { Param::U32 };
    (@kind u64) => { Param::U64 };
}

host_functions!(define_functions);
