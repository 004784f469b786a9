//! Going through what happened in a transaction.

use crate::ledger::{At, Ledger, line_words};
use crate::output::{Exit, OrFail};
use counterpart_audit::{Event, Inputs, Line, Timeline};
use counterpart_execution::Step;
use counterpart_module::PointKind;

mod state;

/// What a command answered.
pub struct Answer {
    /// For people.
    pub text: String,
    /// Whether it is over.
    pub ends: bool,
}

const HELP: &str = "\
where            where this is: frame, function, source line, gas
step [N]         on to the next source line, or over N places
back [N]         back to the host call before, or over N of them
next [N]         on to the next host call, or over N of them
gas NUMBER       on to where the transaction's frames have used so much gas; `gas 0` is the beginning
goto NUMBER      to the place with this number
watch KEY        on to the next host call that changes an entry; KEY is its key in hex, or the beginning of its words
changes [KEY]    every change of the state up to here, or of an entry
state KEY        what an entry holds here
stack            frames and functions that run here, outermost first
memory AT [LEN]  bytes of the frame's memory here
calls            every host call of the transaction
end, start       to the last or the first place
quit             end";

/// A transaction, and a place in it.
pub struct Walk<'a> {
    ledger: &'a Ledger,
    inputs: Inputs<'a>,
    index: usize,
    timeline: Timeline,
    /// Gas that the frames have used when each event happens.
    used: Vec<u64>,
    at: usize,
}

impl<'a> Walk<'a> {
    /// Executes the transaction and begins where it does.
    pub fn new(ledger: &'a Ledger, at: &'a At, index: usize) -> anyhow::Result<Self> {
        let inputs = ledger.inputs(at);
        let timeline = Timeline::record(&inputs, &ledger.executor, index);
        let timeline = timeline.or_fail(Exit::Bug, "execution", "the transaction cannot be executed")?;
        let used = state::used(&timeline);
        Ok(Self { ledger, inputs, index, timeline, used, at: 0 })
    }

    /// The number of the place.
    pub const fn position(&self) -> usize {
        self.at
    }

    fn last(&self) -> usize {
        self.timeline.events.len().saturating_sub(1)
    }

    /// Carries out a command.
    pub fn command(&mut self, line: &str) -> Result<Answer, String> {
        let mut words = line.split_whitespace();
        let (verb, rest): (&str, Vec<&str>) = (words.next().unwrap_or("where"), words.collect());
        let count = || rest.first().map_or(Ok(1), |word| number(word));
        let answer = |text: String| Ok(Answer { text, ends: false });
        match verb {
            "help" | "h" | "?" => return answer(HELP.to_owned()),
            "quit" | "q" | "exit" => return Ok(Answer { text: String::new(), ends: true }),
            "where" | "w" => {}
            "start" => self.at = 0,
            "end" => self.at = self.last(),
            "goto" | "g" => self.at = number(rest.first().ok_or("goto needs a number")?)?.min(self.last()),
            "step" | "s" if rest.is_empty() => self.step(),
            "step" | "s" => self.at = (self.at + count()?).min(self.last()),
            "next" | "n" => {
                for _ in 0..count()? {
                    let Some(next) = self.host_after(self.at) else { return self.stay("no host call follows") };
                    self.at = next;
                }
            }
            "back" | "b" => {
                for _ in 0..count()? {
                    let before = (0..self.at).rev().find(|event| self.is_host(*event));
                    let Some(before) = before else { return self.stay("no host call before this") };
                    self.at = before;
                }
            }
            "gas" => {
                let wanted = number(rest.first().ok_or("gas needs a number")?)? as u64;
                let found = self.used.iter().position(|used| *used >= wanted);
                let Some(found) = found else { return self.stay("the frames use less gas") };
                self.at = found;
            }
            "watch" => {
                let key = rest.join(" ");
                if key.is_empty() {
                    return Err("watch needs a key".into());
                }
                let found = (self.at + 1..=self.last()).find(|event| self.changes_at(*event, &key).next().is_some());
                let Some(found) = found else { return self.stay("nothing changes it after this") };
                self.at = found;
            }
            "changes" => return answer(self.all_changes(&rest.join(" "))),
            "state" => return answer(self.state(&rest.join(" "))?),
            "stack" => return answer(self.stack()),
            "memory" | "m" => return answer(self.memory(&rest)?),
            "calls" => return answer(self.calls()),
            other => return Err(format!("there is no command `{other}`")),
        }
        answer(self.describe())
    }

