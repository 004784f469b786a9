//! What a node counts, in the text format of Prometheus.

use crate::machine::Standing;
use counterpart_consensus::Message;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Upper bounds of times, in us.
const BOUNDS_US: [u64; 15] = [
    250, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// Counters of a running node.
#[derive(Default)]
pub(crate) struct Metrics {
    height: AtomicU64,
    view: AtomicU64,
    epoch: AtomicU64,
    peers_unheard: AtomicU64,
    peers_away: AtomicU64,
    accused: AtomicU64,
    blocks_waiting: AtomicU64,
    messages_received: AtomicU64,
    bytes_received: AtomicU64,
    messages_malformed: AtomicU64,
    messages_sent: AtomicU64,
    bytes_sent: AtomicU64,
    messages_dropped: AtomicU64,
    votes_received: AtomicU64,
    messages_waiting: AtomicU64,
    peers: AtomicU64,
    approved_at_us: AtomicU64,
    between: Histogram,
    certified: Histogram,
    approved: Histogram,
    recorded: Histogram,
    transactions: AtomicU64,
}

/// How often something took how long.
#[derive(Default)]
struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    fn add(&self, us: u64) {
        let place = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(BOUNDS_US.len());
        self.buckets[place].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    fn write(&self, text: &mut String, name: &str, help: &str) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        let mut count = 0;
        for (place, bucket) in self.buckets.iter().enumerate() {
            count += bucket.load(Relaxed);
            let bound =
                BOUNDS_US.get(place).map_or("+Inf".to_owned(), |bound| format!("{}", *bound as f64 / 1_000_000.0));
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        let sum = self.sum_us.load(Relaxed) as f64 / 1_000_000.0;
        let _ = writeln!(text, "{name}_sum {sum}\n{name}_count {count}");
    }
}

impl Metrics {
    pub fn received(&self, message: &Message, bytes: usize) {
        self.messages_received.fetch_add(1, Relaxed);
        self.bytes_received.fetch_add(bytes as u64, Relaxed);
        if matches!(message, Message::Signed(..)) {
            self.votes_received.fetch_add(1, Relaxed);
        }
    }

    pub fn malformed(&self) {
        self.messages_malformed.fetch_add(1, Relaxed);
    }

    pub fn sent(&self, bytes: usize) {
        self.messages_sent.fetch_add(1, Relaxed);
        self.bytes_sent.fetch_add(bytes as u64, Relaxed);
    }

    pub fn dropped(&self) {
        self.messages_dropped.fetch_add(1, Relaxed);
    }

    /// Of a node that goes on above a height.
    pub fn above(height: u64) -> Self {
        Self { height: height.into(), ..Self::default() }
    }

    /// A block is approved.
    pub fn approved(&self, height: u64, now_us: u64) {
        self.height.store(height, Relaxed);
        let before_us = self.approved_at_us.swap(now_us, Relaxed);
        // The first after a start says nothing of the network.
        if before_us > 0 {
            self.between.add(now_us.saturating_sub(before_us));
        }
    }

    /// A block has R finals, and is on disk, so long after its proposal was seen.
    pub fn approved_after(&self, finals_us: u64, recorded_us: u64) {
        self.approved.add(finals_us);
        self.recorded.add(recorded_us);
    }

    /// Transactions executed in approved blocks since the start.
    pub fn executed(&self, transactions: u64) {
        self.transactions.store(transactions, Relaxed);
    }

    /// A block is certified so long after its proposal was seen.
    pub fn certified(&self, us: u64) {
        self.certified.add(us);
    }

    /// Messages that wait for the machine, and peers that were heard lately.
    pub fn links(&self, waiting: usize, peers: usize) {
        self.messages_waiting.store(waiting as u64, Relaxed);
        self.peers.store(peers as u64, Relaxed);
    }

    pub fn stands(&self, standing: &Standing) {
        self.view.store(standing.view, Relaxed);
        self.epoch.store(standing.epoch, Relaxed);
        self.peers_unheard.store(standing.unheard.len() as u64, Relaxed);
        self.peers_away.store(standing.away.len() as u64, Relaxed);
        self.accused.store(standing.accused.len() as u64, Relaxed);
        self.blocks_waiting.store(standing.waiting_blocks as u64, Relaxed);
    }

    /// The exposition text.
    pub fn text(&self, transactions_waiting: usize) -> String {
        let gauges = [
            ("counterpart_height", "Height of the newest approved block.", self.height.load(Relaxed)),
            ("counterpart_view", "The view.", self.view.load(Relaxed)),
            ("counterpart_epoch", "The epoch.", self.epoch.load(Relaxed)),
            ("counterpart_peers", "Peers heard in the last seconds.", self.peers.load(Relaxed)),
            ("counterpart_messages_waiting", "Messages from peers that wait.", self.messages_waiting.load(Relaxed)),
            ("counterpart_members_unheard", "Members not heard in this view.", self.peers_unheard.load(Relaxed)),
            ("counterpart_members_away", "Members silent when it was on them to lead.", self.peers_away.load(Relaxed)),
            ("counterpart_members_accused", "Members that contradicted themselves.", self.accused.load(Relaxed)),
            ("counterpart_blocks_waiting", "Blocks known and not approved.", self.blocks_waiting.load(Relaxed)),
            ("counterpart_transactions_waiting", "Transactions that wait.", transactions_waiting as u64),
        ];
        let counters = [
            ("counterpart_messages_received_total", "Messages from peers.", self.messages_received.load(Relaxed)),
            ("counterpart_bytes_received_total", "Bytes from peers.", self.bytes_received.load(Relaxed)),
            (
                "counterpart_votes_received_total",
                "Votes, finals and skips from peers.",
                self.votes_received.load(Relaxed),
            ),
            (
                "counterpart_messages_malformed_total",
                "Messages that could not be read.",
                self.messages_malformed.load(Relaxed),
            ),
            (
                "counterpart_transactions_executed_total",
                "Transactions of approved blocks.",
                self.transactions.load(Relaxed),
            ),
            ("counterpart_messages_sent_total", "Messages to peers.", self.messages_sent.load(Relaxed)),
            ("counterpart_bytes_sent_total", "Bytes to peers.", self.bytes_sent.load(Relaxed)),
            (
                "counterpart_messages_dropped_total",
                "Messages lost to a full queue.",
                self.messages_dropped.load(Relaxed),
            ),
        ];
        let mut text = String::new();
        for (kind, values) in [("gauge", &gauges[..]), ("counter", &counters[..])] {
            for (name, help, value) in values {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
            }
        }
        self.between.write(&mut text, "counterpart_block_interval_seconds", "Time between approved blocks.");
        let help = "From a proposal to its certificate.";
        self.certified.write(&mut text, "counterpart_certify_seconds", help);
        self.approved.write(&mut text, "counterpart_approve_seconds", "From a proposal to the finals that approve it.");
        let help = "From a proposal to its block on disk.";
        self.recorded.write(&mut text, "counterpart_record_seconds", help);
        text
    }
}
