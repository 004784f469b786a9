//! Where a replica stands, and what it waits for: so that a chain that is stuck says why, and who is missing.

use super::{Ledger, Machine};
use counterpart_ledger::{Hash, Phase, Statement};
use schemars::JsonSchema;
use serde::Serialize;

/// Where a replica stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Standing {
    /// The epoch.
    pub epoch: u64,
    /// Height of the newest approved block.
    pub height: u64,
    /// The view.
    pub view: u64,
    /// Who leads it.
    pub leader: u16,
    /// The view of the newest certificate.
    pub certified_view: u64,
    /// What this replica said in the view.
    pub said: Vec<&'static str>,
    /// Members that skipped the view.
    pub skippers: Vec<u16>,
    /// Members of whom nothing was heard in the view.
    pub unheard: Vec<u16>,
    /// Members that were silent when it was on them to lead.
    pub away: Vec<u16>,
    /// Members that contradicted themselves.
    pub accused: Vec<u16>,
    /// Blocks that are known and not approved.
    pub waiting_blocks: usize,
    /// Transactions that wait.
    pub waiting_transactions: usize,
    /// Whether finals approve a block that is not here.
    pub lacks_approved: bool,
    /// Whether it may sign.
    pub signs: bool,
}

impl<L: Ledger> Machine<L> {
    /// Where it stands.
    pub fn standing(&self) -> Standing {
        let view = self.core.view();
        let said = self.core.said(view);
        let named = [
            ("proposed", said.proposed.is_some()),
            ("voted", said.voted.is_some()),
            ("final", said.finalized.is_some()),
            ("skipped", said.skipped),
        ];
        let skip = Statement { chain: self.chain, epoch: self.set.epoch, phase: Phase::Skip, view, block: Hash::ZERO };
        let skippers = self.collector.certificate(&skip).signatures;
        Standing {
            epoch: self.set.epoch,
            height: self.ledger.head().height.0,
            view,
            leader: self.core.leader(view),
            certified_view: self.certified_view(),
            said: named.into_iter().filter(|(_, said)| *said).map(|(name, _)| name).collect(),
            skippers: skippers.iter().map(|signed| signed.signer).collect(),
            unheard: (0..self.set.size()).filter(|member| !self.collector.heard(view, *member)).collect(),
            away: self.away.iter().copied().collect(),
            accused: self.accused.keys().map(|(_, member)| *member).collect(),
            waiting_blocks: self.blocks.len(),
            waiting_transactions: self.mempool.len(),
            lacks_approved: self.approved.is_some(),
            signs: self.voter.is_some(),
        }
    }
}
