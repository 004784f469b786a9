//! A light client of another chain: takes its proofs, and answers contracts what happened there.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

use counterpart_ledger::{
    ChainProof, Finality, Header, LightClient as Light, PublicKey, Signature, SignatureCheck, ValidatorSet, decode_any,
};
use counterpart_sdk::prelude::*;
pub use types::{ClientError, Followed, Frozen, Moment, Overview, Reported, Stood, Taken};

/// Signatures are checked by the host: as Wasm it would cost a hundred times as much.
struct HostCheck;

impl SignatureCheck for HostCheck {
    fn first_wrong(&self, items: &[(PublicKey, &[u8], Signature)]) -> Option<usize> {
        items.iter().position(|(key, message, signature)| !env::ed25519_verify(&key.0, message, &signature.0))
    }
}

/// A set of validators that once voted.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
struct Past {
    /// A client that trusts the set, encoded.
    light: Vec<u8>,
    /// Until when what it signed convinces, in ms since 1970.
    until_ms: u64,
}

/// What the client keeps.
#[storage]
pub struct LightClient {
    light: Item<Vec<u8>>,
    need: Item<u16>,
    past_ms: Item<u64>,
    past: Map<Hash, Past>,
    newest: Item<Moment>,
    frozen: Item<bool>,
}

#[contract(events(Followed, Taken, Frozen))]
impl LightClient {
    /// Begins with what `light` trusts, the bytes of a `counterpart_ledger::LightClient`: `need` finals convince, never fewer than
    /// its quorum, and what past validators signed convinces for `past_ms` after others took over.
    pub fn new(light: Vec<u8>, need: u16, past_ms: u64) -> Result<Self, ClientError> {
        let trusted = read(Light::from_bytes(&light))?;
        let set = trusted.validators();
        let need = need.max(set.quorum);
        if need > set.size() {
            return Err(ClientError::Need { need, members: set.size() });
        }
        let mut this = Self::default();
        this.light.set(&light);
        this.need.set(&need);
        this.past_ms.set(&past_ms);
        this.newest.set(&Moment { chain: trusted.chain().0, height: 0, time_ms: 0 });
        Ok(this)
    }

    /// What the client knows.
    pub fn overview(&self) -> Result<Overview, ClientError> {
        let light = self.light()?;
        let set = light.validators();
        Ok(Overview {
            chain: light.chain().0,
            epoch: set.epoch,
            members: set.size(),
            need: self.need(set),
            newest: self.newest(),
            is_frozen: self.frozen.get_or_default(),
        })
    }

    /// Follows a change of the other chain's validators; anybody may bring the proof. Answers the new epoch.
    pub fn follow(&mut self, handover: Vec<u8>) -> Result<u64, ClientError> {
        self.thawed()?;
        let ChainProof::Handover(handover) = proof(&handover)? else { return Err(ClientError::Malformed) };
        let mut light = self.light()?;
        let before = light.clone();
        let need = self.need(before.validators());
        // The finals have to be as many as for any other block.
        light.take_with(&HostCheck, &handover.header, &handover.approval, need)?;
        light.hand_over_with(&HostCheck, &handover)?;
        self.note(&handover.header);
        let until_ms = env::block_time_ms().saturating_add(self.past_ms.get_or_default());
        self.past.set(&before.validators().hash(), &Past { light: before.to_bytes(), until_ms });
        self.light.set(&light.to_bytes());
        let set = light.validators();
        Followed { epoch: set.epoch, set: set.hash() }.emit();
        Ok(set.epoch)
    }

    /// Takes a block for final, so that all see how far the other chain is; anybody may bring it.
    pub fn take(&mut self, finality: Vec<u8>) -> Result<Moment, ClientError> {
        self.thawed()?;
        let finality = finality_of(&finality)?;
        self.verify(&finality)?;
        self.note(&finality.header);
        Ok(self.newest())
    }