    fn stay(&self, why: &str) -> Result<Answer, String> {
        Ok(Answer { text: format!("{why}\n{}", self.describe()), ends: false })
    }

    fn is_host(&self, event: usize) -> bool {
        matches!(self.timeline.events.get(event), Some(Event::Host(_)))
    }

    fn host_after(&self, at: usize) -> Option<usize> {
        (at + 1..=self.last()).find(|event| self.is_host(*event))
    }

    /// On to a place on another line; to the next place where lines are not known.
    fn step(&mut self) {
        let here = self.line(self.at);
        let next = (self.at + 1..=self.last()).find(|event| {
            let there = self.line(*event);
            there.is_some() && there != here
        });
        self.at = match (here, next) {
            (_, Some(next)) => next,
            (Some(_), None) => self.last(),
            (None, None) => (self.at + 1).min(self.last()),
        };
    }

    /// The source line of an event, where it is known.
    fn line(&self, event: usize) -> Option<Line> {
        let Some(Event::Point { number, .. }) = self.timeline.events.get(event) else { return None };
        let frame = self.timeline.frame_at(event)?;
        let facts = self.timeline.frames.get(frame as usize)?;
        let point = self.timeline.point(frame, *number)?;
        let source = self.ledger.sources().get(&facts.code)?;
        let probes = self.timeline.codes.get(&facts.code)?;
        let operator = match point.kind {
            PointKind::Enter => probes.block(point.function, 0).next()?.0,
            PointKind::Block { block } => probes.block(point.function, block).next()?.0,
            PointKind::Back { operator } | PointKind::Dynamic { operator } | PointKind::Call { operator } => operator,
            PointKind::Leave => return None,
        };
        source.line(point.function, operator)
    }

    fn function_name(&self, frame: u32, function: u32) -> String {
        let facts = self.timeline.frames.get(frame as usize);
        let source = facts.and_then(|facts| self.ledger.sources().get(&facts.code));
        source
            .and_then(|source| source.function(function))
            .map_or_else(|| format!("function {function}"), str::to_owned)
    }

    fn frame_name(&self, frame: u32) -> String {
        let Some(facts) = self.timeline.frames.get(frame as usize) else { return "nowhere".into() };
        let abi = self.ledger.abi(&facts.contract, &*self.inputs.state);
        let method =
            abi.as_ref().and_then(|abi| Some(format!("{}.{}", abi.name, abi.method_of(&facts.call.input)?.name)));
        let entry = if facts.call.deploy { "deploy" } else { "call" };
        format!("frame {frame}: {} {}", facts.contract, method.unwrap_or_else(|| entry.into()))
    }

    fn describe(&self) -> String {
        let Some(event) = self.timeline.events.get(self.at) else { return "nothing runs in this transaction".into() };
        let frame = self.timeline.frame_at(self.at);
        let mut text = format!("place {} of {}, {} gas used", self.at, self.last(), self.used[self.at]);
        if let Some(frame) = frame {
            text.push_str(&format!("\n  {}", self.frame_name(frame)));
        }
        let what = match event {
            Event::Enter(_) => "the frame begins".to_owned(),
            Event::Leave(frame) => {
                let end = self.timeline.frames.get(*frame as usize).map(|facts| format!("{:?}", facts.call.outcome));
                format!("the frame ends: {}", end.unwrap_or_default())
            }
            Event::Host(host) => self.host_words(*host),
            Event::Point { number, gas } => {
                let point = frame.and_then(|frame| Some((frame, self.timeline.point(frame, *number)?)));
                let place = point.map(|(frame, point)| {
                    let name = self.function_name(frame, point.function);
                    let what = match point.kind {
                        PointKind::Enter => "entered".to_owned(),
                        PointKind::Block { block } => format!("block {block}"),
                        PointKind::Back { .. } => "leaves a block early".to_owned(),
                        PointKind::Dynamic { .. } => "before a bulk instruction".to_owned(),
                        PointKind::Call { .. } => "before a call".to_owned(),
                        PointKind::Leave => "before its return".to_owned(),
                    };
                    format!("{name}, {what}")
                });
                format!("{}, {gas} gas left", place.unwrap_or_default())
            }
        };
        text.push_str(&format!("\n  {what}"));
        if let Some(line) = self.line(self.at) {
            text.push_str(&format!("\n  at {}", line_words(&line)));
        }
        for (_, change) in self.changes_at(self.at, "") {
            text.push_str(&format!("\n  {change}"));
        }
        text
    }

