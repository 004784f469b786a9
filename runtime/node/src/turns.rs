//! The thread of the machine: takes what arrived, writes what was signed, then sends.

use crate::journal::Journal;
use crate::kept::Kept;
use crate::machine::{Fault, Ledger, Machine, Now, To};
use crate::service::{Order, Shared};
use crate::snapshots::Snapshots;
use counterpart_consensus::Message;
use counterpart_ledger::PublicKey;
use counterpart_network::{Channel, Incoming, Network, Outgoing, Recipient, Sender};
use counterpart_storage::Store;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Most inputs that one turn takes before it writes and sends.
const TURN: usize = 256;

/// The clocks that the machine is told of.
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    pub fn now(&self) -> Now {
        Now { us: self.start.elapsed().as_micros() as u64, wall_ms: crate::devnet::now_ms() }
    }
}

/// The thread of the machine.
pub(crate) struct Turns {
    pub machine: Machine<Arc<Store>>,
    pub snapshots: Snapshots,
    /// None for a replica that signs nothing.
    pub journal: Option<Journal>,
    pub kept: Kept,
    pub clock: Clock,
    pub shared: Arc<Shared>,
    pub sender: Sender,
    /// Whether it waits for the disk before a signature leaves.
    pub sync: bool,
    pub seen: Seen,
}

/// What the metrics and the standing are made of besides the machine.
#[derive(Default)]
pub(crate) struct Seen {
    /// When peers were heard last, in microseconds.
    peers: BTreeMap<PublicKey, u64>,
    /// When proposals were seen first, by view.
    proposals: BTreeMap<u64, u64>,
    certified_view: u64,
    published_us: u64,
}

impl Seen {
    fn proposed(&mut self, message: &Message, now_us: u64) {
        /// Proposals that wait for their certificates.
        const MOST: usize = 64;
        if let Message::Proposal(proposal) = message {
            self.proposals.entry(proposal.statement.view).or_insert(now_us);
            while self.proposals.len() > MOST {
                self.proposals.pop_first();
            }
        }
    }
}

enum Input {
    Message(Incoming),
    Order(Order),
    Time,
}

