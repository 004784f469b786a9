//! `counterpart validators`.

use crate::Context;
use crate::chain::{self, ChainArguments, SendArguments};
use crate::commands::call::send;
use crate::commands::node::{public_key, replica_key};
use crate::output::{Exit, Failure, OrFail};
use counterpart_client::TransactionRequest;
use counterpart_ledger::{Action, ChainId, Evidence, Outcome, SignedBy, ValidatorChange, ValidatorSet, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// See who votes, change that, and record who contradicted itself.
#[derive(clap::Subcommand)]
pub enum Command {
    /// The members of the present epoch.
    Show {
        /// Which chain.
        #[command(flatten)]
        chain: ChainArguments,
    },
    /// Write a proposal of the next members, for the present ones to consent to.
    Propose {
        /// Which chain.
        #[command(flatten)]
        chain: ChainArguments,
        /// The public key of a member; once for each, in the order of their indices.
        #[arg(long, required = true, value_name = "KEY")]
        member: Vec<String>,
        /// R, the votes that certify: more than half of the members.
        #[arg(long)]
        quorum: u16,
        /// The new file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Add the consent of a present member to a proposal.
    Consent {
        /// The proposal.
        file: PathBuf,
        /// The folder of the member's replica, with its key.
        #[arg(long, value_name = "DIR")]
        replica: PathBuf,
    },
    /// Send a proposal to which R present members consent. The block after it is the last of the epoch.
    Change {
        /// How it is sent.
        #[command(flatten)]
        send: SendArguments,
        /// The proposal.
        file: PathBuf,
    },
    /// Members that contradicted themselves, as far as a node knows; with --record, in the state, for good.
    Evidence {
        /// How it is sent.
        #[command(flatten)]
        send: SendArguments,
        /// Record what is not recorded yet.
        #[arg(long)]
        record: bool,
    },
}

/// A proposal as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposal {
    chain: u64,
    /// Canonical encodings, as hex.
    current: String,
    next: String,
    consents: Vec<String>,
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show { chain } => show(context, &chain),
        Command::Propose { chain, member, quorum, out } => propose(context, &chain, &member, quorum, &out),
        Command::Consent { file, replica } => consent(context, &file, &replica),
        Command::Change { send, file } => change(context, &send, &file),
        Command::Evidence { send, record } => evidence(context, &send, record),
    }
}

