//! Which transactions may run, before anything of them is executed.

use crate::checked::CheckedTransaction;
use crate::context::{
    BlockContext, MAX_ACTIONS, MAX_AUTHORIZATIONS, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_GAS, intrinsic_gas,
};
use crate::executor::ExecutionFault;
use crate::records::{self, Account};
use counterpart_host_functions::limits;
use counterpart_ledger::{Action, Gas, MAX_MEMBERS, RejectCode, StateRead};

/// What is known of a transaction that may run.
pub(crate) struct Admitted {
    pub intrinsic: Gas,
    /// The sender's, as it was before.
    pub account: Account,
}

/// Whether a transaction may run.
pub(crate) fn admit(
    block: &BlockContext,
    checked: &CheckedTransaction<'_>,
    state: &dyn StateRead,
) -> Result<Result<Admitted, RejectCode>, ExecutionFault> {
    let CheckedTransaction { transaction, sender, bytes, signed, .. } = *checked;
    if !signed {
        return Ok(Err(RejectCode::Signature));
    }
    let inputs_fit = transaction.actions.iter().all(|action| match action {
        Action::Deploy { input, .. } | Action::Call { input, .. } => input.len() <= limits::MAX_INPUT_BYTES as usize,
        Action::ChangeValidators { change } => {
            change.consents.len() <= MAX_MEMBERS && change.next.members.len() <= MAX_MEMBERS
        }
        Action::Upload { .. } | Action::Transfer { .. } | Action::Accuse { .. } => true,
    });
    let counts_fit = (1..=MAX_ACTIONS).contains(&transaction.actions.len())
        && transaction.authorizations.len() <= MAX_AUTHORIZATIONS
        && bytes <= MAX_TRANSACTION_BYTES;
    let intrinsic = intrinsic_gas(bytes, transaction.authorizations.len());
    let limit = transaction.gas_limit;
    if transaction.chain != block.chain {
        return Ok(Err(RejectCode::Chain));
    }
    if !inputs_fit || !counts_fit {
        return Ok(Err(RejectCode::Size));
    }
    if transaction.expires_at < block.height {
        return Ok(Err(RejectCode::Expired));
    }
    if limit < intrinsic || limit.0 > MAX_TRANSACTION_GAS {
        return Ok(Err(RejectCode::GasLimit));
    }
    if transaction.gas_price < block.min_gas_price {
        return Ok(Err(RejectCode::GasPrice));
    }
    let account = records::account(state, &sender)?;
    if account.nonce != transaction.nonce {
        return Ok(Err(RejectCode::Nonce));
    }
    if account.balance < u128::from(limit.0) * u128::from(transaction.gas_price) {
        return Ok(Err(RejectCode::Balance));
    }
    for authorization in &transaction.authorizations {
        let signer = counterpart_ledger::account_address(&authorization.signer);
        let used = state.get(&records::authorization_key(&signer, authorization.nonce))?.is_some();
        if used || authorization.expires_at < block.height {
            return Ok(Err(RejectCode::Authorization));
        }
    }
    Ok(Ok(Admitted { intrinsic, account }))
}
