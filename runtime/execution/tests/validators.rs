//! Naming the next validators, and recording who contradicted itself: what is taken, and with which number it is refused.

use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::*;
use counterpart_module::Profile;
use counterpart_referee::WasmiEngine;
use std::collections::BTreeMap;
use std::sync::Arc;

const CHAIN: ChainId = ChainId(7);

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn set(epoch: u64, seeds: &[u8], quorum: u16) -> ValidatorSet {
    ValidatorSet { epoch, members: seeds.iter().map(|seed| key(*seed).public_key()).collect(), quorum }
}

fn present() -> ValidatorSet {
    set(0, &[10, 11, 12, 13], 3)
}

fn change(next: ValidatorSet, signers: &[u16]) -> ValidatorChange {
    let consents =
        signers.iter().map(|signer| ValidatorChange::consent(CHAIN, &next, *signer, &key(10 + *signer as u8)));
    ValidatorChange { current: present(), consents: consents.collect(), next }
}

struct Chain {
    executor: Executor,
    state: BTreeMap<StateKey, Vec<u8>>,
    nonce: u64,
}

impl Chain {
    fn new() -> Self {
        let genesis = Genesis {
            chain: CHAIN,
            time_ms: 1,
            profile: Profile::v1().hash(),
            validators: present(),
            fee_collector: Address([9; 32]),
            min_gas_price: 1,
            accounts: vec![GenesisAccount { address: account_address(&key(1).public_key()), balance: 1 << 60 }],
        };
        let writes = Executor::genesis(&genesis).into_iter();
        let state = writes.filter_map(|(key, write)| Some((key, write.new?))).collect();
        Self { executor: Executor::new(Arc::new(WasmiEngine::new()), Profile::v1()), state, nonce: 0 }
    }

    fn run(&mut self, validators: &ValidatorSet, action: Action) -> Outcome {
        let block = BlockContext {
            chain: CHAIN,
            height: Height(self.nonce + 1),
            time_ms: 2,
            parent: Hash::ZERO,
            fee_collector: Address([9; 32]),
            min_gas_price: 1,
            validator_set: validators.hash(),
        };
        let transaction = Transaction {
            chain: CHAIN,
            sender: key(1).public_key(),
            nonce: self.nonce,
            gas_limit: Gas(20_000_000),
            gas_price: 1,
            expires_at: Height(1_000),
            actions: vec![action],
            authorizations: Vec::new(),
        };
        self.nonce += 1;
        let (state, codes) = (Arc::new(self.state.clone()), Arc::new(BTreeMap::<Hash, Vec<u8>>::new()));
        let result = self.executor.execute_block(&block, &[transaction.sign(&key(1))], state, codes).expect("it runs");
        for (key, write) in result.writes {
            match write.new {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        result.receipts[0].outcome.clone()
    }

    fn change(&mut self, change: ValidatorChange) -> Result<(), SystemRefusal> {
        refusal(&self.run(&present(), Action::ChangeValidators { change: Box::new(change) }))
    }

    fn accuse(&mut self, by: &ValidatorSet, set: ValidatorSet, evidence: Evidence) -> Result<(), SystemRefusal> {
        refusal(&self.run(by, Action::Accuse { set, evidence: Box::new(evidence) }))
    }
}

fn refusal(outcome: &Outcome) -> Result<(), SystemRefusal> {
    match outcome {
        Outcome::Success => Ok(()),
        Outcome::Refused { action: 0, code } => Err(SystemRefusal::of_code(*code).expect("a known number")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_next_validators_are_named_once_with_the_consent_of_the_quorum() {
    let mut chain = Chain::new();
    let next = set(1, &[10, 11, 12, 20, 21], 4);
    let refused = [
        (change(next.clone(), &[0, 1]), SystemRefusal::Consent),
        (change(next.clone(), &[2, 1, 0]), SystemRefusal::Consent),
        (change(next.clone(), &[0, 0, 1]), SystemRefusal::Consent),
        (change(next.clone(), &[0, 1, 4]), SystemRefusal::Consent),
        (
            ValidatorChange {
                consents: change(set(1, &[10, 11], 2), &[0, 1, 2]).consents,
                ..change(next.clone(), &[])
            },
            SystemRefusal::Consent,
        ),
        (
            ValidatorChange { current: set(0, &[10, 11, 12], 2), ..change(next.clone(), &[0, 1, 2]) },
            SystemRefusal::OtherSet,
        ),
        (change(set(2, &[10, 11, 12], 2), &[0, 1, 2]), SystemRefusal::BadSet),
        (change(set(1, &[], 0), &[0, 1, 2]), SystemRefusal::BadSet),
        (change(set(1, &[10, 11, 10], 2), &[0, 1, 2]), SystemRefusal::BadSet),
        (change(set(1, &[10, 11, 12, 13], 2), &[0, 1, 2]), SystemRefusal::BadSet),
        (change(set(1, &[10, 11], 3), &[0, 1, 2]), SystemRefusal::BadSet),
    ];
    for (change, expected) in refused {
        assert_eq!(chain.change(change), Err(expected));
    }
    assert!(!chain.state.contains_key(&validators_key(1)), "nothing is written by what is refused");
    assert_eq!(chain.change(change(next.clone(), &[0, 2, 3])), Ok(()));
    let named: NamedValidators = decode("validators", &chain.state[&validators_key(1)]).expect("its own encoding");
    assert_eq!(named, NamedValidators { set: next.clone(), named_at: Height(chain.nonce) });
    assert_eq!(chain.change(change(next, &[0, 1, 2, 3])), Err(SystemRefusal::AlreadyNamed));
}

#[test]
fn evidence_is_recorded_once_for_members_of_this_epoch_and_of_those_before() {
    let statement = |phase, block: u8| Statement { chain: CHAIN, epoch: 0, phase, view: 3, block: Hash([block; 32]) };
    let pair = |signer: u16, one: Statement, other: Statement| Evidence {
        first: (one, one.sign(signer, &key(10 + signer as u8))),
        second: (other, other.sign(signer, &key(10 + signer as u8))),
    };
    let (vote, other, last) = (statement(Phase::Vote, 1), statement(Phase::Vote, 2), statement(Phase::Final, 1));
    let mut chain = Chain::new();
    assert_eq!(
        chain.accuse(&present(), present(), pair(1, vote, last)),
        Err(SystemRefusal::Evidence),
        "an honest pair"
    );
    assert_eq!(
        chain.accuse(&present(), set(0, &[11, 11], 2), pair(1, vote, other)),
        Err(SystemRefusal::Evidence),
        "a set of one's own"
    );
    let mut framed = pair(1, vote, other);
    framed.second.1.signature = framed.first.1.signature;
    assert_eq!(
        chain.accuse(&present(), present(), framed),
        Err(SystemRefusal::Evidence),
        "a signature for something else"
    );
    assert_eq!(chain.accuse(&present(), present(), pair(1, vote, other)), Ok(()));
    assert!(chain.state.contains_key(&evidence_key(0, 1)), "the culprit is named");
    assert_eq!(chain.accuse(&present(), present(), pair(1, other, vote)), Err(SystemRefusal::Accused));

    let next = set(1, &[10, 11, 12, 13], 3);
    assert_eq!(chain.change(change(next.clone(), &[0, 1, 2])), Ok(()));
    assert_eq!(chain.accuse(&next, present(), pair(2, vote, other)), Ok(()), "the epoch before is known by the state");
}
