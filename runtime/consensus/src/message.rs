//! What replicas send each other. All of it is untrusted until its signatures are checked.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{
    Block, Certificate, ClientApproval, DecodeError, Evidence, Hash, Height, Quiet, SignedBy, SignedTransaction,
    SnapshotPart, Statement, decode, encode,
};

/// A block with everything that justifies it, by value: nobody has to know anything before.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    /// What the leader signed: the view and the block.
    pub statement: Statement,
    /// By whom.
    pub signed: SignedBy,
    /// The block.
    pub block: Block,
    /// The view in which the parent was certified; 0 for the block that the epoch builds on.
    pub parent_view: u64,
    /// The votes for the parent; the approval that ended the epoch before, for the block that this one builds on; none for
    /// genesis.
    pub certificate: Option<Certificate>,
    /// Skips of every view between.
    pub skips: Vec<Certificate>,
}

/// A message between replicas.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// The leader's proposal.
    Proposal(Box<Proposal>),
    /// A vote, a final or a skip.
    Signed(Statement, SignedBy),
    /// R votes or skips, or R or more finals, as one object.
    Certificate(Certificate),
    /// A contradiction.
    Evidence(Box<Evidence>),
    /// A transaction on its way to a leader.
    Transaction(Box<SignedTransaction>),
    /// How far the sender is: the height of its newest approved block.
    Status {
        /// The height.
        height: Height,
    },
    /// Asks for approved blocks from a height on.
    WantBlocks {
        /// The first.
        from: Height,
    },
    /// Asks for proofs that views were skipped: a leader lacks them.
    WantSkips {
        /// The views.
        views: Vec<u64>,
    },
    /// Asks for one block by hash, which a certificate named.
    WantBlock {
        /// The hash.
        hash: Hash,
    },
    /// Approved blocks in the order of their heights, each with its votes, and finals for the last or one after it.
    Blocks {
        /// The blocks.
        blocks: Vec<(Block, Certificate)>,
        /// Finals for the last of them.
        approval: Option<Certificate>,
    },
    /// One block that was asked for.
    Block(Box<Block>),
    /// A client's approval, for the record.
    Approval(Box<ClientApproval>),
    /// Asks for the receiver's word on a block in a view.
    WantQuiet {
        /// The view.
        view: u64,
        /// The block.
        block: Hash,
    },
    /// Its word.
    Quiet(Quiet, SignedBy),
    /// Asks for a part of a snapshot.
    WantSnapshot {
        /// Which; none for the newest there is.
        of: Option<Height>,
        /// Which part.
        part: SnapshotPart,
    },
    /// The part.
    Snapshot {
        /// Height of the block after which the state is taken.
        of: Height,
        /// Which part.
        part: SnapshotPart,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

impl Message {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a message whole.
    ///
    /// # Errors
    /// [`DecodeError`] for anything but a canonical encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode("message", bytes)
    }
}
