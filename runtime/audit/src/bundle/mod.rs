//! One block with everything that its execution reads.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_execution::{BlockContext, BlockResult, ExecutionFault, Executor, Observer, TransactionTrace};
use counterpart_ledger::{
    Address, Block, BlockEvent, Certificate, Genesis, Hash, Header, Receipt, StateKey, Verifier, VerifierError,
    Witness, decode, encode, system_key,
};
use sha3::{Digest, Sha3_256};
use std::sync::Arc;

mod error;
mod state;

pub use error::BundleError;

use state::{Codes, Entries, Unheard};

/// Format of the encoding.
const FORMAT: u8 = 3;

/// A key of the state, and its value or its absence.
pub type Entry = (StateKey, Option<Vec<u8>>);

/// The block after, whose header carries the roots of the bundle's results.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Successor {
    /// Its header.
    pub header: Header,
    /// The votes for it.
    pub certificate: Certificate,
}

/// A block, its code, the entries that it reads or writes with their proof, and the certificates.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Bundle {
    /// Format of the encoding.
    pub format: u8,
    /// The document that the chain begins with; known by its hash.
    pub genesis: Genesis,
    /// The block.
    pub block: Block,
    /// The votes for it.
    pub certificate: Certificate,
    /// The block after it.
    pub next: Successor,
    /// Entries before the block, or their absence, in ascending order of their keys.
    pub entries: Vec<Entry>,
    /// Proves the entries against the root that the block's header carries.
    pub witness: Witness,
    /// Code that the block runs, in ascending order of its hashes.
    pub codes: Vec<Vec<u8>>,
    /// Source maps of code, as JSON, for whoever wants its lines. They prove nothing, and nothing proves them.
    pub sources: Vec<String>,
    /// SHA3-256 of everything before: source maps that were damaged are refused, too.
    pub checksum: Hash,
}

/// What the execution of a bundle gave; every root equals the certified one.
#[derive(Clone, Debug)]
pub struct Executed {
    /// What became of the transactions.
    pub result: BlockResult,
    /// Root of the receipts.
    pub receipts_root: Hash,
    /// State root after the block.
    pub state_root: Hash,
}