impl Turns {
    pub fn run(mut self, mut network: Network, mut orders: mpsc::UnboundedReceiver<Order>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return self.shared.failed(&error.to_string()),
        };
        let mut next = Some(Input::Time);
        while let Some(input) = next {
            let mut inputs = vec![input];
            while inputs.len() < TURN
                && let Some(message) = network.try_receive()
            {
                inputs.push(Input::Message(message));
            }
            while inputs.len() < TURN
                && let Ok(order) = orders.try_recv()
            {
                inputs.push(Input::Order(order));
            }
            let waiting = network.waiting();
            match self.turn(inputs) {
                Ok(true) => self.shared.metrics.links(waiting, self.seen.peers.len()),
                Ok(false) => return,
                Err(error) => return self.shared.failed(&error),
            }
            let wait = self.machine.wake_us().saturating_sub(self.clock.now().us);
            next = runtime.block_on(async {
                tokio::select! {
                    message = network.receive() => message.map(Input::Message),
                    order = orders.recv() => order.map(Input::Order),
                    () = tokio::time::sleep(Duration::from_micros(wait)) => Some(Input::Time),
                }
            });
        }
        self.shared.failed("the links are closed");
    }

    /// Takes inputs; writes what was signed in one piece; then sends. Answers whether to go on.
    fn turn(&mut self, inputs: Vec<Input>) -> Result<bool, String> {
        let text = |error: Fault| error.to_string();
        for input in inputs {
            let now = self.clock.now();
            match input {
                Input::Time => self.machine.tick(now).map_err(text)?,
                Input::Message(incoming) => match Message::decode(&incoming.bytes) {
                    Ok(message) => {
                        self.shared.metrics.received(&message, incoming.bytes.len());
                        self.seen.peers.insert(incoming.from, now.us);
                        self.seen.proposed(&message, now.us);
                        match message {
                            Message::WantSnapshot { of, part } => self.snapshots.ask(incoming.from, of, part),
                            message => self.machine.receive(incoming.from, message, now).map_err(text)?,
                        }
                    }
                    Err(error) => {
                        self.shared.metrics.malformed();
                        tracing::debug!(from = %incoming.from, %error, "a message cannot be read");
                    }
                },
                Input::Order(Order::Stop) => return Ok(false),
                Input::Order(Order::Submitted(transaction)) => {
                    self.machine.submitted(transaction, now).map_err(text)?
                }
                Input::Order(Order::Approve(approval, answer)) => {
                    let _ = answer.send(self.machine.approve(approval).map_err(text)?);
                }
                Input::Order(Order::Quiet(view, block, answer)) => {
                    self.machine.ask_quiet(view, block, now);
                    let _ = answer.send(self.machine.quiet(view, &block));
                }
            }
        }
        let now = self.clock.now();
        if now.us >= self.machine.wake_us() {
            self.machine.tick(now).map_err(text)?;
        }
        loop {
            let (blocks, records) = (self.machine.voted_blocks(), self.machine.records());
            if !blocks.is_empty() {
                let approved = self.machine.ledger().head().height;
                self.kept.append(&blocks, self.sync, approved).map_err(|error| format!("the disk failed: {error}"))?;
            }
            if records.is_empty() {
                break;
            }
            let floor = self.machine.floor();
            let journal = self.journal.as_mut().ok_or("a signature without a journal")?;
            journal.append(&records, self.sync, floor).map_err(|error| format!("the journal failed: {error}"))?;
            self.machine.release(self.clock.now()).map_err(text)?;
        }
        for (to, message) in self.machine.messages() {
            self.seen.proposed(&message, now.us);
            self.send(to, &message);
        }
        self.publish(self.clock.now().us);
        Ok(true)
    }

    fn send(&self, to: To, message: &Message) {
        let channel = match message {
            Message::Transaction(_) => Channel::Transactions,
            Message::Blocks { .. } | Message::Block(_) | Message::WantBlocks { .. } | Message::WantBlock { .. } => {
                Channel::CatchUp
            }
            _ => Channel::Consensus,
        };
        let to = match to {
            To::All => Recipient::All,
            To::One(key) => Recipient::One(key),
        };
        let bytes = message.encode();
        self.shared.metrics.sent(bytes.len());
        if !self.sender.send(Outgoing { to, channel, bytes }) {
            self.shared.metrics.dropped();
        }
    }

    fn publish(&mut self, now_us: u64) {
        /// Between two looks at everything; heights are told at once.
        const EACH_US: u64 = 20_000;
        /// How long a peer that says nothing counts as heard.
        const HEARD_US: u64 = 5_000_000;
        let shared = &self.shared;
        let height = self.machine.ledger().head().height;
        let certified = self.machine.certified_view();
        if certified != self.seen.certified_view {
            self.seen.certified_view = certified;
            let at = self.seen.proposals.get(&certified);
            at.into_iter().for_each(|at| shared.metrics.certified(now_us.saturating_sub(*at)));
        }
        let rises = *shared.heights.borrow() < height;
        if rises {
            shared.metrics.approved(height.0, now_us);
            shared.metrics.executed(self.machine.executed());
            let at = self.seen.proposals.get(&self.machine.floor().1);
            at.into_iter().for_each(|at| {
                let finals_us = self.machine.finals_us();
                shared.metrics.approved_after(finals_us.saturating_sub(*at), now_us.saturating_sub(*at));
            });
            self.snapshots.reached(height);
        } else if now_us < self.seen.published_us + EACH_US {
            return;
        }
        self.seen.published_us = now_us;
        self.seen.peers.retain(|_, heard_us| *heard_us + HEARD_US > now_us);
        let standing = self.machine.standing();
        shared.metrics.stands(&standing);
        {
            let mut validators = shared.validators.lock().unwrap_or_else(PoisonError::into_inner);
            if validators.epoch != self.machine.validators().epoch {
                *validators = self.machine.validators().clone();
            }
        }
        let evidence = self.machine.accused();
        let mut accused = shared.accused.lock().unwrap_or_else(PoisonError::into_inner);
        if accused.len() != evidence.len() {
            *accused = evidence.values().copied().collect();
        }
        *shared.standing.lock().unwrap_or_else(PoisonError::into_inner) = Some(standing);
        // Last: who waits for the height finds everything else told.
        if rises {
            shared.heights.send_replace(height);
        }
    }
}
