//! Which modules are too dear to optimise.
//!
//! The time that Cranelift takes for a function grows with the square of its basic blocks, so that a module at the
//! limits of the profile can take it 17 s. Which compiler makes the code changes no result; a module is therefore judged
//! by a sum over its functions before it is compiled. The limits are several times what contracts of the suite have.

use wasmparser::{Operator, Parser, Payload};

/// The most bytes of a metered module that is optimised.
const MAX_BYTES: usize = 448 << 10;
/// The most that the squares of the functions' branches may add up to; 1 000 branches in a function make a million.
const MAX_SQUARES: u64 = 12_000_000;

/// Whether a metered module is compiled in one pass.
pub(crate) fn is_heavy(wasm: &[u8]) -> bool {
    if wasm.len() > MAX_BYTES {
        return true;
    }
    let mut squares = 0u64;
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(Payload::CodeSectionEntry(body)) = payload else { continue };
        let operators = body.get_operators_reader().into_iter().flatten().flatten();
        let branches = operators.map(|operator| branches(&operator)).sum::<u64>();
        squares = squares.saturating_add(branches.saturating_mul(branches));
    }
    squares > MAX_SQUARES
}

/// How many basic blocks an instruction ends, or becomes.
fn branches(operator: &Operator<'_>) -> u64 {
    use Operator::*;
    match operator {
        If { .. } | Loop { .. } | Br { .. } | BrIf { .. } => 1,
        BrTable { .. }
        | CallIndirect { .. }
        | MemoryGrow { .. }
        | MemoryFill { .. }
        | MemoryCopy { .. }
        | MemoryInit { .. } => 2,
        _ => 0,
    }
}
