/* Host calls of Counterpart. Generated from the table in host-functions. */
#ifndef COUNTERPART_H
#define COUNTERPART_H
#include <stdint.h>

/* Writes the 32-byte address of the running contract. */
__attribute__((import_module("counterpart"), import_name("self_address")))
int64_t counterpart_self_address(void *out);

/* Writes the 32-byte address of whoever called this frame: an account or a contract. */
__attribute__((import_module("counterpart"), import_name("caller")))
int64_t counterpart_caller(void *out);

/* Writes the 32-byte address of the account that sent the transaction. Not a proof of consent: use `require_auth`. */
__attribute__((import_module("counterpart"), import_name("origin")))
int64_t counterpart_origin(void *out);

/* The number of the chain. */
__attribute__((import_module("counterpart"), import_name("chain_id")))
int64_t counterpart_chain_id(void);

/* The height of the block in execution. */
__attribute__((import_module("counterpart"), import_name("block_height")))
int64_t counterpart_block_height(void);

/* The time of the block in execution, in ms since 1970; never falls from block to block. */
__attribute__((import_module("counterpart"), import_name("block_time_ms")))
int64_t counterpart_block_time_ms(void);

/* Writes the 32-byte hash of the parent block. The leader sees it before it orders transactions. */
__attribute__((import_module("counterpart"), import_name("parent_hash")))
int64_t counterpart_parent_hash(void *out);

/* The gas that this frame has left after this call. */
__attribute__((import_module("counterpart"), import_name("gas_left")))
int64_t counterpart_gas_left(void);

/* The depth of this frame; the call that a transaction makes has depth 1. */
__attribute__((import_module("counterpart"), import_name("call_depth")))
int64_t counterpart_call_depth(void);

/* 1 if this frame may not write, else 0. */
__attribute__((import_module("counterpart"), import_name("is_read_only")))
int64_t counterpart_is_read_only(void);

/* Writes the native amount sent with this call: u128, little-endian, 16 bytes. */
__attribute__((import_module("counterpart"), import_name("value")))
int64_t counterpart_value(void *out);

/* Copies input bytes from `offset`, at most `capacity`, to `out`; answers the whole length of the input. */
__attribute__((import_module("counterpart"), import_name("input")))
int64_t counterpart_input(void *out, uint32_t offset, uint32_t capacity);

/* Sets what this frame returns; the last call counts. */
__attribute__((import_module("counterpart"), import_name("set_return")))
int64_t counterpart_set_return(void *data, uint32_t length);

/* Sets what this frame returns and ends it with success. */
__attribute__((import_module("counterpart"), import_name("finish")))
int64_t counterpart_finish(void *data, uint32_t length);

/* Ends this frame, undoes its writes and hands `code` and data to the caller. */
__attribute__((import_module("counterpart"), import_name("revert")))
int64_t counterpart_revert(void *code, void *data, uint32_t length);

/* Copies at most `capacity` bytes of the value to `out`; answers its whole length, or -1 (not found). */
__attribute__((import_module("counterpart"), import_name("storage_get")))
int64_t counterpart_storage_get(void *key, uint32_t key_length, void *out, uint32_t capacity);

/* Writes a value; answers 0. */
__attribute__((import_module("counterpart"), import_name("storage_set")))
int64_t counterpart_storage_set(void *key, uint32_t key_length, void *value, uint32_t value_length);

/* Removes an entry; answers 1 if there was one, else 0. */
__attribute__((import_module("counterpart"), import_name("storage_remove")))
int64_t counterpart_storage_remove(void *key, uint32_t key_length);

/* 1 if there is an entry, else 0. */
__attribute__((import_module("counterpart"), import_name("storage_has")))
int64_t counterpart_storage_has(void *key, uint32_t key_length);

/* The length of a value, or -1 (not found). */
__attribute__((import_module("counterpart"), import_name("storage_length")))
int64_t counterpart_storage_length(void *key, uint32_t key_length);

