//! The native side of the boundary.

use crate::{HostFunction, TrapCode};
use core::any::Any;

/// Why a host call does not return to the guest.
///
/// The host keeps the details (the revert's data, the fault's cause); the engine only has to unwind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The contract finished early by `finish`; not a failure.
    Finished,
    /// The contract reverted with a code and data.
    Reverted,
    /// The gas of this frame is used up.
    OutOfGas,
    /// A rule was broken; gas stays charged.
    Trap(TrapCode),
    /// The node itself failed (disk, lost engine). Never becomes a receipt.
    Fault,
}

/// What a contract frame can ask of the host.
///
/// An engine owns the host of a frame for as long as the guest runs and gives it back at the end, so that no engine
/// needs a pointer into it. `Any` lets the executor have its own type back.
pub trait Host: Any + Send {
    /// Carries out one host call.
    ///
    /// `arguments` has one value for each parameter of the row, `u32` parameters zero-extended. `memory` is the guest's
    /// whole linear memory. `gas` is what the frame has left; it may come in negative (the check is lazy, and a host
    /// call is one of the places that checks it).
    ///
    /// # Errors
    /// [`Stop`] when the guest must not go on.
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop>;
}
