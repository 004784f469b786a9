//! `counterpart tender`: the parts of a tender that happen on nobody's chain.

use super::keys;
use crate::Context;
use crate::chain::address;
use crate::keystore::random;
use crate::output::{Exit, Failure, OrFail};
use counterpart_sealing::committee::{Committee, MAX_MEMBERS};
use counterpart_sealing::tender::{Opening, Place, Ranked, SealedParameter, open_parameter, seal_parameter, select};
use counterpart_sealing::{Sealed, SecretKey};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// What a key signs so that a tender's own key comes of it.
const LABEL: &str = "counterpart/tender-key/1";

/// Seal a parameter for a tender, open responses, and rank them; nothing is sent.
#[derive(clap::Subcommand)]
pub enum Command {
    /// The public key of a tender, made from a key in the store: it goes into the tender's terms.
    Key {
        /// The key's name.
        name: String,
        /// The tender's own words: another tender gets another key.
        #[arg(long)]
        label: String,
    },
    /// Seal a parameter and commit to it: what `respond` takes, and what its responder keeps.
    Seal(SealArguments),
    /// The seed of a committee member's key, to be shown when the tender has closed: what the referee's `show` takes.
    Show {
        /// The key's name.
        name: String,
        /// The tender's own words, as for `tender key`.
        #[arg(long)]
        label: String,
    },
    /// Open responses: what the contract's `select` and `tender rank` take.
    Open {
        /// The key's name.
        name: String,
        /// The tender's own words, as for `tender key`.
        #[arg(long)]
        label: String,
        /// A JSON document with `chain`, `contract`, `tender`, `responses` and, if there is one, `committee`, as `query` answers
        /// them; - is standard input.
        file: PathBuf,
    },
    /// Who would be selected among opened responses.
    Rank {
        /// Units asked for.
        #[arg(long)]
        target: u128,
        /// The highest parameter is the best; else the lowest is.
        #[arg(long)]
        highest_first: bool,
        /// A JSON list of `response`, `partial` and `parameter`, as `tender open` answers it; - is standard input.
        file: PathBuf,
    },
}

/// What is sealed, and for which place.
#[derive(clap::Args)]
pub struct SealArguments {
    /// The tender's public key, 64 hex digits.
    #[arg(long)]
    key: String,
    /// The chain's number.
    #[arg(long)]
    chain: u64,
    /// The tender's contract: a name or an address.
    #[arg(long)]
    contract: String,
    /// The tender's number.
    #[arg(long)]
    tender: u64,
    /// Who responds: a name or an address.
    #[arg(long)]
    responder: String,
    /// Units offered.
    #[arg(long)]
    partial: u128,
    /// The parameter that nobody but the initiator shall see.
    #[arg(long)]
    parameter: u64,
    /// The public key of a committee's member, in their order; given once for each, the parameter is sealed once more for them.
    #[arg(long, value_name = "KEY")]
    member: Vec<String>,
    /// How many members have to show their keys.
    #[arg(long, requires = "member", value_name = "COUNT")]
    threshold: Option<usize>,
}

/// Responses of a tender, as the contract answers them.
#[derive(Deserialize)]
struct Responses {
    chain: u64,
    contract: String,
    tender: u64,
    responses: Vec<Response>,
    committee: Option<Members>,
}

/// A committee, as the referee answers it.
#[derive(Deserialize)]
struct Members {
    members: Vec<String>,
    threshold: usize,
    shown: Vec<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    member: usize,
    seed: String,
}

#[derive(Deserialize)]
struct Response {
    response: u32,
    responder: String,
    #[serde(deserialize_with = "number")]
    partial: u128,
    enc: String,
    ciphertext: String,
    commitment: String,
}