    /// Ends all trust when two blocks of one height have enough finals each; anybody may bring them.
    pub fn report_fork(&mut self, one: Vec<u8>, other: Vec<u8>) -> Result<(), ClientError> {
        self.thawed()?;
        let (one, other) = (finality_of(&one)?, finality_of(&other)?);
        let (first, second) = (one.header.hash(), other.header.hash());
        if one.header.height != other.header.height || first == second {
            return Err(ClientError::NoFork);
        }
        self.verify(&one)?;
        self.verify(&other)?;
        self.frozen.set(&true);
        Frozen { height: one.header.height.0, one: first, other: second }.emit();
        Ok(())
    }

    /// An event of the other chain, if the proof holds.
    pub fn event(&self, bytes: Vec<u8>) -> Result<Reported, ClientError> {
        self.thawed()?;
        let ChainProof::Event(proved) = proof(&bytes)? else { return Err(ClientError::Malformed) };
        proved.verify_inclusion()?;
        self.verify(&proved.finality)?;
        let at = moment(&proved.block);
        let counterpart_ledger::BlockEvent { transaction, index, event } = proved.event;
        Ok(Reported { at, transaction, index, contract: event.contract, topics: event.topics, data: event.data })
    }

    /// An entry of the other chain's state or its absence, if the proof holds.
    pub fn entry(&self, bytes: Vec<u8>) -> Result<Stood, ClientError> {
        self.thawed()?;
        let ChainProof::Entry(proved) = proof(&bytes)? else { return Err(ClientError::Malformed) };
        proved.verify_inclusion()?;
        self.verify(&proved.finality)?;
        Ok(Stood { at: moment(&proved.block), key: proved.key, value: proved.value })
    }

    fn light(&self) -> Result<Light, ClientError> {
        read(Light::from_bytes(&self.light.get_or_default()))
    }

    fn newest(&self) -> Moment {
        self.newest.get().unwrap_or(Moment { chain: 0, height: 0, time_ms: 0 })
    }

    /// A smaller set than the first can still be followed: then all of it is needed.
    fn need(&self, set: &ValidatorSet) -> u16 {
        self.need.get_or_default().min(set.size()).max(set.quorum)
    }

    fn thawed(&self) -> Result<(), ClientError> {
        if self.frozen.get_or_default() { Err(ClientError::Frozen) } else { Ok(()) }
    }

    fn verify(&self, finality: &Finality) -> Result<(), ClientError> {
        let light = self.light()?;
        let named = finality.header.validator_set;
        if named == light.validators().hash() {
            return self.verify_under(finality, &light);
        }
        let past = self.past.get(&named).filter(|past| env::block_time_ms() < past.until_ms);
        let past = past.ok_or(ClientError::UnknownValidators { set: named })?;
        self.verify_under(finality, &read(Light::from_bytes(&past.light))?)
    }

    fn verify_under(&self, finality: &Finality, light: &Light) -> Result<(), ClientError> {
        let need = self.need(light.validators());
        Ok(light.clone().take_with(&HostCheck, &finality.header, &finality.approval, need)?)
    }

    fn note(&mut self, header: &Header) {
        let at = moment(header);
        if at.height > self.newest().height {
            self.newest.set(&at);
            Taken { at, block: header.hash() }.emit();
        }
    }
}

fn moment(header: &Header) -> Moment {
    Moment { chain: header.chain.0, height: header.height.0, time_ms: header.time_ms }
}

fn proof(bytes: &[u8]) -> Result<ChainProof, ClientError> {
    read(decode_any("proof", bytes))
}

fn finality_of(bytes: &[u8]) -> Result<Finality, ClientError> {
    match proof(bytes)? {
        ChainProof::Finality(finality) => Ok(finality),
        _ => Err(ClientError::Malformed),
    }
}

fn read<T, E>(result: Result<T, E>) -> Result<T, ClientError> {
    result.map_err(|_| ClientError::Malformed)
}
