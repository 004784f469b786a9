//! `chain_`: blocks and who certifies them.

use super::super::answers::{BlockJson, CertificateJson, block_json, hex};
use super::super::backend::Backend;
use super::super::error::RpcError;
use super::super::parameters::resolve;
use super::super::registry::Method;
use super::{BlockParameters, NoParameters, certificate, page_limit};
use counterpart_ledger::{ClientApproval, Height, decode, encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn methods() -> Vec<Method> {
    vec![
        Method::new("chain_head", "The newest block, and the rules of the chain.", &[], head),
        Method::new(
            "chain_block",
            "A block with the roots after it, the votes that certify it and the finals for it.",
            &["unknown_block", "height_above_head"],
            block,
        ),
        Method::new("chain_blocks", "Blocks in the order of their heights, page by page.", &[], blocks),
        Method::new("chain_validators", "Who votes, and how many votes certify.", &[], validators),
        Method::new(
            "chain_evidence",
            "Members that contradicted themselves, with two signatures each that anybody can check.",
            &[],
            evidence,
        ),
        Method::new(
            "chain_quiet",
            "What replicas say of the quiet of a block's view since they forwarded its certificate; asks them, so that a later \
             question finds more.",
            &["unknown_block"],
            quiet,
        ),
        Method::new(
            "chain_approve",
            "Records a client's signed word that a block is final under its own rule.",
            &["bad_approval", "unknown_block"],
            approve,
        ),
        Method::new(
            "chain_approvals",
            "The clients' approvals that are recorded for a block.",
            &["unknown_block"],
            approvals,
        ),
        Method::new(
            "chain_handover",
            "What proves to a light client that an epoch ended and who votes in the next.",
            &["unknown_epoch", "height_pruned"],
            handover,
        ),
        Method::new("chain_genesis", "The document with which the chain begins.", &[], genesis),
    ]
}

/// The newest block.
#[derive(Serialize, JsonSchema)]
struct Head {
    /// Number of the chain.
    chain: u64,
    /// Height of the newest block; 0 for genesis.
    height: u64,
    /// Its hash.
    hash: String,
    /// State root after it.
    state_root: String,
    /// Root of its receipts.
    receipts_root: String,
    /// Root of its events.
    events_root: String,
    /// Its time, in ms since 1970.
    time_ms: u64,
    /// N, the number of replicas.
    replicas: u16,
    /// R, the votes that certify.
    quorum: u16,
    /// Least gas price, in native atomic units.
    min_gas_price: u64,
    /// Rules of execution.
    profile: String,
    /// Hash of the genesis document.
    genesis: String,
    /// Transactions that wait.
    waiting: usize,
    /// Why the node stopped, if it did.
    fault: Option<String>,
}

fn head(backend: &dyn Backend, _: NoParameters) -> Result<Head, RpcError> {
    let (head, genesis) = (backend.store().head(), backend.store().genesis());
    let validators = backend.validators();
    Ok(Head {
        chain: genesis.chain.0,
        height: head.height.0,
        hash: head.hash.to_string(),
        state_root: head.state_root.to_string(),
        receipts_root: head.receipts_root.to_string(),
        events_root: head.events_root.to_string(),
        time_ms: head.time_ms,
        replicas: validators.size(),
        quorum: validators.quorum,
        min_gas_price: genesis.min_gas_price,
        profile: genesis.profile.to_string(),
        genesis: genesis.hash().to_string(),
        waiting: backend.waiting(),
        fault: backend.fault(),
    })
}

/// A block and what is known of it.
#[derive(Serialize, JsonSchema)]
struct BlockAnswer {
    /// The block.
    block: BlockJson,
    /// State root after it.
    state_root: Option<String>,
    /// Root of its receipts.
    receipts_root: Option<String>,
    /// Root of its events.
    events_root: Option<String>,
    /// Votes that certify it.
    certificate: Option<CertificateJson>,
    /// Finals that are known for it.
    approval: Option<CertificateJson>,
}

fn answer(backend: &dyn Backend, height: Height) -> Result<Option<BlockAnswer>, RpcError> {
    let store = backend.store();
    let Some(block) = store.block(height)? else { return Ok(None) };
    let after = store.head_at(height)?;
    Ok(Some(BlockAnswer {
        block: block_json(&block),
        state_root: after.map(|head| head.state_root.to_string()),
        receipts_root: after.map(|head| head.receipts_root.to_string()),
        events_root: after.map(|head| head.events_root.to_string()),
        certificate: certificate(store.certificate(height)?),
        approval: certificate(store.approval(height)?),
    }))
}

fn block(backend: &dyn Backend, parameters: BlockParameters) -> Result<BlockAnswer, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let found = answer(backend, height)?;
    found.ok_or_else(|| RpcError::new("unknown_block", format!("block {height} has no body: it is genesis")))
}

