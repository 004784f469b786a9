//! What the state is and was at a place, and the gas that was used.

use super::Walk;
use counterpart_audit::{Event, Timeline};
use counterpart_execution::Step;
use counterpart_ledger::StateKey;

impl Walk<'_> {
    /// Changes of the state by an event, of an entry if one is named.
    pub fn changes_at<'s>(&'s self, event: usize, key: &'s str) -> impl Iterator<Item = (StateKey, String)> + 's {
        let step = match self.timeline.events.get(event) {
            Some(Event::Host(host)) => self.timeline.hosts.get(*host as usize),
            _ => None,
        };
        let changes = match step {
            Some((_, Step::Host { changes, .. }, _)) => changes.as_slice(),
            _ => &[],
        };
        changes.iter().filter_map(move |change| {
            let words = self.ledger.entry(&change.key, change.after.as_deref(), &*self.inputs.state);
            let hex = format!("0x{}", hex::encode(&change.key));
            let short = words.split_once('.').map_or(words.as_str(), |(_, rest)| rest);
            let matches = hex.starts_with(key) || words.starts_with(key) || short.starts_with(key);
            matches.then_some((change.key.clone(), words))
        })
    }

    pub fn all_changes(&self, key: &str) -> String {
        let lines: Vec<String> = (0..=self.at.min(self.last()))
            .flat_map(|event| self.changes_at(event, key).map(move |(_, words)| format!("place {event}: {words}")))
            .collect();
        if lines.is_empty() { "no changes up to here".into() } else { lines.join("\n") }
    }

    pub fn state(&self, key: &str) -> Result<String, String> {
        let raw = hex::decode(key.trim_start_matches("0x")).ok();
        let all = |key: &str| -> Option<StateKey> {
            (0..=self.last()).find_map(|event| self.changes_at(event, key).next().map(|(key, _)| key))
        };
        let key =
            raw.or_else(|| all(key)).ok_or("name the entry's key in hex, or one that this transaction changes")?;
        // The last change up to here counts, unless its frame had failed by then.
        let mut open: Vec<u32> = Vec::new();
        let mut values: Vec<(Vec<u32>, Option<Vec<u8>>)> = Vec::new();
        let mut first = None;
        for (index, event) in self.timeline.events.iter().enumerate() {
            match event {
                Event::Enter(frame) if index <= self.at => open.push(*frame),
                Event::Leave(frame) if index <= self.at => {
                    let success = self
                        .timeline
                        .frames
                        .get(*frame as usize)
                        .is_some_and(|facts| facts.call.outcome == counterpart_ledger::Outcome::Success);
                    if !success {
                        values.retain(|(frames, _)| !frames.contains(frame));
                    }
                    open.pop();
                }
                Event::Host(host) => {
                    if let Some((_, Step::Host { changes, .. }, _)) = self.timeline.hosts.get(*host as usize) {
                        for change in changes.iter().filter(|change| change.key == key) {
                            first.get_or_insert_with(|| change.before.clone());
                            if index <= self.at {
                                values.push((open.clone(), change.after.clone()));
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        let value = match (values.pop(), first) {
            (Some((_, value)), _) | (None, Some(value)) => value,
            (None, None) => self.before(&key)?,
        };
        Ok(self.ledger.entry(&key, value.as_deref(), &*self.inputs.state))
    }

    /// What an entry held when the transaction began.
    fn before(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let before = &self.inputs.transactions[..self.index];
        let (state, codes) = (self.inputs.state.clone(), self.inputs.codes.clone());
        let result = self.ledger.executor.execute_block(&self.inputs.context, before, state.clone(), codes);
        match result.map_err(|error| error.to_string())?.writes.get(key) {
            Some(write) => Ok(write.new.clone()),
            None => state.get(key).map_err(|error| error.to_string()),
        }
    }
}

/// Gas used by the frames when each event happens: what each open frame has lost.
pub fn used(timeline: &Timeline) -> Vec<u64> {
    let (mut open, mut ended): (Vec<(u64, u64)>, u64) = (Vec::new(), 0);
    let mut used = Vec::with_capacity(timeline.events.len());
    for event in &timeline.events {
        match event {
            Event::Enter(frame) => {
                let limit = timeline.frames.get(*frame as usize).map_or(0, |facts| facts.call.gas_limit);
                open.push((limit, 0));
            }
            Event::Point { gas, .. } => {
                if let Some((limit, lost)) = open.last_mut() {
                    *lost = limit.saturating_sub((*gas).max(0) as u64);
                }
            }
            Event::Host(host) => {
                if let (Some((limit, lost)), Some((_, _, left))) = (open.last_mut(), timeline.hosts.get(*host as usize))
                {
                    *lost = limit.saturating_sub((*left).max(0) as u64);
                }
            }
            Event::Leave(frame) => {
                let whole = timeline.frames.get(*frame as usize).map_or(0, |facts| facts.call.gas_used);
                open.pop();
                match open.last_mut() {
                    Some((_, lost)) => *lost += whole,
                    None => ended += whole,
                }
            }
        }
        used.push(ended + open.iter().map(|(_, lost)| lost).sum::<u64>());
    }
    used
}
