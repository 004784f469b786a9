//! Whole networks from outside: what clients are told when something is wrong, and what is left after a crash.

use counterpart_abi::ContractAbi;
use counterpart_client::{Client, Confirmed, Signer, TransactionRequest};
use counterpart_consensus::CommitRule;
use counterpart_ledger::{Action, Address, Gas, Hash, SignedTransaction, contract_address};
use counterpart_node::rpc::RpcServer;
use counterpart_node::{Devnet, DevnetConfig, FAUCET, dev_account};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Native atomic units of every account that [`Net::account`] makes.
pub const FUNDS: u128 = 5_000_000_000;

/// The folder of the finished contracts; `cargo xtask contracts` fills it.
pub fn contracts() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders below the top");
    top.join("target/contracts")
}

/// A finished contract's code.
///
/// # Panics
/// When it was not built.
pub fn code(package: &str) -> Vec<u8> {
    let path = contracts().join(format!("{package}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask contracts`", path.display()))
}

/// A devnet of four replicas with JSON-RPC, and a client of it.
pub struct Net {
    /// The client.
    pub client: Client,
    _server: RpcServer,
    _devnet: Arc<Devnet>,
    _folder: TempDir,
}

impl Net {
    /// Starts one on a folder of its own.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let devnet = Arc::new(Devnet::start(&DevnetConfig::new(folder.path())).expect("a devnet starts"));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = RpcServer::start(devnet.clone(), address).expect("loopback can be served");
        let client = Client::connect(&server.url()).expect("the node answers");
        Self { client, _server: server, _devnet: devnet, _folder: folder }
    }

    /// Stops the network; answers the folder that keeps its data, and the ledger of its first replica therein.
    pub fn into_ledger(self) -> (TempDir, PathBuf) {
        let Self { _server, _devnet, _folder, .. } = self;
        drop((_server, _devnet));
        let ledger = _folder.path().join("replica-0/ledger");
        (_folder, ledger)
    }

    /// An account with [`FUNDS`].
    ///
    /// # Panics
    /// When it cannot be funded.
    pub fn account(&self, name: &str) -> Signer {
        let signer = Signer::new(dev_account(name));
        let fund = Action::Transfer { to: signer.address(), amount: FUNDS };
        let confirmed = self.send(&Signer::new(dev_account(FAUCET)), vec![fund]);
        assert_eq!(confirmed.json["outcome"]["status"], "success");
        signer
    }

    /// A signed transaction with a gas limit, whether or not it would succeed.
    ///
    /// # Panics
    /// When the node does not answer.
    pub fn signed(&self, sender: &Signer, actions: Vec<Action>, gas: u64) -> SignedTransaction {
        let request = TransactionRequest { gas_limit: Some(Gas(gas)), ..TransactionRequest::new(sender, actions) };
        self.client.prepare(&request).expect("the node answers").expect("signed without a simulation")
    }

    /// Sends actions with plenty of gas and waits for their receipt.
    ///
    /// # Panics
    /// When they are not taken.
    pub fn send(&self, sender: &Signer, actions: Vec<Action>) -> Confirmed {
        self.wait(&self.signed(sender, actions, 100_000_000))
    }

    /// Sends a signed transaction and waits for its receipt.
    ///
    /// # Panics
    /// When it is not taken.
    pub fn wait(&self, signed: &SignedTransaction) -> Confirmed {
        let hash = self.client.send(signed).expect("the transaction is taken");
        let rule: CommitRule = "quorum:1".parse().expect("a rule");
        self.client.wait(&hash, &rule, Duration::from_secs(60)).expect("the transaction is certified")
    }

    /// Uploads code and runs its constructor; answers where the contract is.
    ///
    /// # Panics
    /// When it is refused.
    pub fn deploy(&self, sender: &Signer, code: Vec<u8>, input: Vec<u8>) -> Address {
        let simulated = self.signed(sender, vec![Action::Upload { code: code.clone() }], 100_000_000);
        let uploaded = self.wait(&simulated);
        let code_hash = Hash(uploaded.receipt.outputs[0].as_slice().try_into().expect("a hash has 32 bytes"));
        let deploy = Action::Deploy { code_hash, salt: Hash::ZERO, input, value: 0 };
        let deployed = self.send(sender, vec![deploy]);
        assert_eq!(deployed.json["outcome"]["status"], "success", "{}", deployed.json);
        contract_address(&sender.address(), &code_hash, &Hash::ZERO)
    }
}

/// Call data of a method.
///
/// # Panics
/// When the arguments do not fit the interface.
pub fn input(abi: &ContractAbi, method: &str, arguments: &Value) -> Vec<u8> {
    let method = abi.method(method).expect("the interface has the method");
    abi.encode_call(method, arguments.as_object().expect("an object")).expect("arguments fit")
}

/// The interface inside a contract's code.
///
/// # Panics
/// When it has none.
pub fn interface(wasm: &[u8]) -> ContractAbi {
    let prepared = counterpart_module::prepare(wasm, &counterpart_module::Profile::v1()).expect("a module");
    ContractAbi::from_section(&prepared.metadata.expect("an interface")).expect("an interface of this format")
}
