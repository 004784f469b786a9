//! Folders of replicas: a key, a configuration, and the document with which the chain begins.

use crate::Context;
use crate::output::{Exit, Failure, OrFail};
use counterpart_consensus::Record;
use counterpart_ledger::{
    Address, ChainId, Genesis, GenesisAccount, PublicKey, SecretKey, ValidatorSet, account_address, decode, encode,
};
use counterpart_module::Profile;
use counterpart_node::{FAUCET, JOURNAL, Journal, dev_account};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Native atomic units of the development faucet.
const FAUCET_FUNDS: u128 = 1_000_000_000_000_000_000_000_000_000;

/// `node.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Where other replicas reach this one.
    pub listen: SocketAddr,
    /// Where clients reach it. Keep it on loopback or behind a proxy: it does not encrypt.
    pub rpc: SocketAddr,
    /// The other replicas, as KEY@ADDRESS.
    #[serde(default)]
    pub peers: Vec<String>,
    /// Finals on which this replica executes a block for good; R if it is less.
    #[serde(default)]
    pub approve_at: u16,
    /// ms between blocks without transactions.
    #[serde(default = "heartbeat")]
    pub heartbeat_ms: u64,
    /// A snapshot for those who start anew is made after every so many blocks; 0 makes none.
    #[serde(default = "snapshots")]
    pub snapshot_every: u64,
    /// Origins whose pages may ask this replica.
    #[serde(default)]
    pub allow_origins: Vec<String>,
    /// Whether to serve the auditor's page on the port of clients.
    #[serde(default)]
    pub explorer: bool,
}

impl Configuration {
    /// The other replicas.
    pub fn peers(&self) -> anyhow::Result<Vec<counterpart_node::Peer>> {
        self.peers.iter().map(|peer| peer_of(peer)).collect()
    }
}

fn heartbeat() -> u64 {
    5_000
}

fn snapshots() -> u64 {
    10_000
}

/// `counterpart node init`.
#[derive(clap::Args)]
pub struct Init {
    /// The new folder.
    folder: PathBuf,
    /// Where other replicas will reach this one.
    #[arg(long, default_value = "127.0.0.1:7600", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where clients will reach it.
    #[arg(long, default_value = "127.0.0.1:7545", value_name = "ADDRESS")]
    rpc: SocketAddr,
    /// Another replica, as KEY@ADDRESS; can be given again.
    #[arg(long, value_name = "PEER")]
    peer: Vec<String>,
}

