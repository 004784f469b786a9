//! What moves an amount.

use super::NO_ID;
use counterpart_sdk::prelude::*;

/// Flags of transfers; their numbers are TigerBeetle's.
pub mod transfer_flags {
    /// The next event of the batch succeeds or fails with this one.
    pub const LINKED: u16 = 1;
    /// First phase: the amount is reserved.
    pub const PENDING: u16 = 1 << 1;
    /// Second phase: the reserved amount moves, or a part of it.
    pub const POST_PENDING: u16 = 1 << 2;
    /// Second phase: the reserved amount is given back.
    pub const VOID_PENDING: u16 = 1 << 3;
    /// At most what the debit account has.
    pub const BALANCING_DEBIT: u16 = 1 << 4;
    /// At most what the credit account lacks.
    pub const BALANCING_CREDIT: u16 = 1 << 5;
    /// A pending transfer that closes the debit account until it is voided.
    pub const CLOSING_DEBIT: u16 = 1 << 6;
    /// A pending transfer that closes the credit account until it is voided.
    pub const CLOSING_CREDIT: u16 = 1 << 7;
    /// Every flag there is.
    pub const ALL: u16 = (1 << 8) - 1;
    /// Flags that have no meaning in the second phase.
    pub const FIRST_PHASE: u16 = PENDING | BALANCING_DEBIT | BALANCING_CREDIT | CLOSING_DEBIT | CLOSING_CREDIT;
}

/// A transfer to carry out.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Its id; neither all zeros nor all ones.
    pub id: Hash,
    /// The account that is debited; in the second phase zeros stand for that of the pending transfer.
    pub debit_account: Hash,
    /// The account that is credited; as above.
    pub credit_account: Hash,
    /// How much. A post of the greatest number and a void of 0 mean the whole pending amount.
    pub amount: u128,
    /// In the second phase, the pending transfer; zeros otherwise.
    pub pending_id: Hash,
    /// What the creator makes of it; in the second phase 0 stands for that of the pending transfer.
    pub user_data: u128,
    /// After how many ms a pending transfer expires; 0 for never.
    pub timeout_ms: u64,
    /// The ledger of both accounts; in the second phase 0 stands for it.
    pub ledger: u32,
    /// What kind of transfer it is; in the second phase 0 stands for that of the pending transfer.
    pub code: u16,
    /// See [`transfer_flags`].
    pub flags: u16,
}

/// Where a transfer stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It has moved its amount, or resolved the pending one that it names.
    Done,
    /// Its amount is reserved.
    Pending,
    /// Its amount has moved, or a part of it.
    Posted,
    /// Its amount was given back on request.
    Voided,
    /// Its amount was given back because its time was over.
    Expired,
}

/// A transfer that was carried out.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// It, with the amount that moved or is reserved.
    pub transfer: Transfer,
    /// When, in ms since 1970.
    pub time_ms: u64,
    /// Where it stands.
    pub phase: Phase,
}

impl Transfer {
    pub(super) fn has(&self, flags: u16) -> bool {
        self.flags & flags != 0
    }

    pub(super) fn is_second_phase(&self) -> bool {
        self.has(transfer_flags::POST_PENDING | transfer_flags::VOID_PENDING)
    }

    /// The amount that a second phase moves or gives back.
    pub(super) fn second_phase_amount(&self, pending: &Self) -> u128 {
        let whole = if self.has(transfer_flags::VOID_PENDING) { 0 } else { u128::MAX };
        if self.amount == whole { pending.amount } else { self.amount }
    }

    /// This second phase with everything that it leaves to the pending transfer.
    pub(super) fn completed(&self, pending: &Self) -> Self {
        let or = |id: Hash, other: Hash| if id == NO_ID { other } else { id };
        Self {
            debit_account: or(self.debit_account, pending.debit_account),
            credit_account: or(self.credit_account, pending.credit_account),
            amount: self.second_phase_amount(pending),
            user_data: if self.user_data == 0 { pending.user_data } else { self.user_data },
            ledger: pending.ledger,
            code: pending.code,
            ..self.clone()
        }
    }
}

impl Recorded {
    /// When it expires, in ms since 1970, if it does.
    pub(super) fn expires_ms(&self) -> Option<u64> {
        (self.transfer.timeout_ms > 0).then(|| self.time_ms.saturating_add(self.transfer.timeout_ms))
    }
}