/* Opens an iterator over the keys in `[start, end)`, in byte order, or from the end if `descending` is 1; an empty `end` is no bound. Answers a handle of this frame. It is a cursor: an entry written or removed ahead of it is seen as it is when the cursor gets there. */
__attribute__((import_module("counterpart"), import_name("storage_range")))
int64_t counterpart_storage_range(void *start, uint32_t start_length, void *end, uint32_t end_length, uint32_t descending);

/* Copies the next entry; writes the whole lengths of key and value as two u32, little-endian, to `lengths`. Answers 1, or -4 (end). */
__attribute__((import_module("counterpart"), import_name("storage_next")))
int64_t counterpart_storage_next(uint32_t handle, void *key, uint32_t key_capacity, void *value, uint32_t value_capacity, void *lengths);

/* Closes an iterator; answers 0. */
__attribute__((import_module("counterpart"), import_name("storage_close")))
int64_t counterpart_storage_close(uint32_t handle);

/* Adds an i128 (16 bytes, little-endian) to the i128 stored at the key (absent is 0) if the sum lies in `[minimum, maximum]`; answers 0, or -3 (outside the bounds, nothing changed). Commutes with other additions. */
__attribute__((import_module("counterpart"), import_name("storage_add")))
int64_t counterpart_storage_add(void *key, uint32_t key_length, void *delta, void *minimum, void *maximum);

/* As `storage_get`, for values that live until the end of the transaction. */
__attribute__((import_module("counterpart"), import_name("transient_get")))
int64_t counterpart_transient_get(void *key, uint32_t key_length, void *out, uint32_t capacity);

/* As `storage_set`, for values that live until the end of the transaction; an empty value removes. */
__attribute__((import_module("counterpart"), import_name("transient_set")))
int64_t counterpart_transient_set(void *key, uint32_t key_length, void *value, uint32_t value_length);

/* Calls another contract with at most `gas` (0: all but 1/64 of what is left) and the native amount at `value` (u128, 0 for none). Answers 0, or with TRY a status; the data is read with `call_result`. */
__attribute__((import_module("counterpart"), import_name("call")))
int64_t counterpart_call(void *contract, void *input, uint32_t input_length, void *value, uint64_t gas, uint32_t flags);

/* Copies what the last nested call returned or reverted with; answers its whole length. After a revert the first 4 bytes are the code, little-endian. */
__attribute__((import_module("counterpart"), import_name("call_result")))
int64_t counterpart_call_result(void *out, uint32_t offset, uint32_t capacity);

/* Makes a contract from uploaded code and runs its constructor; writes the 32-byte address. Status as in `call`. */
__attribute__((import_module("counterpart"), import_name("deploy")))
int64_t counterpart_deploy(void *code_hash, void *salt, void *input, uint32_t input_length, void *value, uint64_t gas, uint32_t flags, void *address_out);

/* Checks and stores code; writes its 32-byte hash. Answers 0, or traps when the code is not accepted. */
__attribute__((import_module("counterpart"), import_name("upload_code")))
int64_t counterpart_upload_code(void *code, uint32_t length, void *hash_out);

/* Writes the 32-byte code hash of a contract; answers 0, or -1 (no contract at this address). */
__attribute__((import_module("counterpart"), import_name("code_hash")))
int64_t counterpart_code_hash(void *contract, void *out);

/* From now on this frame may (1) or may not (0) be called again while it waits for a call; answers 0. */
__attribute__((import_module("counterpart"), import_name("allow_reentrancy")))
int64_t counterpart_allow_reentrancy(uint32_t allow);

/* Writes the native balance of an address: u128, little-endian, 16 bytes; answers 0. */
__attribute__((import_module("counterpart"), import_name("balance")))
int64_t counterpart_balance(void *address, void *out);

/* Sends a native amount (u128) from this contract; runs no code of the receiver. Answers 0 or -7 (balance is too small). */
__attribute__((import_module("counterpart"), import_name("transfer")))
int64_t counterpart_transfer(void *to, void *amount);

/* 0 if `address` is the caller of this frame, or has signed an authorisation for exactly this contract and input that this transaction carries, or is a contract of this call chain that authorised this call; else -2. The bytes are those of the input, which is hashed unless it is the caller. */
__attribute__((import_module("counterpart"), import_name("require_auth")))
int64_t counterpart_require_auth(void *address);