    fn host_words(&self, host: u32) -> String {
        let Some((_, Step::Host { function, answer, gas, accesses, .. }, _)) = self.timeline.hosts.get(host as usize)
        else {
            return String::new();
        };
        let part = |written: bool| {
            let parts = accesses.iter().filter(|access| access.written == written);
            parts.map(|access| format!("0x{}", hex::encode(&access.bytes))).collect::<Vec<_>>().join(" ")
        };
        let answer = answer.map_or_else(|| "ends the frame".to_owned(), |answer| format!("answers {answer}"));
        format!("host call {host}: {}({}) {answer} {}, {gas} gas", function.name(), part(false), part(true))
    }

    fn stack(&self) -> String {
        let Some(mut frame) = self.timeline.frame_at(self.at) else { return "nothing runs here".into() };
        let mut frames = vec![frame];
        while let Some(outer) = self.timeline.frames.get(frame as usize).and_then(|facts| facts.outer) {
            frames.push(outer);
            frame = outer;
        }
        let mut lines = Vec::new();
        for frame in frames.iter().rev() {
            lines.push(self.frame_name(*frame));
        }
        for (function, site) in self.timeline.stack_at(self.at) {
            let facts = frames.first().and_then(|frame| self.timeline.frames.get(*frame as usize));
            let source = facts.and_then(|facts| self.ledger.sources().get(&facts.code));
            let line = source.zip(site).and_then(|(source, site)| source.line(function, site));
            let place = line.map_or_else(String::new, |line| format!(" at {}", line_words(&line)));
            lines.push(format!("  {}{place}", self.function_name(frames[0], function)));
        }
        lines.join("\n")
    }

    fn memory(&self, words: &[&str]) -> Result<String, String> {
        let start = number(words.first().ok_or("memory needs an address")?)?;
        let length = words.get(1).map_or(Ok(64), |word| number(word))?.min(65_536);
        let frame = self.timeline.frame_at(self.at);
        let here = (0..=self.at).rev().find(|event| {
            matches!(self.timeline.events.get(*event), Some(Event::Point { .. }))
                && self.timeline.frame_at(*event) == frame
        });
        let here = here.ok_or("no code of this frame has run yet")?;
        let seen = Timeline::memory_at(&self.inputs, &self.ledger.executor, self.index, here, true);
        let (_, bytes) = seen.map_err(|error| error.to_string())?.ok_or("the memory was not seen")?;
        let end = start.saturating_add(length).min(bytes.len());
        let bytes = bytes.get(start..end).ok_or_else(|| format!("the memory has {} bytes", bytes.len()))?;
        let row = |(index, row): (usize, &[u8])| {
            let text: String =
                row.iter().map(|byte| if byte.is_ascii_graphic() { *byte as char } else { '.' }).collect();
            format!(
                "{:08x}  {:<48} {text}",
                start + index * 16,
                row.iter().map(|byte| format!("{byte:02x} ")).collect::<String>()
            )
        };
        Ok(bytes.chunks(16).enumerate().map(row).collect::<Vec<_>>().join("\n"))
    }

    fn calls(&self) -> String {
        let host = |(place, event): (usize, &Event)| match event {
            Event::Host(host) => Some(format!("place {place}: {}", self.host_words(*host))),
            _ => None,
        };
        self.timeline.events.iter().enumerate().filter_map(host).collect::<Vec<_>>().join("\n")
    }
}

fn number(word: &str) -> Result<usize, String> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => usize::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed.map_err(|_| format!("`{word}` is not a number"))
}
