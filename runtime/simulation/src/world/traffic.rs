//! What travels: who sends transactions, how signatures are checked, how messages enter the trace.

use super::{ACCOUNTS, CHAIN, START_MS, What, World};
use counterpart_consensus::Message;
use counterpart_ledger::{
    Action, Gas, Hash, Height, PublicKey, SecretKey, Signature, Transaction, ValidatorChange, ValidatorSet,
    account_address,
};
use counterpart_node::machine::Ledger;
use std::cell::RefCell;
use std::collections::HashSet;

thread_local! {
    static VERIFIED: RefCell<HashSet<(PublicKey, [u8; 32], Signature)>> = RefCell::new(HashSet::new());
}

/// Asks the key once for each signature: replicas in one thread all ask the same.
pub(super) fn verify(key: &PublicKey, message: &[u8; 32], signature: &Signature) -> bool {
    let entry = (*key, *message, *signature);
    if VERIFIED.with_borrow(|verified| verified.contains(&entry)) {
        return true;
    }
    let holds = key.verify(message, signature).is_ok();
    if holds {
        made(key, *message, *signature);
    }
    holds
}

/// Remembers a signature that its signer just made.
pub(super) fn made(key: &PublicKey, message: [u8; 32], signature: Signature) {
    VERIFIED.with_borrow_mut(|verified| {
        if verified.len() > 200_000 {
            verified.clear();
        }
        verified.insert((*key, message, signature));
    });
}

/// The key of an account that sends transactions.
pub(super) fn sender(index: u64) -> SecretKey {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&index.to_le_bytes());
    SecretKey::from_seed(seed)
}

impl World {
    /// A transfer from one of a few accounts, given to some replica.
    pub(super) fn submit(&mut self) {
        let wait = 1_000_000 / self.plan.transactions.max(1);
        self.at(self.now_us + wait, What::Submit);
        let index = self.random.below(ACCOUNTS - 1);
        let to = account_address(&sender(1_000 + index).public_key());
        self.send_transaction(index, Action::Transfer { to, amount: 1 });
    }

    /// All honest members name the validators of the next epoch: the same, so that whoever watches knows them.
    pub(super) fn change_validators(&mut self) {
        let wait = 1_500_000 + self.random.below(2_000_000);
        self.at(self.now_us + wait, What::Change);
        let Some(current) =
            self.replicas.iter().find_map(|own| own.machine.as_ref()).map(|machine| machine.validators().clone())
        else {
            return;
        };
        let next = ValidatorSet { epoch: current.epoch + 1, ..current.clone() };
        let honest = (0..).zip(&self.replicas).filter(|(_, own)| own.liar.is_none());
        let consents = honest.map(|(index, own)| ValidatorChange::consent(CHAIN, &next, index, &own.key)).collect();
        let change = Box::new(ValidatorChange { current, next, consents });
        self.send_transaction(ACCOUNTS - 1, Action::ChangeValidators { change });
    }

    fn send_transaction(&mut self, index: u64, action: Action) {
        let key = sender(index);
        let replica = self.random.below(self.replicas.len() as u64) as usize;
        let nonce = self.nonces[index as usize];
        let transaction = Transaction {
            chain: CHAIN,
            sender: key.public_key(),
            nonce,
            gas_limit: Gas(50_000_000),
            gas_price: 1,
            expires_at: Height(u64::MAX),
            actions: vec![action],
            authorizations: Vec::new(),
        };
        let signed = transaction.sign(&key);
        let Some(machine) = self.replicas[replica].machine.as_mut() else { return };
        let now_ms = self.now_us / 1_000 + START_MS;
        if machine.take(signed.clone(), now_ms).is_err() {
            // Lost with a crash: the sender goes on from what the chain says.
            let state = machine.ledger().state();
            let account = counterpart_execution::account(&*state, &account_address(&key.public_key()));
            self.nonces[index as usize] = account.map(|account| account.nonce).unwrap_or(nonce);
            return;
        }
        self.nonces[index as usize] = nonce + 1;
        self.step(replica, |machine, now| machine.submitted(signed, now));
    }
}

/// A few bytes that tell messages apart.
pub(super) fn digest(message: &Message) -> u64 {
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
        Message::WantSnapshot { .. } | Message::Snapshot { .. } => 13,
    }
}
