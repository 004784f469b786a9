//! Where a transaction's gas went, as a flame graph whose parts sum to the charged gas to the unit.

use crate::explain::{ExplainedCall, ExplainedStep};
use crate::source::Line;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A part of the gas and what it is made of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Flame {
    /// What used it.
    pub name: String,
    /// `transaction`, `frame`, `instructions`, `line` or `host`; decides the colour.
    pub kind: &'static str,
    /// Gas, that of its parts included.
    pub gas: u64,
    /// Its parts, from the largest; what they leave is its own.
    pub parts: Vec<Flame>,
    /// The source line, for lines.
    #[serde(skip)]
    pub place: Option<Line>,
}

/// Height of a row in the picture, in pixels.
const ROW: u32 = 20;
/// Width of the picture.
const WIDTH: f64 = 1_200.0;
/// Narrower parts are left out of the picture; their gas shows in what is below them.
const NARROWEST: f64 = 0.4;

impl Flame {
    /// The flame of a transaction that used this gas in these frames.
    pub fn of_transaction(hash: &str, gas_used: u64, calls: &[ExplainedCall]) -> Self {
        let mut parts: Vec<Self> = calls.iter().map(Self::of_call).collect();
        let inside: u64 = parts.iter().map(|part| part.gas).sum();
        parts.push(Self::leaf("bytes, signatures and actions", "host", gas_used - inside.min(gas_used)));
        Self::node(format!("transaction {}", hash.get(..10).unwrap_or(hash)), "transaction", gas_used, parts)
    }

    fn of_call(call: &ExplainedCall) -> Self {
        let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut parts = Vec::new();
        for step in &call.steps {
            match step {
                ExplainedStep::Host { function, gas, .. } => *hosts.entry(function).or_default() += gas,
                ExplainedStep::Call(inner) => parts.push(Self::of_call(inner)),
            }
        }
        parts.extend(hosts.into_iter().map(|(function, gas)| Self::leaf(function, "host", gas)));
        parts.push(Self::leaf("instructions", "instructions", call.own_gas));
        let method = call.method.as_deref().unwrap_or(call.entry);
        let contract = call.contract.get(..10).unwrap_or(&call.contract);
        Self::node(format!("{contract} {method}"), "frame", call.gas_used, parts)
    }

    pub(crate) fn leaf(name: &str, kind: &'static str, gas: u64) -> Self {
        Self { name: name.to_owned(), kind, gas, parts: Vec::new(), place: None }
    }

    pub(crate) fn node(name: String, kind: &'static str, gas: u64, mut parts: Vec<Self>) -> Self {
        parts.retain(|part| part.gas > 0);
        parts.sort_by_key(|part| std::cmp::Reverse(part.gas));
        Self { name, kind, gas, parts, place: None }
    }

    /// Levels of the tree.
    pub fn depth(&self) -> u32 {
        1 + self.parts.iter().map(Self::depth).max().unwrap_or(0)
    }

    /// One line for each leaf: `outermost;...;innermost gas`, the format of flame-graph tools.
    pub fn folded(&self) -> String {
        let mut lines = String::new();
        self.fold("", &mut lines);
        lines
    }

    fn fold(&self, above: &str, lines: &mut String) {
        let name = self.name.replace(';', ",");
        let path = if above.is_empty() { name } else { format!("{above};{name}") };
        let own = self.gas - self.parts.iter().map(|part| part.gas).sum::<u64>();
        if own > 0 {
            writeln!(lines, "{path} {own}").expect("text grows");
        }
        self.parts.iter().for_each(|part| part.fold(&path, lines));
    }

    /// The picture, which needs nothing but itself.
    pub fn to_svg(&self) -> String {
        let height = self.depth() * ROW;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             font-family=\"ui-monospace, monospace\" font-size=\"11\"><title>Gas of {}: {}</title>\n",
            escape(&self.name),
            self.gas
        );
        self.draw(0.0, WIDTH / self.gas.max(1) as f64, 0, self.gas, &mut svg);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw(&self, x: f64, scale: f64, level: u32, total: u64, svg: &mut String) {
        let width = self.gas as f64 * scale;
        if width < NARROWEST {
            return;
        }
        let fill = match self.kind {
            "transaction" => "#8a8f98",
            "frame" => "#e8a33d",
            "instructions" => "#d9603b",
            "line" => "#f0c08a",
            _ => "#4f8ec9",
        };
        let y = level * ROW;
        let share = self.gas as f64 * 100.0 / total.max(1) as f64;
        let name = escape(&self.name);
        write!(
            svg,
            "<g><title>{name}: {} gas, {share:.1} %</title><rect x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" \
             height=\"{}\" rx=\"2\" fill=\"{fill}\" stroke=\"#ffffff\" stroke-width=\"0.5\"/>",
            self.gas,
            ROW - 1
        )
        .expect("text grows");
        // Seven pixels for a letter; what does not fit is in the title.
        let letters = (width / 7.0) as usize;
        if letters >= 4 {
            let shown: String = self.name.chars().take(letters - 1).collect();
            write!(svg, "<text x=\"{:.2}\" y=\"{}\" fill=\"#101418\">{}</text>", x + 3.0, y + 14, escape(&shown))
                .expect("text grows");
        }
        svg.push_str("</g>\n");
        let mut left = x;
        for part in &self.parts {
            part.draw(left, scale, level + 1, total, svg);
            left += part.gas as f64 * scale;
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
