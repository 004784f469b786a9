//! Sizes that the host enforces on what crosses the boundary; all are inclusive maxima.

/// Bytes of a storage key as the contract names it (without the contract's address).
pub const MAX_KEY_BYTES: u32 = 256;
/// Bytes of a storage value.
pub const MAX_VALUE_BYTES: u32 = 64 * 1024;
/// Bytes of the input of a call.
pub const MAX_INPUT_BYTES: u32 = 256 * 1024;
/// Bytes of what a call returns or reverts with.
pub const MAX_RETURN_BYTES: u32 = 64 * 1024;
/// Topics of one event; each is 32 bytes.
pub const MAX_TOPICS: u32 = 4;
/// Bytes of the data of one event.
pub const MAX_EVENT_BYTES: u32 = 16 * 1024;
/// Depth of nested calls; the call that a transaction makes has depth 1.
pub const MAX_CALL_DEPTH: u32 = 16;
/// Range iterators open at one time in one frame.
pub const MAX_ITERATORS: u32 = 16;
/// Bytes of a message that a hash or signature call reads.
pub const MAX_MESSAGE_BYTES: u32 = 1024 * 1024;

/// Every limit by name, for the profile's hash.
pub const ALL: &[(&str, u32)] = &[
    ("key_bytes", MAX_KEY_BYTES),
    ("value_bytes", MAX_VALUE_BYTES),
    ("input_bytes", MAX_INPUT_BYTES),
    ("return_bytes", MAX_RETURN_BYTES),
    ("topics", MAX_TOPICS),
    ("event_bytes", MAX_EVENT_BYTES),
    ("call_depth", MAX_CALL_DEPTH),
    ("iterators", MAX_ITERATORS),
    ("message_bytes", MAX_MESSAGE_BYTES),
];
