//! Requests and what becomes of them.

use crate::error::ClientError;
use crate::transaction::{Signer, TransactionRequest};
use counterpart_abi::ContractAbi;
use counterpart_consensus::{CommitRule, Decision, Sight};
use counterpart_ledger::{
    Address, Authorization, Certificate, ChainId, ClientApproval, Gas, Genesis, Handover, Hash, Header, Height,
    LightClient, Outcome, Phase, Quiet, Receipt, SignedBy, SignedTransaction, Transaction, ValidatorSet, decode,
    encode,
};
use jsonrpsee_core::client::{ClientT, Error as RpcError};
use jsonrpsee_core::params::ObjectParams;
use jsonrpsee_http_client::{HttpClient, HttpClientBuilder};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Gas that simulations may use.
const SIMULATION_GAS: Gas = Gas(1_000_000_000);
/// Blocks for which a transaction can be included.
const VALIDITY: u64 = 1_000;

pub(crate) type Result<T> = std::result::Result<T, ClientError>;

/// The newest block, as the node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The chain.
    pub chain: ChainId,
    /// Its height.
    pub height: Height,
    /// The state root after it.
    pub state_root: Hash,
    /// Least gas price.
    pub min_gas_price: u64,
}

/// What a simulation found.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// What would become of it.
    pub receipt: Receipt,
    /// The same as JSON, with errors and events decoded.
    pub json: Value,
    /// Who would have to consent: address, contract, hash of the input.
    pub requests: Vec<(Address, Address, Hash)>,
}

/// What a query answered.
#[derive(Clone, Debug)]
pub struct Queried {
    /// How it ended, as JSON, with errors decoded.
    pub outcome: Value,
    /// What it returned.
    pub output: Vec<u8>,
    /// Gas that it used.
    pub gas_used: u64,
}

/// A transaction that is final under the client's rule.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The transaction.
    pub hash: Hash,
    /// Height of its block.
    pub height: Height,
    /// What became of it.
    pub receipt: Receipt,
    /// The same as JSON, with errors and events decoded.
    pub json: Value,
    /// The votes that certify the block.
    pub certificate: Certificate,
    /// The finals that the client decided by.
    pub approval: Certificate,
    /// Whether a later certificate covers the result too.
    pub result_certified: bool,
}

/// A connection to a node.
pub struct Client {
    url: String,
    http: HttpClient,
    runtime: tokio::runtime::Runtime,
    validators: ValidatorSet,
    /// The sets of earlier epochs, by epoch.
    earlier: Vec<ValidatorSet>,
    chain: ChainId,
}

