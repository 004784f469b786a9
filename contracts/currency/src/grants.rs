//! What the depository grants: each request of a granter once.

use crate::Currency;
use crate::book::Pot;
use crate::error::GrantOutcome;
use crate::event::Granted;
use crate::terms::Class;
use counterpart_contracts::requests::Request;
use counterpart_sdk::prelude::*;

/// Grants of one message, at most.
pub const MAX_GRANTS: u32 = 50;

/// A grant to be paid.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The id that the granter chose. The same id pays once.
    pub id: Hash,
    /// To whom.
    pub to: Address,
    /// How many units.
    pub units: u128,
}

impl Currency {
    /// Pays a grant, if it can be and was not before.
    pub(crate) fn pay_grant(&mut self, grant: &Grant, memo: &[u8]) -> GrantOutcome {
        let Grant { id, to, units } = grant;
        let by = env::caller();
        match self.requests.look_at(&by, id, &(to, units)) {
            Request::Repeated => return GrantOutcome::AlreadyGranted,
            Request::Different => return GrantOutcome::IdUsed,
            Request::New => {}
        }
        let Some(looked) = self.book.look_at(to) else { return GrantOutcome::NoAccount };
        let refusals = [
            (looked.account.class == Class::NonGrant, GrantOutcome::NotGrantee),
            (self.identity_holds(to, &looked.account) != Some(true), GrantOutcome::IdentityRevoked),
            (!looked.settled, GrantOutcome::SettleFirst),
            (self.book.totals().depository < *units, GrantOutcome::DepositoryShort),
        ];
        if let Some((_, outcome)) = refusals.into_iter().find(|(applies, _)| *applies) {
            return outcome;
        }
        self.requests.note(&by, id, &(to, units));
        // What settling recovers enters the depository: what was enough before is enough now.
        let mut account = self.book.enter(to, looked);
        let mut totals = self.book.totals();
        totals.shift(Pot::Depository, Pot::Circulating, *units);
        totals.granted += units;
        self.book.set_totals(&totals);
        self.book.add_units(&mut account.holding, account.class, *units);
        self.book.set_account(to, &account);
        Granted { account: *to, id: *id, units: *units, memo: memo.to_vec() }.emit();
        GrantOutcome::Granted
    }
}