/// `counterpart node genesis`.
#[derive(clap::Args)]
pub struct GenesisArguments {
    /// The public key of a member, as `counterpart node init` prints it; once for each, in the order of their indices.
    #[arg(long, required = true, value_name = "KEY")]
    member: Vec<String>,
    /// R, the votes that certify: more than half of the members.
    #[arg(long)]
    quorum: u16,
    /// The chain's number; part of everything that is signed.
    #[arg(long)]
    chain: u64,
    /// First balances, as ADDRESS=AMOUNT; can be given again.
    #[arg(long, value_name = "ADDRESS=AMOUNT")]
    fund: Vec<String>,
    /// Give the development faucet, whose key everyone has, native currency too.
    #[arg(long)]
    development: bool,
    /// Who receives the fees; the first member's account if it is not given.
    #[arg(long, value_name = "ADDRESS")]
    fee_collector: Option<String>,
    /// The new file. Give each replica a copy, named `genesis`, in its folder.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// `counterpart node network`.
#[derive(clap::Args)]
pub struct NetworkArguments {
    /// The new folder; replicas are `replica-0` and so on in it.
    folder: PathBuf,
    /// N.
    #[arg(long, default_value_t = 4)]
    replicas: u16,
    /// R; the least that is more than two thirds of N if it is not given.
    #[arg(long)]
    quorum: Option<u16>,
    /// The chain's number.
    #[arg(long, default_value_t = 1337)]
    chain: u64,
    /// Port of the first replica's links; the others follow.
    #[arg(long, default_value_t = 7600)]
    port: u16,
    /// Port for the clients of the first replica; the others follow.
    #[arg(long, default_value_t = 7545)]
    rpc_port: u16,
    /// ms between blocks without transactions.
    #[arg(long, default_value_t = 5_000)]
    heartbeat_ms: u64,
    /// Blocks between two snapshots for those who start anew.
    #[arg(long, default_value_t = snapshots())]
    snapshot_every: u64,
}

/// `counterpart node resume`.
#[derive(clap::Args)]
pub struct Resume {
    /// The replica's folder. The replica must not run.
    folder: PathBuf,
    /// The epoch of which the others speak.
    #[arg(long)]
    epoch: u64,
    /// The view below which this replica signs nothing: above the highest that any of R other replicas names.
    #[arg(long)]
    view: u64,
}

/// Lets a replica whose journal is lost sign again, from a view on in which it cannot have signed.
pub fn resume(context: &Context, arguments: &Resume) -> anyhow::Result<ExitCode> {
    let Resume { folder, epoch, view } = arguments;
    let (key, path) = (replica_key(folder)?.public_key(), folder.join(JOURNAL));
    if Journal::read(&path, key).is_ok() {
        let message = format!("{} is whole", path.display());
        let failure = Failure::new(Exit::Input, "not_lost", message);
        return Err(failure.hint("this replica knows what it signed: start it").into());
    }
    if path.exists() {
        let kept = path.with_extension("damaged");
        std::fs::rename(&path, &kept).or_fail(Exit::Input, "journal", kept.display())?;
    }
    let records = vec![Record::resumption(*epoch, *view)];
    Journal::create(&path, key, records).or_fail(Exit::Input, "journal", path.display())?;
    let text = format!("signs from view {view} of epoch {epoch} on");
    context.output.result(&json!({ "epoch": epoch, "view": view }), &text);
    Ok(ExitCode::SUCCESS)
}

/// Makes a replica's folder.
pub fn init(context: &Context, arguments: Init) -> anyhow::Result<ExitCode> {
    for peer in &arguments.peer {
        peer_of(peer)?;
    }
    let Init { folder, listen, rpc, peer: peers } = arguments;
    let configuration = Configuration {
        listen,
        rpc,
        peers,
        approve_at: 0,
        heartbeat_ms: heartbeat(),
        snapshot_every: snapshots(),
        allow_origins: Vec::new(),
        explorer: false,
    };
    let key = make(&folder, &configuration)?;
    let document = json!({ "folder": folder, "key": key.to_string(), "peer": format!("{key}@{listen}") });
    let text = format!(
        "key {key}\nothers reach it as {key}@{listen}\nnext: put the chain's document into {} as `genesis`, then `counterpart \
         node run`",
        folder.display()
    );
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}

/// A folder with a new key and a configuration.
fn make(folder: &Path, configuration: &Configuration) -> anyhow::Result<PublicKey> {
    if folder.join("node.toml").exists() {
        let failure =
            Failure::new(Exit::Input, "exists", format!("{} is a replica's folder already", folder.display()));
        return Err(failure.hint("name another folder").into());
    }
    std::fs::create_dir_all(folder).or_fail(Exit::Input, "folder", folder.display())?;
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| Failure::new(Exit::Bug, "random", error))?;
    let path = folder.join("replica.key");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).or_fail(Exit::Input, "key", path.display())?;
    file.write_all(&*seed).and_then(|()| file.sync_all()).or_fail(Exit::Input, "key", path.display())?;
    let text = toml::to_string(configuration).map_err(|error| Failure::new(Exit::Bug, "config", error))?;
    let path = folder.join("node.toml");
    std::fs::write(&path, text).or_fail(Exit::Input, "config", path.display())?;
    // A new key signed nothing. Without its journal a replica signs nothing more: it may be one that lost its memory.
    let (key, path) = (SecretKey::from_seed(*seed).public_key(), folder.join(JOURNAL));
    Journal::create(&path, key, Vec::new()).or_fail(Exit::Input, "journal", path.display())?;
    Ok(key)
}

