//! The one place that calls the host: externs on wasm, the test's host natively.

/// Calls a row of the table. `read` and `write` arguments are slices, `length` the length of one, `number` anything else.
macro_rules! host_call {
    ($name:ident($($kind:ident $value:expr),* $(,)?)) => {{
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "externs of the host")]
        // SAFETY: every pointer comes with the length of the slice that it was taken from.
        let answer = unsafe { counterpart_host_functions::guest::$name($($crate::sys::host_call!(@wasm $kind $value)),*) };
        #[cfg(not(target_arch = "wasm32"))]
        let answer = $crate::native::invoke(
            counterpart_host_functions::HostFunction::$name,
            &mut [$($crate::sys::host_call!(@native $kind $value)),*],
        );
        answer
    }};
    (@wasm read $value:expr) => { $value.as_ptr() as u32 };
    (@wasm write $value:expr) => { $value.as_mut_ptr() as u32 };
    (@wasm length $value:expr) => { $value.len() as u32 };
    (@wasm number $value:expr) => { $value };
    (@native read $value:expr) => { $crate::native::Argument::Read(&$value[..]) };
    (@native write $value:expr) => { $crate::native::Argument::Write(&mut $value[..]) };
    (@native length $value:expr) => { $crate::native::Argument::Number($value.len() as u64) };
    (@native number $value:expr) => { $crate::native::Argument::Number($value as u64) };
}

pub(crate) use host_call;
