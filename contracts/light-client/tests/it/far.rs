//! A chain of which only headers, finals and roots exist.

use counterpart_ledger::{
    Address, Approval, BlockEvent, Certificate, ChainId, ChainProof, EntryProof, Event, EventProof, Finality, Handover,
    Hash, Header, Height, LightClient, NamedValidators, Phase, SecretKey, StateTrie, Statement, ValidatorSet, encode,
    merkle_proof, merkle_root, validators_key,
};

pub const FAR: ChainId = ChainId(70);

/// Validators with their keys.
pub struct Validators {
    pub set: ValidatorSet,
    keys: Vec<SecretKey>,
}

impl Validators {
    pub fn new(epoch: u64, count: u8, quorum: u16) -> Self {
        let seed = |index| SecretKey::from_seed([epoch as u8 * 16 + index + 1; 32]);
        let keys: Vec<_> = (0..count).map(seed).collect();
        Self { set: ValidatorSet { epoch, members: keys.iter().map(SecretKey::public_key).collect(), quorum }, keys }
    }

    pub fn trusted(&self) -> Vec<u8> {
        LightClient::trusting(FAR, self.set.clone()).to_bytes()
    }

    pub fn header(&self, height: u64, time_ms: u64) -> Header {
        Header {
            chain: FAR,
            height: Height(height),
            view: height,
            parent: Hash([1; 32]),
            time_ms,
            proposer: 0,
            profile: Hash::ZERO,
            validator_set: self.set.hash(),
            transactions_root: Hash::ZERO,
            parent_state_root: Hash::ZERO,
            parent_receipts_root: Hash::ZERO,
            parent_events_root: Hash::ZERO,
        }
    }

    pub fn approval(&self, header: &Header, count: usize) -> Approval {
        let (epoch, view, block) = (self.set.epoch, header.view, header.hash());
        let statement = Statement { chain: FAR, epoch, phase: Phase::Final, view, block };
        let signatures = (0..).zip(&self.keys[..count]).map(|(index, key)| statement.sign(index, key)).collect();
        Certificate { statement, signatures }
    }

    pub fn finality(&self, header: Header, count: usize) -> Finality {
        Finality { approval: self.approval(&header, count), header }
    }

    /// A block at a height and the final one after it, whose header carries these roots.
    fn pair(&self, height: u64, events: Hash, state: Hash, count: usize) -> (Header, Finality) {
        let block = self.header(height, height * 1_000);
        let mut next = self.header(height + 1, height * 1_000 + 500);
        (next.parent, next.parent_events_root, next.parent_state_root) = (block.hash(), events, state);
        (block, self.finality(next, count))
    }

    pub fn event(&self, height: u64, count: usize) -> EventProof {
        let event = |index: u8| BlockEvent {
            transaction: 2,
            index: u32::from(index),
            event: Event { contract: Address([9; 32]), topics: vec![Hash([index; 32])], data: vec![index; 3] },
        };
        let leaves: Vec<Hash> = (0..5).map(|index| event(index).hash()).collect();
        let (block, finality) = self.pair(height, merkle_root(leaves.iter().copied()), Hash::ZERO, count);
        EventProof { finality, block, event: event(3), path: merkle_proof(&leaves, 3) }
    }

    pub fn entry(&self, height: u64, count: usize, key: &[u8]) -> EntryProof {
        let entries = [(b"there".to_vec(), b"value".to_vec()), (b"another".to_vec(), vec![1])];
        let value = entries.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let trie = StateTrie::from_entries(entries);
        let (block, finality) = self.pair(height, Hash::ZERO, trie.root(), count);
        EntryProof { finality, block, key: key.to_vec(), value, proof: trie.prove(key) }
    }

    pub fn handover(&self, next: &Self, height: u64, count: usize) -> Handover {
        let (named_at, key) = (Height(height - 1), validators_key(next.set.epoch));
        let trie =
            StateTrie::from_entries([(key.clone(), encode(&NamedValidators { set: next.set.clone(), named_at }))]);
        let mut header = self.header(height, height * 1_000);
        header.parent_state_root = trie.root();
        let Finality { header, approval } = self.finality(header, count);
        Handover { header, approval, next: next.set.clone(), named_at, proof: trie.prove(&key) }
    }
}

pub fn bytes(proof: ChainProof) -> Vec<u8> {
    encode(&proof)
}
