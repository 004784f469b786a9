//! Pausing some kinds of messages. What gives people their value back is never a kind that can be paused.

use counterpart_sdk::prelude::*;

/// Kinds of messages were paused or go on.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Paused {
    /// All kinds that are paused now: a bit for each.
    pub scopes: u32,
}

/// Which kinds of messages are paused.
#[storage]
pub struct Pause {
    scopes: Item<u32>,
}

impl Pause {
    /// All that are paused: a bit for each.
    pub fn scopes(&self) -> u32 {
        self.scopes.get_or_default()
    }

    /// Whether a kind is paused.
    pub fn is_paused(&self, scope: u8) -> bool {
        self.scopes() >> scope & 1 == 1
    }

    /// Pauses a kind or lets it go on, whoever asks.
    pub fn set(&mut self, scope: u8, paused: bool) {
        let others = self.scopes() & !(1 << scope);
        let scopes = others | u32::from(paused) << scope;
        self.scopes.set(&scopes);
        Paused { scopes }.emit();
    }
}
