//! Actions about the validators: naming the next ones, and recording who contradicted itself.

use crate::executor::ExecutionFault;
use crate::gas::cost;
use crate::work::Work;
use counterpart_host_functions::HostFunction;
use counterpart_ledger::{
    Evidence, NamedValidators, Outcome, StateKey, SystemRefusal, ValidatorChange, ValidatorSet, decode, encode,
    evidence_key, validators_key,
};

/// A signature that is checked, as for an authorisation.
const SIGNATURE_GAS: u64 = 400_000;
/// Two signatures, and an entry that is written.
pub(crate) const ACCUSE_GAS: u64 = 2 * SIGNATURE_GAS + 200_000;

/// What naming the next validators costs: its signatures, and two entries of up to two kilobytes.
pub(crate) fn change_gas(change: &ValidatorChange) -> u64 {
    cost(HostFunction::transfer, 0) + 400_000 + SIGNATURE_GAS * change.consents.len() as u64
}

pub(crate) fn outcome(action: u16, result: Result<(), SystemRefusal>) -> Outcome {
    match result {
        Ok(()) => Outcome::Success,
        Err(refusal) => Outcome::Refused { action, code: refusal.code() },
    }
}

/// Names the validators of the next epoch.
pub(crate) fn change(work: &mut Work, change: &ValidatorChange) -> Result<Result<(), SystemRefusal>, ExecutionFault> {
    if let Err(refusal) = change.verify(work.block.chain, &work.block.validator_set) {
        return Ok(Err(refusal));
    }
    let key = validators_key(change.next.epoch);
    if work.view.get(&key)?.is_some() {
        return Ok(Err(SystemRefusal::AlreadyNamed));
    }
    // The first set is in genesis alone until now; evidence against its members has to find it later.
    let present = validators_key(change.current.epoch);
    if work.view.get(&present)?.is_none() {
        let named = NamedValidators { set: change.current.clone(), named_at: counterpart_ledger::Height(0) };
        work.view.set(present, Some(encode(&named)));
    }
    let named = NamedValidators { set: change.next.clone(), named_at: work.block.height };
    work.view.set(key, Some(encode(&named)));
    Ok(Ok(()))
}

/// Records evidence against a member of this epoch or of one before.
pub(crate) fn accuse(
    work: &mut Work,
    set: &ValidatorSet,
    evidence: &Evidence,
) -> Result<Result<(), SystemRefusal>, ExecutionFault> {
    let known = set.hash() == work.block.validator_set || is_named(work, &validators_key(set.epoch), set)?;
    let Some(member) = evidence.verify(set, work.block.chain).ok().filter(|_| known) else {
        return Ok(Err(SystemRefusal::Evidence));
    };
    let key = evidence_key(set.epoch, member);
    if work.view.get(&key)?.is_some() {
        return Ok(Err(SystemRefusal::Accused));
    }
    work.view.set(key, Some(encode(evidence)));
    Ok(Ok(()))
}

fn is_named(work: &Work, key: &StateKey, set: &ValidatorSet) -> Result<bool, ExecutionFault> {
    let Some(bytes) = work.view.get(key)? else { return Ok(false) };
    let named: NamedValidators = decode("validators", &bytes).map_err(|error| ExecutionFault(error.to_string()))?;
    Ok(named.set == *set)
}