/// The seed of a replica's key.
pub fn seed(folder: &Path) -> anyhow::Result<zeroize::Zeroizing<[u8; 32]>> {
    let path = folder.join("replica.key");
    let bytes = zeroize::Zeroizing::new(std::fs::read(&path).or_fail(Exit::Input, "key", path.display())?);
    let seed = <[u8; 32]>::try_from(bytes.as_slice());
    let seed = seed.map_err(|_| Failure::new(Exit::Input, "key", format!("{}: a key has 32 bytes", path.display())))?;
    Ok(zeroize::Zeroizing::new(seed))
}

/// A replica's key.
pub fn replica_key(folder: &Path) -> anyhow::Result<SecretKey> {
    Ok(SecretKey::from_seed(*seed(folder)?))
}

/// A replica's configuration.
pub fn configuration(folder: &Path) -> anyhow::Result<Configuration> {
    let path = folder.join("node.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::new(Exit::Input, "config", format!("{}: {error}", path.display()))
            .hint("`counterpart node init` makes a replica's folder")
    })?;
    let read = toml::from_str(&text);
    Ok(read.map_err(|error| Failure::new(Exit::Input, "config", format!("{}: {error}", path.display())))?)
}

/// The document with which the chain of a replica begins.
pub fn read_genesis(folder: &Path) -> anyhow::Result<Genesis> {
    let path = folder.join("genesis");
    let bytes = std::fs::read(&path).map_err(|error| {
        Failure::new(Exit::Input, "genesis", format!("{}: {error}", path.display()))
            .hint("`counterpart node genesis` writes it; every replica has the same")
    })?;
    Ok(decode("genesis", &bytes).map_err(|error| Failure::new(Exit::Input, "genesis", error))?)
}

/// A peer as KEY@ADDRESS.
pub fn peer_of(text: &str) -> anyhow::Result<counterpart_node::Peer> {
    counterpart_node::parse_peer(text).ok_or_else(|| {
        Failure::new(Exit::Input, "bad_peer", format!("`{text}` is no peer"))
            .hint("write the 64 hex digits of its key, @, and its address: KEY@127.0.0.1:7600")
            .into()
    })
}

/// A public key as hex digits.
pub fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim_start_matches("0x"), &mut bytes)
        .map_err(|_| Failure::new(Exit::Input, "bad_key", format!("`{text}` is no public key: 64 hex digits")))?;
    Ok(PublicKey(bytes))
}

