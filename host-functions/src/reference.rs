//! Pages made from the table: the reference in Markdown and the C header.

use crate::{HostFunction, IMPORT_MODULE, Param};
use alloc::{format, string::String};

/// The reference page of all host calls, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Host functions\n\nGenerated from the table in `host-functions`. Every function answers an `i64`; negative answers are \
         errors. Costs are in gas: a constant, and for each byte. `cargo xtask bench vm -- --calibrate` measures them against the input shapes that are \
         worst; the dearest for their gas are calls that only answer, such as `chain_id` (about 1 ns for each gas on a 3 GHz machine); hashes take 0.08 to 0.22, \
         signatures 0.06 to 0.19, storage up to 0.33 (`storage_length` of a value of 64 KiB), `input` of 64 KiB 0.45.\n\n| function | gas | since | what it does |\n|---|---|---|---|\n",
    );
    for function in HostFunction::ALL {
        let params = function.params().iter().map(|(name, kind)| match kind {
            Param::U32 => format!("{name}: u32"),
            Param::U64 => format!("{name}: u64"),
        });
        let cost = function.cost();
        page.push_str(&format!(
            "| `{}({})` | {} + {}/16 per byte | {} | {} |\n",
            function.name(),
            params.collect::<alloc::vec::Vec<_>>().join(", "),
            cost.base,
            cost.per_byte_16th,
            match function.until() {
                Some(until) => format!("{} to {until}", function.since()),
                None => format!("{}", function.since()),
            },
            function.doc(),
        ));
    }
    page
}

/// The header for contracts in C.
pub fn c_header() -> String {
    let mut header = String::from(
        "/* Host calls of Counterpart. Generated from the table in host-functions. */\n#ifndef COUNTERPART_H\n#define COUNTERPART_H\n\
         #include <stdint.h>\n\n",
    );
    for function in HostFunction::ALL {
        let params = function.params().iter().map(|(name, kind)| match (kind, POINTERS.contains(name)) {
            (Param::U32, true) => format!("void *{name}"),
            (Param::U32, false) => format!("uint32_t {name}"),
            (Param::U64, _) => format!("uint64_t {name}"),
        });
        let params = params.collect::<alloc::vec::Vec<_>>().join(", ");
        header.push_str(&format!(
            "/* {} */\n__attribute__((import_module(\"{IMPORT_MODULE}\"), import_name(\"{name}\")))\nint64_t counterpart_{name}({});\n\n",
            function.doc(),
            if params.is_empty() { "void" } else { &params },
            name = function.name(),
        ));
    }
    header.push_str("#endif\n");
    header
}

/// Parameters of type `u32` that are offsets into memory.
const POINTERS: &[&str] = &[
    "out",
    "key",
    "value",
    "start",
    "end",
    "lengths",
    "delta",
    "minimum",
    "maximum",
    "contract",
    "input",
    "code_hash",
    "salt",
    "address_out",
    "code",
    "hash_out",
    "address",
    "to",
    "amount",
    "topics",
    "data",
    "public_key",
    "message",
    "signature",
    "digest",
    "a",
    "b",
    "divisor",
];