impl Bundle {
    /// Reads a bundle; proves nothing yet.
    ///
    /// # Errors
    /// [`BundleError::Encoding`] and [`BundleError::Format`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        match bytes.first() {
            Some(&FORMAT) | None => Ok(decode("bundle", bytes)?),
            Some(&other) => Err(BundleError::Format(other)),
        }
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Puts a bundle together.
    #[cfg(feature = "store")]
    pub(crate) fn new(
        genesis: Genesis,
        (block, certificate): (Block, Certificate),
        next: Successor,
        (entries, witness): (Vec<Entry>, Witness),
        codes: Vec<Vec<u8>>,
    ) -> Self {
        let (sources, checksum) = (Vec::new(), Hash::ZERO);
        let mut bundle =
            Self { format: FORMAT, genesis, block, certificate, next, entries, witness, codes, sources, checksum };
        bundle.checksum = bundle.sum();
        bundle
    }

    /// The same with source maps.
    #[must_use]
    pub fn with_sources(mut self, sources: Vec<String>) -> Self {
        self.sources = sources;
        self.checksum = self.sum();
        self
    }

    fn sum(&self) -> Hash {
        let bytes = encode(self);
        Hash(Sha3_256::digest(&bytes[..bytes.len() - 32]).into())
    }

    /// Checks certificates and proofs against the one thing that has to be known: the hash of the genesis document.
    ///
    /// # Errors
    /// [`BundleError`] for the first part that does not hold.
    pub fn verify(&self, genesis: &Hash) -> Result<(), BundleError> {
        let found = self.genesis.hash();
        if found != *genesis {
            return Err(BundleError::Genesis { found, expected: *genesis });
        }
        let (header, next) = (&self.block.header, &self.next.header);
        let set = self.genesis.validators.hash();
        let rules = [
            (header.chain == self.genesis.chain && next.chain == self.genesis.chain, "the blocks are of another chain"),
            (header.validator_set == set && next.validator_set == set, "another set certifies the blocks"),
            (header.height.0.checked_add(1) == Some(next.height.0), "the second block is not the next"),
            (next.parent == self.block.hash(), "the second block has another parent"),
            (self.block.is_whole(), "other transactions"),
            (self.witness.root() == header.parent_state_root, "the witness is of another state"),
            (self.entries.is_sorted_by(|one, two| one.0 < two.0), "the entries are not in order"),
        ];
        if let Some((_, broken)) = rules.iter().find(|(holds, _)| !holds) {
            return Err(BundleError::Inconsistent(broken));
        }
        // The state knows each code by its hash; whoever has run a code before would not read it again.
        let hashes: Vec<Hash> = self.codes.iter().map(|code| counterpart_execution::code_hash(code)).collect();
        let known = |hash: &Hash| {
            let key = system_key("code", &[&hash.0]);
            self.entries.binary_search_by(|(own, _)| own.cmp(&key)).is_ok_and(|at| self.entries[at].1.is_some())
        };
        if !hashes.is_sorted_by(|one, two| one < two) || !hashes.iter().all(known) {
            return Err(BundleError::Inconsistent("it brings code that the state does not know"));
        }
        self.certified(header, &self.certificate)?;
        self.certified(next, &self.next.certificate)?;
        for (key, value) in &self.entries {
            let proved = self.witness.check(key, value.as_deref());
            proved.map_err(|cause| BundleError::Entry { key: key.clone(), cause })?;
        }
        // Last, because the others say more about what is wrong.
        if self.checksum != self.sum() {
            return Err(BundleError::Inconsistent("the checksum is of other bytes"));
        }
        Ok(())
    }

    fn certified(&self, header: &Header, certificate: &Certificate) -> Result<(), BundleError> {
        let verifier = Verifier { chain: self.genesis.chain, validators: self.genesis.validators.clone() };
        match verifier.header(header, certificate) {
            Ok(_) => Ok(()),
            Err(VerifierError::Votes(cause)) => Err(BundleError::Certificate { height: header.height.0, cause }),
            Err(_) => Err(BundleError::Inconsistent("the votes are for another block")),
        }
    }

    /// Verifies, executes, and compares the results with the certified ones.
    ///
    /// # Errors
    /// [`BundleError`] for the first thing that does not hold.
    pub fn execute(&self, executor: &Executor, genesis: &Hash) -> Result<Executed, BundleError> {
        let run = |context: &BlockContext, state: Arc<Entries>, codes: Arc<Codes>| {
            let (result, Unheard) = executor.observe_block(context, &self.block.transactions, state, codes, Unheard)?;
            Ok(result)
        };
        self.run(executor, genesis, run)
    }

    /// As [`Bundle::execute`], and tells what happened inside the transactions.
    ///
    /// # Errors
    /// As there.
    pub fn trace(&self, executor: &Executor, genesis: &Hash) -> Result<(Executed, Vec<TransactionTrace>), BundleError> {
        let mut traced = Vec::new();
        let run = |context: &BlockContext, state: Arc<Entries>, codes: Arc<Codes>| {
            let (result, traces) = executor.trace_block(context, &self.block.transactions, state, codes)?;
            traced = traces;
            Ok(result)
        };
        let executed = self.run(executor, genesis, run)?;
        Ok((executed, traced))
    }

    /// As [`Bundle::execute`], while somebody follows every point that is reached.
    ///
    /// # Errors
    /// As there.
    pub fn observe<O: Observer>(
        &self,
        executor: &Executor,
        genesis: &Hash,
        observer: O,
    ) -> Result<(Executed, O), BundleError> {
        let probed = executor.with_probes();
        let mut followed = None;
        let run = |context: &BlockContext, state: Arc<Entries>, codes: Arc<Codes>| {
            let (result, observer) = probed.observe_block(context, &self.block.transactions, state, codes, observer)?;
            followed = Some(observer);
            Ok(result)
        };
        let executed = self.run(executor, genesis, run)?;
        let lost = || BundleError::Execution(ExecutionFault("the observer was lost".into()));
        Ok((executed, followed.ok_or_else(lost)?))
    }

    fn run(
        &self,
        executor: &Executor,
        genesis: &Hash,
        run: impl FnOnce(&BlockContext, Arc<Entries>, Arc<Codes>) -> Result<BlockResult, ExecutionFault>,
    ) -> Result<Executed, BundleError> {
        self.verify(genesis)?;
        if executor.profile_hash() != self.block.header.profile {
            return Err(BundleError::Inconsistent("the block is of a profile that this version does not know"));
        }
        let header = &self.block.header;
        let context = BlockContext::new(&self.genesis, header);
        let state = Arc::new(Entries::new(&self.entries));
        let by_hash = |code: &Vec<u8>| (counterpart_execution::code_hash(code), code.clone());
        let codes = Arc::new(Codes(self.codes.iter().map(by_hash).collect()));
        let result = run(&context, state.clone(), codes).map_err(BundleError::Execution)?;
        if !state.all_used(&result.writes) {
            return Err(BundleError::Inconsistent("it brings entries that nothing reads"));
        }
        let (replayed, certified) = (Receipt::root(&result.receipts), self.next.header.parent_receipts_root);
        if replayed != certified {
            return Err(BundleError::Receipts { replayed, certified });
        }
        let receipts_root = replayed;
        let (replayed, certified) = (BlockEvent::root(&result.receipts), self.next.header.parent_events_root);
        if replayed != certified {
            return Err(BundleError::Events { replayed, certified });
        }
        let mut witness = self.witness.clone();
        let replayed = witness.update(&result.writes);
        let replayed = replayed.map_err(|_| BundleError::Inconsistent("a changed entry is not covered"))?;
        let certified = self.next.header.parent_state_root;
        if replayed != certified {
            return Err(BundleError::State { replayed, certified });
        }
        Ok(Executed { result, receipts_root, state_root: replayed })
    }
}

impl Bundle {
    /// Hash of the code of a contract, as the entries have it or as this block made it.
    pub fn code_hash(&self, executed: &Executed, contract: &Address) -> Option<Hash> {
        let mut entries = Entries::new(&self.entries);
        entries.entries.extend(executed.result.writes.iter().map(|(key, write)| (key.clone(), write.new.clone())));
        let record = counterpart_execution::contract(&entries, contract).ok()??;
        Some(record.code_hash)
    }

    /// Code that the bundle brings or that this block uploaded.
    pub fn code<'a>(&'a self, executed: &'a Executed, hash: &Hash) -> Option<&'a [u8]> {
        let uploaded = executed.result.codes.get(hash);
        let brought = || self.codes.iter().find(|code| counterpart_execution::code_hash(code) == *hash);
        uploaded.or_else(brought).map(Vec::as_slice)
    }
}
