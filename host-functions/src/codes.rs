//! Stable numbers that cross the boundary. A number never changes its meaning.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident: $repr:ty { $($(#[$vdoc:meta])* $variant:ident = $value:expr, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[cfg_attr(feature = "borsh", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
        #[cfg_attr(feature = "borsh", borsh(use_discriminant = false))]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable number.
            pub const fn number(self) -> $repr {
                match self { $(Self::$variant => $value,)* }
            }

            /// What the code says, for people.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The code with this number, if there is one.
            pub const fn from_number(number: $repr) -> Option<Self> {
                match number { $(n if n == $value => Some(Self::$variant),)* _ => None }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.message())
            }
        }
    };
}

codes! {
    /// Negative results of host calls.
    HostError: i64 {
        /// No such entry.
        NotFound = -1, "not found";
        /// Nobody who may do so has signed for this call.
        Unauthorized = -2, "not authorised";
        /// The value is outside the bounds that the call names.
        OutOfBounds = -3, "outside the bounds";
        /// The range iterator has no further entry.
        End = -4, "no further entry";
        /// A number is too large for its type, or a divisor is zero.
        Arithmetic = -5, "overflow or division by zero";
        /// A signature, key or hash is not well formed or does not verify.
        InvalidSignature = -6, "signature is not valid";
        /// The native balance is too small.
        InsufficientBalance = -7, "balance is too small";
    }
}

codes! {
    /// Why the host stopped a frame; the frame's writes are undone and gas stays charged.
    TrapCode: u32 {
        /// The engine trapped: unreachable, division by zero, memory or table access out of bounds.
        Wasm = 1, "the contract trapped";
        /// A pointer and length that do not lie in the contract's memory.
        BadPointer = 2, "pointer outside memory";
        /// A key, value, input, event or message that is too long.
        TooLong = 3, "longer than the limit";
        /// A write in a read-only call.
        ReadOnly = 4, "write in a read-only call";
        /// A handle that is not open in this frame.
        BadHandle = 5, "handle is not open in this frame";
        /// Calls nested deeper than the limit.
        CallDepth = 6, "calls nested too deep";
        /// A budget of the transaction other than gas is used up.
        Budget = 7, "a budget of the transaction is used up";
        /// An argument that no contract has a reason to pass (unknown flag or rounding mode).
        BadArgument = 8, "argument is not allowed";
        /// A call into a contract that is already running and has not opted in to re-entrancy.
        Reentrancy = 9, "re-entrant call";
        /// The contract does not export the entry point that is called.
        NoEntry = 10, "entry point is missing";
        /// A failed call whose caller did not ask to handle failure.
        Callee = 11, "a nested call failed";
        /// A host function panicked. The panic is a pure function of its inputs, so every replica sees it.
        HostPanic = 12, "a host function panicked";
        /// The code is not accepted under the profile in force.
        BadModule = 13, "module is not accepted";
    }
}

codes! {
    /// What the `call` and `deploy` host calls answer when `TRY` is set.
    CallStatus: i64 {
        /// The callee returned; its data is in the result buffer.
        Success = 0, "success";
        /// The callee reverted; its code and data are in the result buffer.
        Revert = 1, "reverted";
        /// The callee used up its gas budget.
        OutOfGas = 2, "out of gas";
        /// The callee used up the stack.
        StackExhausted = 3, "stack exhausted";
        /// The callee trapped.
        Trap = 4, "trapped";
        /// There is no contract at this address.
        NoContract = 5, "no contract at this address";
        /// The native balance is too small for the value to send.
        InsufficientBalance = 6, "balance is too small";
        /// A contract with this address exists already.
        AddressTaken = 7, "address is taken";
        /// There is no code with this hash.
        NoCode = 8, "no code with this hash";
    }
}

/// Flags of the `call` host call.
pub mod call_flags {
    /// The callee and everything it calls may not write.
    pub const READ_ONLY: u32 = 1;
    /// A failure of the callee is answered as a status instead of stopping the caller.
    pub const TRY: u32 = 2;
    /// Everything that is defined.
    pub const ALL: u32 = READ_ONLY | TRY;
}

/// Rounding modes of the division calls.
pub mod rounding {
    /// Towards zero.
    pub const FLOOR: u32 = 0;
    /// Away from zero.
    pub const CEIL: u32 = 1;
}