/// Which page of blocks.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct BlocksParameters {
    /// The height to begin with; without it, 1, or the newest when descending.
    from: Option<u64>,
    /// From new to old.
    descending: bool,
    /// Most blocks of the page: 1 to 100.
    limit: Option<u32>,
}

/// A page of blocks.
#[derive(Serialize, JsonSchema)]
struct Blocks {
    /// The blocks.
    blocks: Vec<BlockAnswer>,
    /// `from` of the next page; null at the end.
    next: Option<u64>,
}

fn blocks(backend: &dyn Backend, parameters: BlocksParameters) -> Result<Blocks, RpcError> {
    let limit = page_limit(parameters.limit)?;
    let head = backend.store().head().height.0;
    let mut at = parameters.from.unwrap_or(if parameters.descending { head } else { 1 });
    if parameters.descending {
        at = at.min(head);
    }
    let mut blocks = Vec::new();
    while blocks.len() < limit && (1..=head).contains(&at) {
        blocks.extend(answer(backend, Height(at))?);
        at = if parameters.descending { at - 1 } else { at + 1 };
    }
    Ok(Blocks { blocks, next: (1..=head).contains(&at).then_some(at) })
}

/// Who votes.
#[derive(Serialize, JsonSchema)]
struct Validators {
    /// Number of the set.
    epoch: u64,
    /// R, the votes that certify.
    quorum: u16,
    /// Public keys, in the order of their indices.
    members: Vec<String>,
    /// Hash of the set, as headers carry it.
    hash: String,
    /// Canonical encoding.
    raw: String,
}

fn validators(backend: &dyn Backend, _: NoParameters) -> Result<Validators, RpcError> {
    let set = backend.validators();
    Ok(Validators {
        epoch: set.epoch,
        quorum: set.quorum,
        members: set.members.iter().map(ToString::to_string).collect(),
        hash: set.hash().to_string(),
        raw: hex(encode(&set)),
    })
}

/// The genesis document.
#[derive(Serialize, JsonSchema)]
struct Genesis {
    /// Its hash: the parent of block 1.
    hash: String,
    /// Canonical encoding.
    raw: String,
}

fn genesis(backend: &dyn Backend, _: NoParameters) -> Result<Genesis, RpcError> {
    let genesis = backend.store().genesis();
    Ok(Genesis { hash: genesis.hash().to_string(), raw: hex(encode(genesis)) })
}

/// A contradiction.
#[derive(Serialize, JsonSchema)]
struct Accusation {
    /// Index of the member in its set.
    member: u16,
    /// The epoch of the set.
    epoch: u64,
    /// The view of both statements.
    view: u64,
    /// What was said: two phases, each with its block.
    statements: [String; 2],
    /// Canonical encoding.
    raw: String,
}

fn evidence(backend: &dyn Backend, _: NoParameters) -> Result<Vec<Accusation>, RpcError> {
    let told = |evidence: counterpart_ledger::Evidence| {
        let (one, signed) = evidence.first;
        let said = |statement: &counterpart_ledger::Statement| {
            format!("{:?} {}", statement.phase, statement.block).to_lowercase()
        };
        Accusation {
            member: signed.signer,
            epoch: one.epoch,
            view: one.view,
            statements: [said(&one), said(&evidence.second.0)],
            raw: hex(encode(&evidence)),
        }
    };
    Ok(backend.accused().into_iter().map(told).collect())
}

