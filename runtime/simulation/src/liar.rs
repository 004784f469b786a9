//! Replicas that lie. Each runs the machine like everybody, and does more with its key.

use crate::faults::Lie;
use counterpart_consensus::{Message, Proposal};
use counterpart_ledger::{Block, Hash, Phase, SecretKey, SignedBy, Statement};
use std::collections::BTreeSet;

/// A liar's own memory.
#[derive(Clone, Debug)]
pub(crate) struct Liar {
    pub lie: Lie,
    key: SecretKey,
    index: u16,
    said: BTreeSet<Statement>,
    /// The block that it sent to the other half, by view.
    other: Option<(u64, Hash)>,
}

/// To which receivers a message goes: by the parity of their index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Half {
    All,
    Even,
    Odd,
}

impl Half {
    pub fn includes(self, index: usize) -> bool {
        match self {
            Self::All => true,
            Self::Even => index.is_multiple_of(2),
            Self::Odd => !index.is_multiple_of(2),
        }
    }
}

impl Liar {
    pub fn new(lie: Lie, key: SecretKey, index: u16) -> Self {
        Self { lie, key, index, said: BTreeSet::new(), other: None }
    }

    /// What it says upon a message that it received: a vote for whatever is proposed, a final for whatever is certified, and
    /// skips of every view.
    pub fn hear(&mut self, message: &Message) -> Vec<Message> {
        let mut said = Vec::new();
        match message {
            Message::Proposal(proposal) => {
                said.extend(self.say(Statement { phase: Phase::Vote, ..proposal.statement }));
                said.extend(self.say(skip(&proposal.statement)));
            }
            Message::Certificate(certificate) if certificate.statement.phase == Phase::Vote => {
                said.extend(self.say(Statement { phase: Phase::Final, ..certificate.statement }));
                said.extend(self.say(skip(&certificate.statement)));
            }
            Message::Signed(statement, _) if statement.phase == Phase::Vote => said.extend(self.say(*statement)),
            Message::Signed(statement, _) if statement.phase == Phase::Skip => said.extend(self.say(*statement)),
            _ => {}
        }
        said
    }

    fn say(&mut self, statement: Statement) -> Option<Message> {
        if self.said.len() > 4_096 {
            self.said.pop_first();
        }
        self.said.insert(statement).then(|| Message::Signed(statement, self.sign(&statement)))
    }

    fn sign(&self, statement: &Statement) -> SignedBy {
        statement.sign(self.index, &self.key)
    }

    /// What becomes of a message that its machine sends.
    pub fn send(&mut self, message: Message) -> Vec<(Half, Message)> {
        match (self.lie, message) {
            (Lie::Equivocate | Lie::Corrupt, Message::Proposal(proposal)) => {
                let other = self.variant(&proposal, |proposal| proposal.block.header.time_ms += 1);
                self.other = Some((other.statement.view, other.statement.block));
                let votes = [proposal.statement, other.statement]
                    .map(|statement| Statement { phase: Phase::Vote, ..statement });
                let mut messages =
                    vec![(Half::Even, Message::Proposal(proposal)), (Half::Odd, Message::Proposal(Box::new(other)))];
                messages.extend(votes.into_iter().filter_map(|vote| self.say(vote)).map(|vote| (Half::All, vote)));
                messages
            }
            (Lie::Withhold, message @ (Message::Signed(..) | Message::Certificate(_) | Message::Proposal(_))) => {
                vec![(Half::Odd, message)]
            }
            (Lie::Forge, Message::Proposal(proposal)) => {
                let wrong = match proposal.statement.view % 3 {
                    0 => self.variant(&proposal, |proposal| proposal.block.header.parent_state_root = Hash([7; 32])),
                    1 => self.variant(&proposal, |proposal| proposal.block.header.height.0 += 1_000),
                    _ => Proposal { block: with_other_transactions(&proposal.block), ..*proposal.clone() },
                };
                // The true one comes after it.
                vec![(Half::All, Message::Proposal(Box::new(wrong))), (Half::Odd, Message::Proposal(proposal))]
            }
            (Lie::Forge, Message::Block(block)) => {
                vec![
                    (Half::All, Message::Block(Box::new(with_other_transactions(&block)))),
                    (Half::All, Message::Block(block)),
                ]
            }
            (Lie::Forge, Message::Certificate(mut certificate)) => {
                // Signatures of others under another statement, and one signer twice.
                certificate.statement.view += 1;
                let twice = certificate.signatures.first().copied();
                certificate.signatures.extend(twice);
                vec![(Half::All, Message::Certificate(certificate))]
            }
            (Lie::Forge, Message::Blocks { mut blocks, approval }) => {
                blocks.iter_mut().for_each(|(block, _)| block.header.time_ms += 1);
                vec![(Half::All, Message::Blocks { blocks, approval })]
            }
            (_, message) => vec![(Half::All, message)],
        }
    }

    fn variant(&self, proposal: &Proposal, change: impl FnOnce(&mut Proposal)) -> Proposal {
        let mut other = proposal.clone();
        change(&mut other);
        other.statement.block = other.block.hash();
        other.signed = self.sign(&other.statement);
        other
    }
}

/// The same header over transactions that it does not name.
fn with_other_transactions(block: &Block) -> Block {
    let mut other = block.clone();
    match other.transactions.first().cloned() {
        Some(first) => other.transactions.push(first),
        None => other.header.transactions_root = Hash([8; 32]),
    }
    other
}

fn skip(statement: &Statement) -> Statement {
    Statement { phase: Phase::Skip, block: Hash::ZERO, ..*statement }
}
