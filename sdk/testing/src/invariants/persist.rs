//! Runs that failed, as files that people can read and keep under version control.

use super::Step;
use serde_json::{Value, json};
use std::path::Path;

/// The steps of a file; `None` where there is none.
///
/// # Panics
/// When it is there and is not what `write` writes: a failure that is not run again would be forgotten in silence.
pub fn read(path: &Path) -> Option<Vec<Step>> {
    let text = std::fs::read_to_string(path).ok()?;
    let steps = serde_json::from_str::<Value>(&text).ok().and_then(|document| {
        let steps = document["steps"].as_array()?;
        let one = |step: &Value| {
            Some(Step {
                actor: step["actor"].as_str()?.to_owned(),
                method: step["method"].as_str()?.to_owned(),
                arguments: step["arguments"].as_object()?.clone(),
                wait_ms: step["wait_ms"].as_u64()?,
            })
        };
        steps.iter().map(one).collect::<Option<Vec<Step>>>()
    });
    Some(steps.unwrap_or_else(|| panic!("{} is no run; delete it to begin anew", path.display())))
}

/// Keeps a run.
///
/// # Panics
/// When the file cannot be written.
pub fn write(path: &Path, steps: &[Step]) {
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| {
            json!({ "actor": step.actor, "method": step.method, "arguments": step.arguments, "wait_ms": step.wait_ms })
        })
        .collect();
    let parent = path.parent().unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(path, format!("{:#}\n", json!({ "steps": steps }))));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