#[derive(Deserialize)]
struct Opened {
    response: u32,
    #[serde(deserialize_with = "number")]
    partial: u128,
    #[serde(deserialize_with = "number")]
    parameter: u128,
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Key { name, label } => {
            let public = hex(&tender_key(context, &name, &label)?.public_key());
            context.output.result(&json!({ "key": public }), &public);
        }
        Command::Show { name, label } => {
            let seed = hex(&*tender_seed(context, &name, &label)?);
            context
                .output
                .note("whoever sees it can open what was sealed for this key: show it when the tender has closed");
            context.output.result(&json!({ "seed": seed }), &seed);
        }
        Command::Seal(arguments) => seal(context, &arguments)?,
        Command::Open { name, label, file } => open(context, &name, &label, &file)?,
        Command::Rank { target, highest_first, file } => {
            let opened: Vec<Opened> = read(&file)?;
            let ranked = opened.iter().map(|Opened { response, partial, parameter }| {
                let parameter = u64::try_from(*parameter).map_err(|_| bad("parameter", parameter))?;
                Ok(Ranked { response: *response, partial: *partial, parameter })
            });
            let (selected, sum) = select(&ranked.collect::<anyhow::Result<Vec<_>>>()?, target, !highest_first);
            let words: Vec<String> = selected.iter().map(u32::to_string).collect();
            let document = json!({ "selected": selected, "sum": sum.to_string() });
            context.output.result(&document, &format!("{}\n{sum} of {target} units", words.join(" ")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tender_key(context: &Context, name: &str, label: &str) -> anyhow::Result<SecretKey> {
    Ok(SecretKey::from_seed(&*tender_seed(context, name, label)?))
}

/// What the key of one tender comes of. Signatures are the same each time (RFC 8032), so nothing has to be kept.
fn tender_seed(context: &Context, name: &str, label: &str) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let signed = keys::open(context, name)?.sign(format!("{LABEL}:{label}").as_bytes());
    // Half of a signature is as hard to guess as the key, and DeriveKeyPair spreads it.
    let (_, half) = signed.0.split_at(32);
    Ok(Zeroizing::new(<[u8; 32]>::try_from(half).unwrap_or_default()))
}

fn committee(members: &[String], threshold: usize) -> anyhow::Result<Committee> {
    let members: Vec<[u8; 32]> =
        members.iter().map(|member| bytes("public key", member)).collect::<anyhow::Result<_>>()?;
    let refused = || {
        Failure::new(Exit::Input, "committee", format!("{threshold} of {} members make no committee", members.len()))
            .hint(format!("1 to {MAX_MEMBERS} members, none twice, and a threshold among them"))
    };
    Ok(Committee::new(&members, threshold).ok_or_else(refused)?)
}

fn seal(context: &Context, arguments: &SealArguments) -> anyhow::Result<()> {
    let SealArguments { key, chain, tender, partial, parameter, .. } = arguments;
    let place = Place {
        chain: *chain,
        contract: address(context, &arguments.contract)?.0,
        tender: *tender,
        responder: address(context, &arguments.responder)?.0,
        partial: *partial,
    };
    let (mut salt, mut seed) = ([0; 16], Zeroizing::new([0; 32]));
    random(&mut salt)?;
    random(seed.as_mut_slice())?;
    let public = bytes::<32>("key", key)?;
    let sealed = seal_parameter(&public, &place, &Opening { parameter: *parameter, salt }, &seed);
    let SealedParameter { mut sealed, commitment } =
        sealed.or_fail(Exit::Input, "key", "nothing can be sealed for it")?;
    if !arguments.member.is_empty() {
        let committee = committee(&arguments.member, arguments.threshold.unwrap_or(arguments.member.len()))?;
        let twice = committee.seal(&place.aad(), &sealed, &seed);
        sealed = twice.or_fail(Exit::Input, "key", "nothing can be sealed for a member")?;
    }
    let document = json!({
        "respond": {
            "tender": tender.to_string(),
            "responder": hex(&place.responder),
            "partial": partial.to_string(),
            "enc": hex(&sealed.enc),
            "ciphertext": hex(&sealed.ciphertext),
            "commitment": hex(&commitment),
        },
        "keep": { "parameter": parameter.to_string(), "salt": hex(&salt), "seed": hex(seed.as_slice()) },
    });
    context.output.note("keep `salt` and `seed` to yourself until the tender has closed: they show what was sealed");
    let text = serde_json::to_string_pretty(&document)?;
    context.output.result(&document, &text);
    Ok(())
}

fn open(context: &Context, name: &str, label: &str, file: &PathBuf) -> anyhow::Result<()> {
    let key = tender_key(context, name, label)?;
    let Responses { chain, contract, tender, responses, committee: members } = read(file)?;
    let second = members.map(|Members { members, threshold, shown }| {
        let keys =
            shown.iter().map(|Shown { member, seed }| Ok((*member, SecretKey::from_seed(&bytes("seed", seed)?))));
        Ok::<_, anyhow::Error>((committee(&members, threshold)?, keys.collect::<anyhow::Result<Vec<_>>>()?))
    });
    let second = second.transpose()?;
    let contract = address(context, &contract)?.0;
    let (mut opened, mut ranked, mut invalid) = (Vec::new(), Vec::new(), Vec::new());
    for Response { response, responder, partial, enc, ciphertext, commitment } in responses {
        let place = Place { chain, contract, tender, responder: bytes("responder", &responder)?, partial };
        let ciphertext =
            hex::decode(ciphertext.trim_start_matches("0x")).map_err(|_| bad("ciphertext", &ciphertext))?;
        let sealed = Sealed { enc: bytes("enc", &enc)?, ciphertext };
        let commitment = bytes("commitment", &commitment)?;
        let once = match &second {
            Some((committee, keys)) => committee.open(&place.aad(), &sealed, keys),
            None => Ok(sealed),
        };
        match once.and_then(|sealed| open_parameter(&key, &place, &SealedParameter { sealed, commitment })) {
            Ok(Opening { parameter, salt }) => {
                let parameter = parameter.to_string();
                ranked.push(json!({ "response": response, "partial": partial.to_string(), "parameter": parameter }));
                opened.push(json!({ "response": response, "parameter": parameter, "salt": hex(&salt) }));
            }
            Err(error) => {
                context.output.note(format!("response {response} is invalid: {error}"));
                invalid.push(response);
            }
        }
    }
    let select = json!({ "tender": tender.to_string(), "opened": opened, "invalid": invalid });
    let document = json!({ "select": select, "rank": ranked });
    let text = serde_json::to_string_pretty(&document)?;
    context.output.result(&document, &text);
    Ok(())
}

fn read<T: for<'a> Deserialize<'a>>(file: &PathBuf) -> anyhow::Result<T> {
    let text = match file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(file),
    };
    let text = text.or_fail(Exit::Input, "file", "it cannot be read")?;
    serde_json::from_str(&text).or_fail(Exit::Input, "file", "it is not what this verb takes")
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes<const N: usize>(name: &str, text: &str) -> anyhow::Result<[u8; N]> {
    let decoded = hex::decode(text.trim_start_matches("0x")).unwrap_or_default();
    <[u8; N]>::try_from(decoded.as_slice()).map_err(|_| bad(name, text))
}

fn bad(name: &str, value: impl std::fmt::Display) -> anyhow::Error {
    Failure::new(Exit::Input, "argument", format!("`{value}` is no {name}")).into()
}

/// Numbers come as numbers, or as text where they are long.
fn number<'a, D: serde::Deserializer<'a>>(deserializer: D) -> Result<u128, D::Error> {
    let found = Value::deserialize(deserializer)?;
    let parsed = found.as_str().map_or_else(|| found.as_u64().map(u128::from), |text| text.parse().ok());
    parsed.ok_or_else(|| serde::de::Error::custom(format!("{found} is no number of units")))
}
