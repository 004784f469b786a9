//! Pages made from the table: the reference in Markdown and the C header.

use crate::calibration::{Counted, counted};
use crate::{HostFunction, IMPORT_MODULE, Param};
use alloc::{format, string::String};

/// The reference page of all host calls, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Host functions\n\nGenerated from the table in `host-functions`. Every function answers an `i64`; negative answers are \
         errors. Costs are in gas: a constant, and for each byte.\n\n| function | gas | since | what it does |\n|---|---|---|---|\n",
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
    page.push_str(
        "\n## What they take\n\nOne gas stands for one instruction of a modelled x86-64. `cargo xtask bench vm -- --calibrate` counts \
         the instructions of a call with valgrind, from the code of both compilers, for the inputs that are meant to be the worst. No \
         row takes more than it is charged. Entries lie in memory there; what a disk adds is in the constants of `storage_*` alone.\n\n\
         | function | input | Cranelift | Winch | gas |\n|---|---|---:|---:|---:|\n",
    );
    for row in counted() {
        let Counted { function, input, cranelift, winch, gas } = row;
        page.push_str(&format!("| `{}` | {input} | {cranelift} | {winch} | {gas} |\n", function.name()));
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
