//! What a ledger holds, row by row.

use crate::table::{Cell, Kind, Table, TableError};
use crate::words::Interfaces;
use counterpart_ledger::{
    Action, Block, Hash, Height, Outcome, Receipt, StateFault, SystemRefusal, contract_address, encode,
};
use counterpart_storage::{Store, StoreError};

/// A table that can be exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// One row for each block.
    Blocks,
    /// One row for each transaction.
    Transactions,
    /// One row for each action of a transaction, its call decoded.
    Actions,
    /// One row for each event, decoded.
    Events,
    /// One row for each entry of the state after a block, decoded.
    State,
}

/// Why a table cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateFault),
    /// The table cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A block of the span is not there.
    #[error("block {0} is not in this ledger")]
    NoBlock(Height),
}

impl What {
    /// The columns and what they hold.
    pub const fn columns(self) -> &'static [(&'static str, Kind)] {
        use Kind::{Number, Text};
        match self {
            Self::Blocks => &[
                ("height", Number),
                ("hash", Text),
                ("parent", Text),
                ("time_ms", Number),
                ("view", Number),
                ("proposer", Number),
                ("transactions", Number),
                ("gas_used", Number),
                ("fees", Text),
                ("state_root", Text),
                ("votes", Number),
                ("finals", Number),
            ],
            Self::Transactions => &[
                ("height", Number),
                ("transaction", Number),
                ("hash", Text),
                ("sender", Text),
                ("nonce", Number),
                ("actions", Number),
                ("authorizations", Number),
                ("gas_limit", Number),
                ("gas_price", Number),
                ("gas_used", Number),
                ("fee", Text),
                ("status", Text),
                ("error", Text),
                ("events", Number),
                ("evidence", Text),
            ],
            Self::Actions => &[
                ("height", Number),
                ("transaction", Number),
                ("action", Number),
                ("hash", Text),
                ("kind", Text),
                ("contract", Text),
                ("interface", Text),
                ("method", Text),
                ("arguments", Text),
                ("input", Text),
                ("value", Text),
                ("output", Text),
            ],
            Self::Events => &[
                ("height", Number),
                ("transaction", Number),
                ("event", Number),
                ("hash", Text),
                ("contract", Text),
                ("interface", Text),
                ("name", Text),
                ("fields", Text),
                ("topics", Text),
                ("data", Text),
            ],
            Self::State => &[
                ("height", Number),
                ("contract", Text),
                ("interface", Text),
                ("field", Text),
                ("key", Text),
                ("value", Text),
                ("raw_key", Text),
                ("raw_value", Text),
            ],
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Writes the rows of blocks from one height to another. `progress` hears each height.
///
/// # Errors
/// [`ExportError`] when a block is missing or something cannot be read or written.
pub fn export_blocks(
    store: &Store,
    what: What,
    (from, to): (Height, Height),
    table: &mut Table,
    progress: &mut dyn FnMut(Height),
) -> Result<(), ExportError> {
    let mut interfaces = Interfaces::new(store);
    for height in (from.0..=to.0).map(Height) {
        let block = store.block(height)?.ok_or(ExportError::NoBlock(height))?;
        let receipts = store.receipts(height)?.ok_or(ExportError::NoBlock(height))?;
        match what {
            What::Blocks => table.push(block_row(store, &block, &receipts)?)?,
            What::Transactions => {
                for (index, receipt) in receipts.iter().enumerate() {
                    table.push(transaction_row(&block, index, receipt, &mut interfaces))?;
                }
            }
            What::Actions => {
                for (index, receipt) in receipts.iter().enumerate() {
                    action_rows(&block, index, receipt, &mut interfaces)
                        .into_iter()
                        .try_for_each(|row| table.push(row))?;
                }
            }
            What::Events => {
                for (index, receipt) in receipts.iter().enumerate() {
                    event_rows(height, index, receipt, &mut interfaces)
                        .into_iter()
                        .try_for_each(|row| table.push(row))?;
                }
            }
            What::State => {}
        }
        progress(height);
    }
    Ok(())
}

fn block_row(store: &Store, block: &Block, receipts: &[Receipt]) -> Result<Vec<Cell>, ExportError> {
    let header = &block.header;
    let head = store.head_at(header.height)?;
    let gas: u64 = receipts.iter().map(|receipt| receipt.gas_used.0).sum();
    let fees: u128 = receipts.iter().map(|receipt| receipt.fee).sum();
    let votes = store.certificate(header.height)?.map(|certificate| certificate.signatures.len() as u64);
    let finals = store.approval(header.height)?.map(|approval| approval.signatures.len() as u64);
    Ok(vec![
        header.height.0.into(),
        block.hash().to_string().into(),
        header.parent.to_string().into(),
        header.time_ms.into(),
        header.view.into(),
        u64::from(header.proposer).into(),
        (receipts.len() as u64).into(),
        gas.into(),
        fees.to_string().into(),
        head.map(|head| head.state_root.to_string()).into(),
        votes.into(),
        finals.into(),
    ])
}

/// The name of an outcome, and its details.
fn outcome(outcome: &Outcome, interfaces: &mut Interfaces<'_>) -> (&'static str, Option<String>) {
    match outcome {
        Outcome::Success => ("success", None),
        Outcome::Revert { contract, code, data, .. } => {
            let decoded = interfaces.of(contract).and_then(|abi| abi.decode_error(*code, data));
            ("revert", Some(decoded.map_or_else(|| format!("code {code} {}", hex(data)), |error| error.to_string())))
        }
        Outcome::OutOfGas { .. } => ("out_of_gas", None),
        Outcome::StackExhausted { .. } => ("stack_exhausted", None),
        Outcome::Trap { code, .. } => ("trap", Some(format!("{code:?}"))),
        Outcome::NoContract { contract, .. } => ("no_contract", Some(contract.to_string())),
        Outcome::NoCode { code_hash, .. } => ("no_code", Some(code_hash.to_string())),
        Outcome::AddressTaken { contract, .. } => ("address_taken", Some(contract.to_string())),
        Outcome::InsufficientBalance { .. } => ("insufficient_balance", None),
        Outcome::BadModule { code, .. } => ("bad_module", Some(format!("code {code}"))),
        Outcome::Rejected(code) => ("rejected", Some(code.name().to_owned())),
        Outcome::Refused { code, .. } => {
            ("refused", Some(SystemRefusal::of_code(*code).map_or("unknown", SystemRefusal::name).to_owned()))
        }
    }
}

fn transaction_row(block: &Block, index: usize, receipt: &Receipt, interfaces: &mut Interfaces<'_>) -> Vec<Cell> {
    let transaction = block.transactions.get(index).map(|signed| &signed.transaction);
    let (status, error) = outcome(&receipt.outcome, interfaces);
    vec![
        block.header.height.0.into(),
        (index as u64).into(),
        receipt.transaction.to_string().into(),
        transaction.map(|transaction| transaction.sender_address().to_string()).into(),
        transaction.map(|transaction| transaction.nonce).into(),
        transaction.map(|transaction| transaction.actions.len() as u64).into(),
        transaction.map(|transaction| transaction.authorizations.len() as u64).into(),
        transaction.map(|transaction| transaction.gas_limit.0).into(),
        transaction.map(|transaction| transaction.gas_price).into(),
        receipt.gas_used.0.into(),
        receipt.fee.to_string().into(),
        status.into(),
        error.into(),
        (receipt.events.len() as u64).into(),
        receipt.evidence.to_string().into(),
    ]
}

fn action_rows(block: &Block, index: usize, receipt: &Receipt, interfaces: &mut Interfaces<'_>) -> Vec<Vec<Cell>> {
    let Some(signed) = block.transactions.get(index) else { return Vec::new() };
    let transaction = &signed.transaction;
    let mut rows = Vec::new();
    for (number, action) in transaction.actions.iter().enumerate() {
        let (kind, contract, abi, input, value) = match action {
            Action::Upload { code } => ("upload", None, None, Some(hash_of(code).to_string()), 0),
            Action::Deploy { code_hash, salt, input, value } => {
                let address = contract_address(&transaction.sender_address(), code_hash, salt);
                ("deploy", Some(address), interfaces.of_code(code_hash), Some(hex(input)), *value)
            }
            Action::Call { contract, input, value } => {
                ("call", Some(*contract), interfaces.of(contract), Some(hex(input)), *value)
            }
            Action::Transfer { to, amount } => ("transfer", Some(*to), None, None, *amount),
            Action::ChangeValidators { change } => ("change_validators", None, None, Some(hex(&encode(&**change))), 0),
            Action::Accuse { evidence, .. } => ("accuse", None, None, Some(hex(&encode(&**evidence))), 0),
        };
        let raw = match action {
            Action::Deploy { input, .. } | Action::Call { input, .. } => &input[..],
            Action::Upload { .. }
            | Action::Transfer { .. }
            | Action::ChangeValidators { .. }
            | Action::Accuse { .. } => &[],
        };
        let method = abi.as_ref().and_then(|abi| abi.method_of(raw));
        let arguments = abi.as_ref().zip(method).and_then(|(abi, method)| abi.decode_arguments(method, raw).ok());
        rows.push(vec![
            block.header.height.0.into(),
            (index as u64).into(),
            (number as u64).into(),
            receipt.transaction.to_string().into(),
            kind.into(),
            contract.map(|contract| contract.to_string()).into(),
            abi.as_ref().map(|abi| abi.name.clone()).into(),
            method.map(|method| method.name.clone()).into(),
            arguments.map(|arguments| arguments.to_string()).into(),
            input.into(),
            value.to_string().into(),
            receipt.outputs.get(number).map(|output| hex(output)).into(),
        ]);
    }
    rows
}

fn hash_of(code: &[u8]) -> Hash {
    counterpart_execution::code_hash(code)
}

fn event_rows(height: Height, index: usize, receipt: &Receipt, interfaces: &mut Interfaces<'_>) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for (number, event) in receipt.events.iter().enumerate() {
        let abi = interfaces.of(&event.contract);
        let known = abi.as_ref().zip(event.topics.first()).and_then(|(abi, topic)| abi.event(&topic.0));
        let fields = abi.as_ref().zip(known).and_then(|(abi, known)| abi.decode_event(known, &event.data).ok());
        let topics: Vec<String> = event.topics.iter().map(ToString::to_string).collect();
        rows.push(vec![
            height.0.into(),
            (index as u64).into(),
            (number as u64).into(),
            receipt.transaction.to_string().into(),
            event.contract.to_string().into(),
            abi.as_ref().map(|abi| abi.name.clone()).into(),
            known.map(|known| known.name.clone()).into(),
            fields.map(|fields| fields.to_string()).into(),
            topics.join(" ").into(),
            hex(&event.data).into(),
        ]);
    }
    rows
}

/// Writes the state after a block, in the order of its keys. `progress` hears the number of entries.
///
/// # Errors
/// [`ExportError`] when the height is not there or something cannot be read or written.
pub fn export_state(
    store: &Store,
    height: Height,
    table: &mut Table,
    progress: &mut dyn FnMut(u64),
) -> Result<(), ExportError> {
    let state = store.state_at(height)?;
    let mut interfaces = Interfaces::new(store);
    let (mut start, end, mut entries) = (Vec::new(), [u8::MAX; 512], 0);
    while let Some((key, value)) = state.next(&start, &end, false)? {
        let (address, own) = key.split_at(key.len().min(32));
        let address = <[u8; 32]>::try_from(address).map(counterpart_ledger::Address).unwrap_or_default();
        let abi = interfaces.of(&address);
        let known = abi.as_ref().and_then(|abi| abi.decode_stored(own, Some(&value)));
        table.push(vec![
            height.0.into(),
            address.to_string().into(),
            abi.as_ref().map(|abi| abi.name.clone()).into(),
            known.as_ref().map(|known| known.field.clone()).into(),
            known.as_ref().filter(|known| !known.key.is_null()).map(|known| known.key.to_string()).into(),
            known.as_ref().map(|known| known.value.to_string()).into(),
            hex(own).into(),
            hex(&value).into(),
        ])?;
        entries += 1;
        progress(entries);
        start = key;
        start.push(0);
    }
    Ok(())
}
