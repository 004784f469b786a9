//! Figures as lines for people.

use serde_json::{Value, json};

/// A figure and what it should be.
pub fn at_most(value: f64, target: f64) -> Value {
    json!({ "value": round(value), "at_most": target, "met": value <= target })
}

/// A figure and what it should be.
pub fn at_least(value: f64, target: f64) -> Value {
    json!({ "value": round(value), "at_least": target, "met": value >= target })
}

/// Three digits after the point are enough for everybody.
pub fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Prints every figure with its path.
pub fn print(report: &Value) {
    lines("", report);
}

fn lines(path: &str, value: &Value) {
    let Some(object) = value.as_object() else {
        return println!("{path:<64} {value}");
    };
    if let Some(figure) = object.get("value") {
        let target = [("at_most", "at most"), ("at_least", "at least")]
            .iter()
            .find_map(|(name, words)| object.get(*name).map(|target| format!("{words} {target}")));
        let met = if object.get("met") == Some(&Value::Bool(true)) { "met" } else { "missed" };
        return println!("{path:<64} {figure:<12} {}: {met}", target.unwrap_or_default());
    }
    for (name, value) in object {
        lines(&if path.is_empty() { name.clone() } else { format!("{path} / {name}") }, value);
    }
}