/// A replica's word.
#[derive(Serialize, JsonSchema)]
struct Word {
    /// Index of the member.
    member: u16,
    /// ms since it forwarded the certificate.
    elapsed_ms: u64,
    /// Members that skipped the view.
    skippers: u16,
    /// Most votes for another block in the view.
    others: u16,
    /// Canonical encoding of the word and the signature.
    raw: String,
}

fn quiet(backend: &dyn Backend, parameters: BlockParameters) -> Result<Vec<Word>, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let votes = backend.store().certificate(height)?;
    let votes = votes.ok_or_else(|| RpcError::new("unknown_block", format!("block {height} has no votes here")))?;
    let words = backend.quiet(votes.statement.view, &votes.statement.block);
    let told = |(word, signed): (counterpart_ledger::Quiet, counterpart_ledger::SignedBy)| Word {
        member: signed.signer,
        elapsed_ms: word.elapsed_ms,
        skippers: word.skippers,
        others: word.others,
        raw: hex(encode(&(word, signed))),
    };
    Ok(words.into_iter().map(told).collect())
}

/// A client's approval.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApproveParameters {
    /// Canonical encoding of the approval, as hex.
    approval: String,
}

/// Whether an approval was taken.
#[derive(Serialize, JsonSchema)]
struct Approved {
    /// Whether it was not recorded before.
    new: bool,
}

fn approve(backend: &dyn Backend, parameters: ApproveParameters) -> Result<Approved, RpcError> {
    let bad = |what: String| RpcError::new("bad_approval", what);
    let digits = parameters.approval.trim_start_matches("0x");
    let bytes = ::hex::decode(digits).map_err(|error| bad(error.to_string()))?;
    let approval: ClientApproval = decode("approval", &bytes).map_err(|error| bad(error.to_string()))?;
    let (store, height) = (backend.store(), approval.height);
    if approval.verify(store.genesis().chain).is_err() {
        return Err(bad("it is of another chain, its rule is too long, or its signature does not verify".to_owned()));
    }
    match store.block(height)? {
        Some(block) if block.hash() == approval.block => Ok(Approved { new: backend.approve(approval) }),
        _ => Err(RpcError::new("unknown_block", format!("block {height} is not {}", approval.block))),
    }
}

/// A recorded approval.
#[derive(Serialize, JsonSchema)]
struct ApprovalAnswer {
    /// The client's public key.
    client: String,
    /// Its rule.
    rule: String,
    /// Canonical encoding.
    raw: String,
}

fn approvals(backend: &dyn Backend, parameters: BlockParameters) -> Result<Vec<ApprovalAnswer>, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let told = |approval: ClientApproval| ApprovalAnswer {
        client: approval.client.to_string(),
        raw: hex(encode(&approval)),
        rule: approval.rule,
    };
    Ok(backend.store().client_approvals(height)?.into_iter().map(told).collect())
}

/// Which change of validators.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HandoverParameters {
    /// The epoch that ended.
    epoch: u64,
}

/// A change of validators.
#[derive(Serialize, JsonSchema)]
struct HandoverAnswer {
    /// Height of the last block of the epoch.
    height: u64,
    /// Members of the next epoch.
    members: Vec<String>,
    /// Its quorum.
    quorum: u16,
    /// Canonical encoding: header, finals, next validators, and the proof that the state names them.
    raw: String,
}

fn handover(backend: &dyn Backend, parameters: HandoverParameters) -> Result<HandoverAnswer, RpcError> {
    let store = backend.store();
    let unknown = || RpcError::new("unknown_epoch", format!("epoch {} has not ended", parameters.epoch));
    let handover = store.handover(parameters.epoch)?.ok_or_else(unknown)?;
    let (height, set) = (handover.header.height.0, &handover.next);
    let (members, quorum) = (set.members.iter().map(ToString::to_string).collect(), set.quorum);
    Ok(HandoverAnswer { height, members, quorum, raw: hex(encode(&handover)) })
}
