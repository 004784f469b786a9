//! What instructions cost: the list is also the list of instructions that exist.
//!
//! 1 gas is one modelled x86-64 instruction, on the more expensive of Cranelift and Winch.

use wasmparser::Operator;

macro_rules! costs {
    ($($cost:literal: $($operator:ident)*;)*) => {
        /// The gas of an instruction; `None` for instructions outside the profile.
        pub fn operator_cost(operator: &Operator<'_>) -> Option<u64> {
            match operator {
                $($(Operator::$operator { .. } => Some($cost),)*)*
                _ => None,
            }
        }

        /// The name of an instruction, as [`OPERATOR_COSTS`] has it; `?` for instructions outside the profile.
        pub fn operator_name(operator: &Operator<'_>) -> &'static str {
            match operator {
                $($(Operator::$operator { .. } => stringify!($operator),)*)*
                _ => "?",
            }
        }

        /// Every instruction of the profile with its gas.
        pub const OPERATOR_COSTS: &[(&str, u64)] = &[$($((stringify!($operator), $cost),)*)*];
    };
}

costs! {
    0: Block Loop End Else Nop;
    1: Unreachable Drop Br I32Const I64Const LocalGet LocalSet LocalTee
       I32Add I32Sub I32And I32Or I32Xor I64Add I64Sub I64And I64Or I64Xor
       I32WrapI64 I64ExtendI32S I64ExtendI32U
       I32Extend8S I32Extend16S I64Extend8S I64Extend16S I64Extend32S;
    2: If BrIf Return GlobalGet GlobalSet MemorySize
       I32Eqz I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
       I64Eqz I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
       I32Shl I32ShrS I32ShrU I32Rotl I32Rotr I64Shl I64ShrS I64ShrU I64Rotl I64Rotr;
    3: Select I32Mul I64Mul I32Clz I32Ctz I64Clz I64Ctz
       I32Load I64Load I32Load8S I32Load8U I32Load16S I32Load16U
       I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U
       I32Store I64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32;
    4: BrTable;
    8: Call;
    12: I32Popcnt I64Popcnt;
    16: CallIndirect;
    24: I32DivS I32DivU I32RemS I32RemU;
    40: I64DivS I64DivU I64RemS I64RemU;
    50: MemoryCopy MemoryFill MemoryInit DataDrop;
    1000: MemoryGrow;
}

/// Gas on entry of a function, for its prologue and epilogue.
pub const FUNCTION_ENTRY: u64 = 6;
/// Gas on entry of a function for each local that is not a parameter: it is zeroed.
pub const LOCAL: u64 = 1;
/// Bytes that `memory.copy`, `memory.fill` and `memory.init` handle for one gas, as a shift.
pub const BULK_SHIFT: u64 = 3;
/// Gas of `memory.grow` for each page asked for, granted or not: the kernel zeroes it.
pub const GROW_PAGE: u64 = 4096;
/// Slots of the logical stack for each frame, besides locals and operands.
pub const FRAME_SLOTS: u64 = 4;
