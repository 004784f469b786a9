//! What the chain hashes, signs and stores: transactions, blocks, receipts, certificates, state and proofs.
//!
//! Pure: no clock, disk, network or randomness; builds for wasm32, so that a browser or a contract can verify.
#![no_std]

extern crate alloc;
#[cfg(any(feature = "parallel", test))]
extern crate std;

mod address;
mod block;
mod certificate;
mod commitment;
mod crypto;
mod encoding;
mod event;
mod evidence;
mod genesis;
mod light;
mod merkle;
mod overlay;
mod proof;
mod proved;
mod receipt;
mod snapshot;
mod state;
mod system;
mod testimony;
mod transaction;
mod trie;
mod verifier;
mod witness;

pub use address::{account_address, contract_address};
pub use block::{Block, Header};
pub use certificate::{
    Approval, Certificate, CertificateError, NamedValidators, Phase, SignedBy, Statement, ValidatorSet, validators_key,
};
pub use commitment::Commitment;
pub use counterpart_host_functions::{Address, Gas, Hash, Height};
pub use crypto::{BatchCheck, PublicKey, SecretKey, Signature, SignatureCheck, SignatureError, verify_batch};
pub use encoding::{DecodeError, decode, decode_any, encode};
pub use event::{BlockEvent, Event};
pub use evidence::{Evidence, EvidenceError};
pub use genesis::{Genesis, GenesisAccount};
pub use light::{Handover, LightClient, LightError};
pub use merkle::{MerkleProof, merkle_proof, merkle_root};
pub use overlay::Overlay;
pub use proof::{ProofError, StateProof, Terminal};
pub use proved::{ChainProof, EntryProof, EventProof, Finality, ProvedError};
pub use receipt::{Outcome, Receipt, RejectCode};
pub use snapshot::SnapshotPart;
pub use state::{CodeRead, StateFault, StateKey, StateRead, Write, WriteSet, system_key};
pub use system::{MAX_MEMBERS, SystemRefusal, ValidatorChange, evidence_key};
pub use testimony::{ClientApproval, MAX_RULE_BYTES, Quiet};
pub use transaction::{Action, Authorization, ChainId, SignedTransaction, Transaction};
pub use trie::{Sha3, Staged, StateHasher, StateTrie, state_path};
pub use verifier::{Certified, Verifier, VerifierError};
pub use witness::{Witness, WitnessError};
