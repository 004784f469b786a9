//! From a run that fails to a short one that fails too.

use super::Step;
use serde_json::{Value, json};

/// Attempts that a run is worth.
const ATTEMPTS: u32 = 400;

/// Leaves out steps, then makes waits and numbers smaller, as long as it still fails.
pub fn shrink(mut steps: Vec<Step>, fails: &dyn Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut left = ATTEMPTS;
    let mut try_it = |candidate: &[Step]| {
        left = left.saturating_sub(1);
        left > 0 && fails(candidate)
    };
    // Halves first, then ever smaller parts, then single steps until none can go.
    let mut part = steps.len().div_ceil(2).max(1);
    loop {
        let (mut start, mut gone) = (0, false);
        while start < steps.len() {
            let mut candidate = steps.clone();
            candidate.drain(start..(start + part).min(steps.len()));
            if !candidate.is_empty() && try_it(&candidate) {
                (steps, gone) = (candidate, true);
            } else {
                start += part;
            }
        }
        match (part, gone) {
            (1, false) => break,
            (1, true) => {}
            _ => part = part.div_ceil(2).max(1),
        }
    }
    for index in 0..steps.len() {
        if steps[index].wait_ms > 0 {
            let mut candidate = steps.clone();
            candidate[index].wait_ms = 0;
            if try_it(&candidate) {
                steps = candidate;
            }
        }
        let names: Vec<String> = steps[index].arguments.keys().cloned().collect();
        for name in names {
            while let Some(smaller) = smaller(&steps[index].arguments[&name]) {
                let mut candidate = steps.clone();
                candidate[index].arguments.insert(name.clone(), smaller);
                if !try_it(&candidate) {
                    break;
                }
                steps = candidate;
            }
        }
    }
    steps
}

/// A number halfway to zero, as a decimal string like it.
fn smaller(value: &Value) -> Option<Value> {
    let number: u128 = value.as_str()?.parse().ok()?;
    (number > 0).then(|| json!((number / 2).to_string()))
}
