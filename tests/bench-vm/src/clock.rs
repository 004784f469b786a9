//! CPU time of the thread.

use crate::Size;
use rustix::time::{ClockId, clock_gettime};

fn thread_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// The median over the batches of what one call takes, in ns; the first batch warms up and is not counted.
pub fn median_ns(size: Size, mut call: impl FnMut(u32)) -> f64 {
    let mut batches: Vec<f64> = (0..=size.batches)
        .map(|batch| {
            let start = thread_ns();
            (0..size.calls).for_each(|index| call(batch * size.calls + index));
            (thread_ns() - start) / f64::from(size.calls)
        })
        .skip(1)
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}