/* This contract authorises, as itself, one call with exactly this input to `contract`, anywhere below the next nested call; answers 0. */
__attribute__((import_module("counterpart"), import_name("authorize_call")))
int64_t counterpart_authorize_call(void *contract, void *input, uint32_t input_length);

/* Records an event: up to 4 topics of 32 bytes and data; answers 0. */
__attribute__((import_module("counterpart"), import_name("emit")))
int64_t counterpart_emit(void *topics, uint32_t topic_count, void *data, uint32_t data_length);

/* Text for the developer; consensus ignores it. Answers 0. */
__attribute__((import_module("counterpart"), import_name("debug_log")))
int64_t counterpart_debug_log(void *data, uint32_t length);

/* Writes the 32-byte SHA3-256 hash (FIPS 202). */
__attribute__((import_module("counterpart"), import_name("sha3_256")))
int64_t counterpart_sha3_256(void *data, uint32_t length, void *out);

/* Writes the 32-byte Keccak-256 hash (the padding before FIPS 202). */
__attribute__((import_module("counterpart"), import_name("keccak_256")))
int64_t counterpart_keccak_256(void *data, uint32_t length, void *out);

/* Writes the 32-byte SHA-256 hash (FIPS 180-4). */
__attribute__((import_module("counterpart"), import_name("sha2_256")))
int64_t counterpart_sha2_256(void *data, uint32_t length, void *out);

/* Writes the 32-byte BLAKE3 hash. */
__attribute__((import_module("counterpart"), import_name("blake3")))
int64_t counterpart_blake3(void *data, uint32_t length, void *out);

/* 1 if the 64-byte Ed25519 signature verifies under the ZIP-215 rule, else 0. */
__attribute__((import_module("counterpart"), import_name("ed25519_verify")))
int64_t counterpart_ed25519_verify(void *public_key, void *message, uint32_t length, void *signature);

/* 1 if the 64-byte ECDSA signature (low s) over the 32-byte digest verifies under the 33-byte compressed key, else 0. */
__attribute__((import_module("counterpart"), import_name("secp256k1_verify")))
int64_t counterpart_secp256k1_verify(void *public_key, void *digest, void *signature);

/* Writes the 33-byte compressed key that signed the digest; answers 0, or -6. */
__attribute__((import_module("counterpart"), import_name("secp256k1_recover")))
int64_t counterpart_secp256k1_recover(void *digest, void *signature, uint32_t recovery_id, void *out);

/* 1 if the 64-byte ECDSA signature over the 32-byte digest verifies under the 33-byte compressed P-256 key, else 0. */
__attribute__((import_module("counterpart"), import_name("p256_verify")))
int64_t counterpart_p256_verify(void *public_key, void *digest, void *signature);

/* Writes a * b / divisor for u128 operands (16 bytes, little-endian), with a 256-bit product; answers 0, or -5. */
__attribute__((import_module("counterpart"), import_name("mul_div")))
int64_t counterpart_mul_div(void *a, void *b, void *divisor, uint32_t rounding, void *out);

/* Writes a + b for u256 operands (32 bytes, little-endian); answers 0, or -5. */
__attribute__((import_module("counterpart"), import_name("u256_add")))
int64_t counterpart_u256_add(void *a, void *b, void *out);

/* Writes a - b; answers 0, or -5. */
__attribute__((import_module("counterpart"), import_name("u256_sub")))
int64_t counterpart_u256_sub(void *a, void *b, void *out);

/* Writes a * b; answers 0, or -5. */
__attribute__((import_module("counterpart"), import_name("u256_mul")))
int64_t counterpart_u256_mul(void *a, void *b, void *out);

/* Writes a * b / divisor for u256 operands, with a 512-bit product; answers 0, or -5. */
__attribute__((import_module("counterpart"), import_name("u256_mul_div")))
int64_t counterpart_u256_mul_div(void *a, void *b, void *divisor, uint32_t rounding, void *out);

#endif