/// Writes the document with which a chain begins.
pub fn genesis(context: &Context, arguments: &GenesisArguments) -> anyhow::Result<ExitCode> {
    let members = arguments.member.iter().map(|key| public_key(key)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut accounts = Vec::new();
    for fund in &arguments.fund {
        let bad = || {
            Failure::new(Exit::Input, "bad_fund", format!("`{fund}` is no balance"))
                .hint("write ADDRESS=AMOUNT, the amount in atomic units")
        };
        let (address, amount) = fund.split_once('=').ok_or_else(bad)?;
        let address = crate::chain::address(context, address)?;
        accounts.push(GenesisAccount { address, balance: amount.parse().map_err(|_| bad())? });
    }
    let collector = arguments.fee_collector.as_ref().map(|text| crate::chain::address(context, text)).transpose()?;
    let chain = Chain { number: arguments.chain, quorum: arguments.quorum, development: arguments.development };
    let document = document(&chain, members, accounts, collector)?;
    std::fs::write(&arguments.out, encode(&document)).or_fail(Exit::Input, "genesis", arguments.out.display())?;
    let text = format!(
        "chain {}: {} members, quorum {}; genesis {}",
        arguments.chain,
        document.validators.size(),
        document.validators.quorum,
        document.hash()
    );
    context.output.result(&json!({ "genesis": document.hash().to_string(), "file": arguments.out }), &text);
    Ok(ExitCode::SUCCESS)
}

struct Chain {
    number: u64,
    quorum: u16,
    development: bool,
}

fn document(
    chain: &Chain,
    members: Vec<PublicKey>,
    mut accounts: Vec<GenesisAccount>,
    collector: Option<Address>,
) -> anyhow::Result<Genesis> {
    let n = members.len() as u16;
    let twice = members.iter().enumerate().any(|(place, key)| members[..place].contains(key));
    if twice || n > 64 || chain.quorum > n || chain.quorum * 2 <= n {
        let message = format!("{n} members with a quorum of {}", chain.quorum);
        let failure = Failure::new(Exit::Input, "bad_quorum", message);
        return Err(failure.hint("at most 64 different members, and more than half of them as quorum").into());
    }
    if chain.development {
        let address = account_address(&dev_account(FAUCET).public_key());
        accounts.push(GenesisAccount { address, balance: FAUCET_FUNDS });
    }
    accounts.sort_by_key(|account| account.address);
    accounts.dedup_by_key(|account| account.address);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
    let fee_collector = collector.unwrap_or_else(|| account_address(&members[0]));
    Ok(Genesis {
        chain: ChainId(chain.number),
        time_ms: time,
        profile: Profile::v1().hash(),
        validators: ValidatorSet { epoch: 0, members, quorum: chain.quorum },
        fee_collector,
        min_gas_price: 1,
        accounts,
    })
}

/// Makes the folders of a network on this machine.
pub fn network(context: &Context, arguments: &NetworkArguments) -> anyhow::Result<ExitCode> {
    let n = arguments.replicas;
    let quorum = arguments.quorum.unwrap_or(n * 2 / 3 + 1);
    let folder = |index: u16| arguments.folder.join(format!("replica-{index}"));
    let address = |port: u16, index: u16| SocketAddr::from(([127, 0, 0, 1], port.saturating_add(index)));
    let mut keys = Vec::new();
    let mut configurations = Vec::new();
    for index in 0..n {
        let configuration = Configuration {
            listen: address(arguments.port, index),
            rpc: address(arguments.rpc_port, index),
            peers: Vec::new(),
            approve_at: 0,
            heartbeat_ms: arguments.heartbeat_ms,
            snapshot_every: arguments.snapshot_every,
            allow_origins: Vec::new(),
            explorer: index == 0,
        };
        keys.push(make(&folder(index), &configuration)?);
        configurations.push(configuration);
    }
    let chain = Chain { number: arguments.chain, quorum, development: true };
    let bytes = encode(&document(&chain, keys.clone(), Vec::new(), None)?);
    for (index, configuration) in (0..n).zip(&mut configurations) {
        let others = (0..n).filter(|other| *other != index);
        configuration.peers =
            others.map(|other| format!("{}@{}", keys[usize::from(other)], address(arguments.port, other))).collect();
        let text = toml::to_string(configuration).map_err(|error| Failure::new(Exit::Bug, "config", error))?;
        for (name, content) in [("node.toml", text.as_bytes()), ("genesis", &bytes[..])] {
            let path = folder(index).join(name);
            std::fs::write(&path, content).or_fail(Exit::Input, "folder", path.display())?;
        }
    }
    let rpc: Vec<String> = configurations.iter().map(|own| format!("http://{}", own.rpc)).collect();
    let text = format!(
        "{n} replicas, quorum {quorum}, in {}; start each with `counterpart node run`",
        arguments.folder.display()
    );
    context.output.result(&json!({ "replicas": n, "quorum": quorum, "rpc": rpc, "folder": arguments.folder }), &text);
    Ok(ExitCode::SUCCESS)
}
