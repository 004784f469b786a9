//! Actions that concern the validators themselves: who votes next, and who contradicted itself.

use crate::{ChainId, Hash, SecretKey, SignedBy, StateKey, ValidatorSet, crypto::hash, encoding::encode, system_key};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Most members of a set that a change may name.
pub const MAX_MEMBERS: usize = 64;

/// The validators of the next epoch, with the consent of R of the present ones.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct ValidatorChange {
    /// Who votes now: the block says only the hash of it.
    pub current: ValidatorSet,
    /// Who votes in the next epoch.
    pub next: ValidatorSet,
    /// Signatures of present members over [`ValidatorChange::message`], in ascending order of signer.
    pub consents: Vec<SignedBy>,
}

/// Why the system refuses an action about validators. The numbers are stable: receipts carry them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[repr(u16)]
pub enum SystemRefusal {
    /// The present set is another.
    #[error("the validators named as present are not those of this epoch")]
    OtherSet = 1,
    /// The next set cannot be.
    #[error("the next set is not of the next epoch, has no member, too many or one twice, or a quorum of at most half")]
    BadSet = 2,
    /// Too few present members consent.
    #[error("fewer present members than the quorum consent, or a signature does not verify")]
    Consent = 3,
    /// The next epoch's validators are named already.
    #[error("the validators of the next epoch are named already")]
    AlreadyNamed = 4,
    /// The evidence proves nothing.
    #[error("the evidence does not hold for a set of validators that is known here")]
    Evidence = 5,
    /// The member stands accused already.
    #[error("evidence against this member of this epoch is recorded already")]
    Accused = 6,
}

impl SystemRefusal {
    /// The number that receipts carry.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The refusal with a number.
    pub const fn of_code(code: u16) -> Option<Self> {
        Some(match code {
            1 => Self::OtherSet,
            2 => Self::BadSet,
            3 => Self::Consent,
            4 => Self::AlreadyNamed,
            5 => Self::Evidence,
            6 => Self::Accused,
            _ => return None,
        })
    }

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherSet => "other_set",
            Self::BadSet => "bad_set",
            Self::Consent => "no_consent",
            Self::AlreadyNamed => "already_named",
            Self::Evidence => "no_evidence",
            Self::Accused => "already_accused",
        }
    }
}

impl ValidatorChange {
    /// The 32 bytes that present members sign: the chain and the next set, whose epoch is part of it.
    pub fn message(chain: ChainId, next: &ValidatorSet) -> [u8; 32] {
        hash("counterpart/validator-change/1", &[&encode(&(chain, next))]).0
    }

    /// A present member's consent.
    pub fn consent(chain: ChainId, next: &ValidatorSet, signer: u16, key: &SecretKey) -> SignedBy {
        SignedBy { signer, signature: key.sign(&Self::message(chain, next)) }
    }

    /// Checks the change against the set whose hash the block carries.
    ///
    /// # Errors
    /// [`SystemRefusal`] for the first thing that does not hold.
    pub fn verify(&self, chain: ChainId, present: &Hash) -> Result<(), SystemRefusal> {
        let Self { current, next, consents } = self;
        if current.hash() != *present {
            return Err(SystemRefusal::OtherSet);
        }
        let n = next.members.len();
        let twice = next.members.iter().enumerate().any(|(place, key)| next.members[..place].contains(key));
        let quorum = usize::from(next.quorum);
        if next.epoch != current.epoch + 1 || !(1..=MAX_MEMBERS).contains(&n) || twice || quorum > n || quorum * 2 <= n
        {
            return Err(SystemRefusal::BadSet);
        }
        let message = Self::message(chain, next);
        let ascending = consents.is_sorted_by(|one, other| one.signer < other.signer);
        let holds = consents.iter().all(|consent| {
            let member = current.members.get(usize::from(consent.signer));
            member.is_some_and(|key| key.verify(&message, &consent.signature).is_ok())
        });
        if ascending && holds && consents.len() >= usize::from(current.quorum) {
            Ok(())
        } else {
            Err(SystemRefusal::Consent)
        }
    }
}

/// Where the state keeps the evidence against a member of an epoch.
pub fn evidence_key(epoch: u64, member: u16) -> StateKey {
    system_key("evidence", &[&epoch.to_be_bytes(), &member.to_be_bytes()])
}