impl Client {
    /// Connects, and follows the chain's validators from the genesis document that the node gives.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when nobody answers there.
    pub fn connect(url: &str) -> Result<Self> {
        let unreachable = |cause: String| ClientError::Unreachable { url: url.to_owned(), cause };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| unreachable(error.to_string()))?;
        let http = HttpClientBuilder::default().max_request_size(4 << 20).build(url);
        let http = http.map_err(|error| unreachable(error.to_string()))?;
        let validators = ValidatorSet { epoch: 0, members: Vec::new(), quorum: 0 };
        let (url, earlier) = (url.to_owned(), Vec::new());
        let mut client = Self { url, http, runtime, validators, earlier, chain: ChainId(0) };
        let genesis: Genesis = client.raw("chain_genesis", json!({}))?;
        client.chain = genesis.chain;
        client.validators = genesis.validators.clone();
        client.follow(LightClient::new(&genesis))?;
        Ok(client)
    }

    /// Follows the changes of validators: each is proved by the validators before, from genesis on.
    fn follow(&mut self, mut light: LightClient) -> Result<()> {
        const METHOD: &str = "chain_handover";
        let present: ValidatorSet = self.raw("chain_validators", json!({}))?;
        while light.validators().epoch < present.epoch {
            self.earlier.push(light.validators().clone());
            let handover: Handover = self.raw(METHOD, json!({ "epoch": light.validators().epoch }))?;
            light.hand_over(&handover).map_err(|error| self.answer(METHOD, error))?;
        }
        self.validators = light.validators().clone();
        Ok(())
    }

    /// The chain's number.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// Where the node is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The set whose signatures count.
    pub fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// The set of an epoch that has ended or runs.
    ///
    /// # Errors
    /// [`ClientError::Answer`] for an epoch that began after this client connected.
    pub fn validators_of(&self, epoch: u64) -> Result<&ValidatorSet> {
        let known = self.earlier.iter().chain([&self.validators]).find(|set| set.epoch == epoch);
        known.ok_or_else(|| self.answer("chain_validators", "the validators have changed: connect again"))
    }

    /// The set whose finals a transaction was confirmed by.
    pub fn validators_for(&self, confirmed: &Confirmed) -> &ValidatorSet {
        self.validators_of(confirmed.approval.statement.epoch).unwrap_or(&self.validators)
    }

    /// Calls a method with an object of parameters.
    ///
    /// # Errors
    /// [`ClientError`] when the node cannot be reached or says no.
    pub fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        let mut object = ObjectParams::new();
        for (name, value) in parameters.as_object().into_iter().flatten() {
            object.insert(name, value).map_err(|error| self.answer(method, error))?;
        }
        let answer = self.runtime.block_on(self.http.request::<Value, _>(method, object));
        answer.map_err(|error| match error {
            RpcError::Call(error) => {
                let data: Value =
                    error.data().and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default();
                let text = |name: &str| data[name].as_str().map(str::to_owned);
                let name = text("name").unwrap_or_else(|| error.code().to_string());
                ClientError::Refused { name, message: error.message().to_owned(), hint: text("hint") }
            }
            other => ClientError::Unreachable { url: self.url.clone(), cause: other.to_string() },
        })
    }

    pub(crate) fn answer(&self, method: &str, cause: impl ToString) -> ClientError {
        ClientError::Answer { method: method.to_owned(), cause: cause.to_string() }
    }

    /// Decodes the `raw` field of an answer.
    fn raw<T: borsh_value::Value>(&self, method: &str, parameters: Value) -> Result<T> {
        let answer = self.call(method, parameters)?;
        self.decode(method, &answer)
    }

    pub(crate) fn decode<T: borsh_value::Value>(&self, method: &str, value: &Value) -> Result<T> {
        let bytes = self.hex(method, &value["raw"])?;
        decode("value", &bytes).map_err(|error| self.answer(method, error))
    }

    pub(crate) fn hex(&self, method: &str, value: &Value) -> Result<Vec<u8>> {
        let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
        let digits = digits.ok_or_else(|| self.answer(method, "expected hex"))?;
        hex::decode(digits).map_err(|error| self.answer(method, error))
    }

    fn hash(&self, method: &str, value: &Value) -> Result<Hash> {
        value.as_str().and_then(Hash::from_hex).ok_or_else(|| self.answer(method, "expected a hash"))
    }

    /// The newest block.
    ///
    /// # Errors
    /// [`ClientError`] when the node cannot be reached.
    pub fn head(&self) -> Result<Head> {
        let answer = self.call("chain_head", json!({}))?;
        let number = |name: &str| answer[name].as_u64().ok_or_else(|| self.answer("chain_head", name));
        Ok(Head {
            chain: ChainId(number("chain")?),
            height: Height(number("height")?),
            state_root: self.hash("chain_head", &answer["state_root"])?,
            min_gas_price: number("min_gas_price")?,
        })
    }

    /// The next nonce and the native balance of an account.
    ///
    /// # Errors
    /// [`ClientError`] when the node cannot be reached.
    pub fn account(&self, address: &Address) -> Result<(u64, u128)> {
        let answer = self.call("account_get", json!({ "address": address.to_string() }))?;
        let nonce = answer["nonce"].as_u64();
        let balance = answer["balance"].as_str().and_then(|text| text.parse().ok());
        nonce.zip(balance).ok_or_else(|| self.answer("account_get", "expected nonce and balance"))
    }

    /// The interface of a contract.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when there is no contract or it has no interface.
    pub fn abi(&self, contract: &Address) -> Result<ContractAbi> {
        let answer = self.call("contract_abi", json!({ "contract": contract.to_string() }))?;
        let section = self.hex("contract_abi", &answer["section"])?;
        ContractAbi::from_section(&section).map_err(|error| self.answer("contract_abi", error))
    }

    /// Asks a contract.
    ///
    /// # Errors
    /// [`ClientError`] when the node cannot be reached; how the call ended is in the answer.
    pub fn query(&self, contract: &Address, caller: &Address, input: &[u8]) -> Result<Queried> {
        let parameters = json!({
            "contract": contract.to_string(),
            "caller": caller.to_string(),
            "input": format!("0x{}", hex::encode(input)),
        });
        let answer = self.call("contract_query", parameters)?;
        Ok(Queried {
            outcome: answer["outcome"].clone(),
            output: self.hex("contract_query", &answer["output"])?,
            gas_used: answer["gas_used"].as_u64().unwrap_or(0),
        })
    }

    /// Runs a transaction without keeping anything.
    ///
    /// # Errors
    /// [`ClientError`] when the node cannot be reached; how it would end is in the answer.
    pub fn simulate(&self, transaction: &Transaction) -> Result<Simulated> {
        let parameters = json!({ "transaction": format!("0x{}", hex::encode(encode(transaction))) });
        let answer = self.call("tx_simulate", parameters)?;
        let receipt = self.decode("tx_simulate", &answer["receipt"])?;
        let mut requests = Vec::new();
        for request in answer["requests"].as_array().into_iter().flatten() {
            let Hash(address) = self.hash("tx_simulate", &request["address"])?;
            let Hash(contract) = self.hash("tx_simulate", &request["contract"])?;
            requests.push((Address(address), Address(contract), self.hash("tx_simulate", &request["input_hash"])?));
        }
        Ok(Simulated { receipt, json: answer["receipt"].clone(), requests })
    }

    /// Makes a transaction: finds nonce and gas, collects the consents that it needs, signs.
    ///
    /// A transaction that would fail is made all the same when a gas limit is given; without one, the failure is in the
    /// simulation's receipt and nothing is signed.
    ///
    /// # Errors
    /// [`ClientError::Consent`] when somebody has to consent whose key is not here.
    pub fn prepare(
        &self,
        request: &TransactionRequest<'_>,
    ) -> Result<std::result::Result<SignedTransaction, Simulated>> {
        let head = self.head()?;
        let (next, balance) = self.account(&request.sender.address())?;
        // Nobody can simulate with more gas than the account could pay for.
        let affordable = balance / u128::from(head.min_gas_price.max(1));
        let simulation_gas = Gas(u64::try_from(affordable).unwrap_or(u64::MAX).min(SIMULATION_GAS.0));
        let mut transaction = Transaction {
            chain: head.chain,
            sender: request.sender.key.public_key(),
            nonce: request.nonce.unwrap_or(next),
            gas_limit: request.gas_limit.unwrap_or(simulation_gas),
            gas_price: head.min_gas_price,
            expires_at: Height(head.height.0 + VALIDITY),
            actions: request.actions.clone(),
            authorizations: Vec::new(),
        };
        if let (Some(_), []) = (request.gas_limit, request.signers) {
            return Ok(Ok(transaction.sign(&request.sender.key)));
        }
        let simulated = self.simulate(&transaction)?;
        if simulated.receipt.outcome != Outcome::Success && request.gas_limit.is_none() {
            return Ok(Err(simulated));
        }
        for (address, contract, input_hash) in &simulated.requests {
            let mut known = std::iter::once(request.sender).chain(request.signers);
            let signer = known.find(|signer| signer.address() == *address);
            let signer = signer.ok_or_else(|| ClientError::Consent { address: address.to_string() })?;
            let authorization = self.consent(signer, *contract, *input_hash, &transaction);
            transaction.authorizations.push(authorization);
        }
        if request.gas_limit.is_none() {
            // Consents cost gas that the simulation has not seen, and the state may have moved a little.
            let used = simulated.receipt.gas_used.0 + 400_000 * transaction.authorizations.len() as u64;
            transaction.gas_limit = Gas((used + used / 5 + 50_000).min(SIMULATION_GAS.0));
        }
        Ok(Ok(transaction.sign(&request.sender.key)))
    }

    fn consent(
        &self,
        signer: &Signer,
        contract: Address,
        input_hash: Hash,
        transaction: &Transaction,
    ) -> Authorization {
        // Unused before: the sender's nonce is used once, and one call is consented to once in a transaction.
        let mut unique = [0; 8];
        let digest = encode(&(transaction.sender, transaction.nonce, contract, input_hash));
        let digest: [u8; 32] = <sha3::Sha3_256 as sha3::Digest>::digest(digest).into();
        unique.copy_from_slice(&digest[..8]);
        let nonce = u64::from_le_bytes(unique);
        Authorization::sign(&signer.key, transaction.chain, contract, input_hash, nonce, transaction.expires_at)
    }

    /// Sends a transaction; it waits for a block then.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when it would be rejected.
    pub fn send(&self, signed: &SignedTransaction) -> Result<Hash> {
        let answer = self.call("tx_send", json!({ "transaction": format!("0x{}", hex::encode(encode(signed))) }))?;
        self.hash("tx_send", &answer["hash"])
    }

    /// Waits until a transaction is final under a rule; every signature is checked.
    ///
    /// # Errors
    /// [`ClientError::Timeout`] when it takes longer, [`ClientError::Answer`] when signatures do not verify.
    pub fn wait(&self, hash: &Hash, rule: &CommitRule, patience: Duration) -> Result<Confirmed> {
        let start = Instant::now();
        let mut quorum_seen: Option<Instant> = None;
        loop {
            if let Some(confirmed) = self.confirmed(hash)? {
                let seen = *quorum_seen.get_or_insert_with(Instant::now);
                let finals = confirmed.approval.signatures.len() as u16;
                let mut waited = seen.elapsed().as_millis() as u64;
                let mut disturbed = false;
                // Replicas that run by themselves saw more than this client, which has no links of its own: it counts what R
                // of them say. Where they run in lockstep there is nothing to say.
                if let CommitRule::Synchronous { .. } = rule
                    && self.is_network()?
                {
                    let sight = self.sight(&confirmed)?;
                    waited = sight.map_or(0, |sight| sight.elapsed_ms);
                    disturbed = sight.is_some_and(|sight| sight.skippers.max(sight.others) > 0);
                }
                if rule.decide(self.validators_for(&confirmed), finals, waited, disturbed) == Decision::Final {
                    return Ok(confirmed);
                }
            }
            if start.elapsed() > patience {
                let what = format!("transaction {hash}");
                return Err(ClientError::Timeout { what, rule: rule.to_string(), seconds: patience.as_secs() });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_network(&self) -> Result<bool> {
        Ok(!self.call("node_standing", json!({}))?.is_null())
    }

    /// What R replicas saw of the view of a transaction's block since they forwarded its certificate; `None` while fewer say
    /// anything. Every signature is checked.
    ///
    /// # Errors
    /// [`ClientError::Answer`] when the node's answer cannot be read.
    pub fn sight(&self, confirmed: &Confirmed) -> Result<Option<Sight>> {
        const METHOD: &str = "chain_quiet";
        let answer = self.call(METHOD, json!({ "height": confirmed.height.0 }))?;
        let words = answer.as_array().into_iter().flatten().map(|word| self.decode::<(Quiet, SignedBy)>(METHOD, word));
        let words = words.collect::<Result<Vec<_>>>()?;
        let about = &confirmed.certificate.statement;
        Ok(Sight::of_replicas(self.validators_for(confirmed), &words, about.view, &about.block))
    }

    /// Sends this client's word that a transaction's block is final under its rule, for replicas to record.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the node does not take it.
    pub fn approve(&self, confirmed: &Confirmed, rule: &CommitRule, client: &Signer) -> Result<()> {
        let block = confirmed.certificate.statement.block;
        let approval = ClientApproval::sign(&client.key, self.chain, confirmed.height, block, rule.to_string());
        self.call("chain_approve", json!({ "approval": format!("0x{}", hex::encode(encode(&approval))) })).map(|_| ())
    }

    /// A transaction with its certificates, verified; `None` while it waits.
    ///
    /// # Errors
    /// [`ClientError::Answer`] when signatures do not verify or are for another block.
    pub fn confirmed(&self, hash: &Hash) -> Result<Option<Confirmed>> {
        const METHOD: &str = "tx_receipt";
        let answer = self.call(METHOD, json!({ "hash": hash.to_string() }))?;
        if answer["status"] != "certified" {
            return Ok(None);
        }
        let receipt: Receipt = self.decode(METHOD, &answer["receipt"])?;
        let certificate: Certificate = self.decode(METHOD, &answer["certificate"])?;
        let approval: Certificate = self.decode(METHOD, &answer["approval"])?;
        for (votes, phase) in [(&certificate, Phase::Vote), (&approval, Phase::Final)] {
            let set = self.validators_of(votes.statement.epoch)?;
            let verified = votes.verify(set, self.chain, phase, usize::from(set.quorum));
            verified.map_err(|error| self.answer(METHOD, error))?;
        }
        // Finals for a later block approve its ancestors: the headers between show that it descends from this one.
        let mut tip = certificate.statement.block;
        for raw in answer["via"].as_array().into_iter().flatten() {
            let header: Header = self.decode(METHOD, &json!({ "raw": raw }))?;
            if header.parent != tip {
                return Err(self.answer(METHOD, "a header does not follow the one before"));
            }
            tip = header.hash();
        }
        if approval.statement.block != tip || receipt.transaction != *hash {
            return Err(self.answer(METHOD, "the certificates are for other blocks"));
        }
        let height = answer["height"].as_u64().ok_or_else(|| self.answer(METHOD, "expected a height"))?;
        let result_certified = answer["result_certified"] == true;
        let json = answer["receipt"].clone();
        let (hash, height) = (*hash, Height(height));
        Ok(Some(Confirmed { hash, height, receipt, json, certificate, approval, result_certified }))
    }
}

/// Values with a canonical encoding.
mod borsh_value {
    use counterpart_ledger::Handover;
    use counterpart_ledger::{Block, Certificate, Genesis, Header, Quiet, Receipt, SignedBy, ValidatorSet};

    pub trait Value: borsh::BorshSerialize + borsh::BorshDeserialize {}

    impl Value for Block {}
    impl Value for Genesis {}
    impl Value for Handover {}
    impl Value for (Quiet, SignedBy) {}
    impl Value for Header {}
    impl Value for Certificate {}
    impl Value for Receipt {}
    impl Value for ValidatorSet {}
}