fn show(context: &Context, chain: &ChainArguments) -> anyhow::Result<ExitCode> {
    let client = chain::connect(chain)?;
    let set = client.validators();
    let mut lines = vec![format!("epoch {}: {} members, quorum {}", set.epoch, set.size(), set.quorum)];
    lines.extend(set.members.iter().enumerate().map(|(index, key)| format!("{index:>4}  {key}")));
    let members: Vec<String> = set.members.iter().map(ToString::to_string).collect();
    context.output.result(&json!({ "epoch": set.epoch, "quorum": set.quorum, "members": members }), &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn propose(
    context: &Context,
    chain: &ChainArguments,
    members: &[String],
    quorum: u16,
    out: &Path,
) -> anyhow::Result<ExitCode> {
    let client = chain::connect(chain)?;
    let current = client.validators();
    let members = members.iter().map(|key| public_key(key)).collect::<anyhow::Result<Vec<_>>>()?;
    let next = ValidatorSet { epoch: current.epoch + 1, members, quorum };
    let number = client.head().map_err(chain::client_failure)?.chain;
    let proposal = Proposal {
        chain: number.0,
        current: hex::encode(encode(current)),
        next: hex::encode(encode(&next)),
        consents: Vec::new(),
    };
    write(out, &proposal)?;
    let text =
        format!("epoch {}: {} members, quorum {quorum}; {} consents needed", next.epoch, next.size(), current.quorum);
    context.output.result(&json!({ "epoch": next.epoch, "needed": current.quorum, "file": out }), &text);
    Ok(ExitCode::SUCCESS)
}

fn consent(context: &Context, file: &Path, replica: &Path) -> anyhow::Result<ExitCode> {
    let mut proposal = read(file)?;
    let (current, next) = sets(&proposal)?;
    let key = replica_key(replica)?;
    let own = key.public_key();
    let place = current.members.iter().position(|member| *member == own);
    let place = place.ok_or_else(|| {
        Failure::new(Exit::Input, "no_member", format!("{own} is no member of epoch {}", current.epoch))
    })?;
    let consent = ValidatorChange::consent(ChainId(proposal.chain), &next, place as u16, &key);
    let text = hex::encode(encode(&consent));
    if !proposal.consents.contains(&text) {
        proposal.consents.push(text);
    }
    write(file, &proposal)?;
    let (have, need) = (proposal.consents.len(), current.quorum);
    context
        .output
        .result(&json!({ "have": have, "needed": need }), &format!("member {place} consents: {have} of {need}"));
    Ok(ExitCode::SUCCESS)
}

fn change(context: &Context, how: &SendArguments, file: &Path) -> anyhow::Result<ExitCode> {
    let proposal = read(file)?;
    let (current, next) = sets(&proposal)?;
    let mut consents: Vec<SignedBy> =
        proposal.consents.iter().map(|text| value("consent", text)).collect::<anyhow::Result<_>>()?;
    consents.sort_by_key(|consent| consent.signer);
    let change = ValidatorChange { current, next, consents };
    // Found out here, where it costs nothing.
    let present = change.current.hash();
    change
        .verify(ChainId(proposal.chain), &present)
        .map_err(|refusal| Failure::new(Exit::No, refusal.name(), refusal))?;
    act(context, how, Action::ChangeValidators { change: Box::new(change) })
}

fn act(context: &Context, how: &SendArguments, action: Action) -> anyhow::Result<ExitCode> {
    let client = chain::connect(&how.chain)?;
    let sender = chain::signer(context, &how.from)?;
    let confirmed = send(&client, &TransactionRequest::new(&sender, vec![action]), how)?;
    if confirmed.receipt.outcome != Outcome::Success {
        return Err(chain::outcome_failure(&confirmed.json["outcome"]));
    }
    let line = chain::certificate_line(client.validators_for(&confirmed), &confirmed);
    context.output.result(&chain::confirmed_json(client.validators_for(&confirmed), &confirmed), &line);
    Ok(ExitCode::SUCCESS)
}

fn evidence(context: &Context, how: &SendArguments, record: bool) -> anyhow::Result<ExitCode> {
    let client = chain::connect(&how.chain)?;
    let known = client.call("chain_evidence", json!({})).map_err(chain::client_failure)?;
    let mut lines = Vec::new();
    let mut recorded = Vec::new();
    for accusation in known.as_array().into_iter().flatten() {
        let evidence: Evidence = value("evidence", accusation["raw"].as_str().unwrap_or_default())?;
        let epoch = evidence.first.0.epoch;
        let set = client.validators_of(epoch).map_err(chain::client_failure)?;
        let chain = client.head().map_err(chain::client_failure)?.chain;
        let member = evidence.verify(set, chain).map_err(|error| Failure::new(Exit::Network, "evidence", error))?;
        lines.push(format!(
            "member {member} of epoch {epoch} in view {}: {} and {}",
            accusation["view"], accusation["statements"][0], accusation["statements"][1]
        ));
        if record {
            let action = Action::Accuse { set: set.clone(), evidence: Box::new(evidence) };
            let sender = chain::signer(context, &how.from)?;
            match send(&client, &TransactionRequest::new(&sender, vec![action]), how) {
                Ok(confirmed) => recorded.push(confirmed.hash.to_string()),
                Err(error) => lines.push(format!("  not recorded: {error}")),
            }
        }
    }
    if lines.is_empty() {
        lines.push("nobody contradicted itself, as far as this node knows".to_owned());
    }
    context.output.result(&json!({ "evidence": known, "recorded": recorded }), &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Proposal> {
    let text = std::fs::read_to_string(file).or_fail(Exit::Input, "proposal", file.display())?;
    serde_json::from_str(&text).or_fail(Exit::Input, "proposal", file.display())
}

fn write(file: &Path, proposal: &Proposal) -> anyhow::Result<()> {
    let text = format!("{:#}\n", serde_json::to_value(proposal)?);
    std::fs::write(file, text).or_fail(Exit::Input, "proposal", file.display())
}

fn sets(proposal: &Proposal) -> anyhow::Result<(ValidatorSet, ValidatorSet)> {
    Ok((value("validators", &proposal.current)?, value("validators", &proposal.next)?))
}

fn value<T: borsh::BorshSerialize + borsh::BorshDeserialize>(what: &'static str, text: &str) -> anyhow::Result<T> {
    let bytes = hex::decode(text.trim_start_matches("0x"));
    let bytes = bytes.map_err(|error| Failure::new(Exit::Input, "bad_hex", format!("{what}: {error}")))?;
    Ok(decode(what, &bytes).map_err(|error| Failure::new(Exit::Input, "bad_encoding", error))?)
}
