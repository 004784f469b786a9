//! What travels: who sends transactions, how signatures are checked, how messages enter the trace.

use counterpart_consensus::Message;
use counterpart_ledger::{Hash, PublicKey, SecretKey, Signature};
use std::cell::RefCell;
use std::collections::HashSet;

thread_local! {
    static VERIFIED: RefCell<HashSet<(PublicKey, [u8; 32], Signature)>> = RefCell::new(HashSet::new());
}

/// Asks the key once for each signature: replicas in one thread all ask the same.
pub(crate) fn verify(key: &PublicKey, message: &[u8; 32], signature: &Signature) -> bool {
    let entry = (*key, *message, *signature);
    VERIFIED.with_borrow_mut(|verified| {
        if verified.contains(&entry) {
            return true;
        }
        let holds = key.verify(message, signature).is_ok();
        if holds {
            if verified.len() > 200_000 {
                verified.clear();
            }
            verified.insert(entry);
        }
        holds
    })
}

/// The key of an account that sends transactions.
pub(crate) fn sender(index: u64) -> SecretKey {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&index.to_le_bytes());
    SecretKey::from_seed(seed)
}

/// A few bytes that tell messages apart.
pub(crate) fn digest(message: &Message) -> u64 {
    let of = |hash: &Hash| u64::from_le_bytes(hash.0[..8].try_into().expect("8 of 32"));
    match message {
        Message::Proposal(proposal) => of(&proposal.statement.block) ^ 1,
        Message::Signed(statement, signed) => {
            of(&statement.block)
                ^ (statement.view << 8)
                ^ ((statement.phase as u64) << 4)
                ^ (u64::from(signed.signer) << 40)
        }
        Message::Certificate(certificate) => {
            of(&certificate.statement.block) ^ (certificate.statement.view << 9) ^ (certificate.signatures.len() as u64)
        }
        Message::Evidence(_) => 2,
        Message::Transaction(transaction) => of(&transaction.hash()) ^ 3,
        Message::Status { height } => height.0 ^ 4,
        Message::WantBlocks { from } => from.0 ^ 5,
        Message::WantSkips { views } => views.iter().sum::<u64>() ^ 12,
        Message::WantBlock { hash } => of(hash) ^ 6,
        Message::Blocks { blocks, .. } => blocks.len() as u64 ^ 7,
        Message::Block(block) => of(&block.hash()) ^ 8,
        Message::Approval(approval) => approval.height.0 ^ 9,
        Message::WantQuiet { view, .. } => view ^ 10,
        Message::Quiet(word, _) => word.view ^ 11,
    }
}
