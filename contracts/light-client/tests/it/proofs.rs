//! What convinces the client, and what does not.

use crate::far::{FAR, Validators, bytes};
use counterpart_ledger::{ChainId, ChainProof, EventProof, Hash, Phase};
use counterpart_testing::{Account, Chain, Failure, Subject, contract_test};
use light_client::{ClientError, LightClientRef, Moment, native_lightclient};

/// A client that trusts seven validators of which five are the quorum, and wants six.
fn setting(chain: &mut Chain) -> (Account, LightClientRef, Validators) {
    let anybody = chain.account("anybody");
    let validators = Validators::new(0, 7, 5);
    let subject = Subject::new("light-client", native_lightclient());
    let client = chain.deploy(&anybody, &subject, LightClientRef::new(validators.trusted(), 6, 60_000));
    (anybody, LightClientRef::at(client.expect("deployed")), validators)
}

fn error<T: std::fmt::Debug>(result: Result<T, Failure<ClientError>>) -> ClientError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}

fn event(proof: EventProof) -> Vec<u8> {
    bytes(ChainProof::Event(proof))
}

#[contract_test]
fn events_and_entries_are_told_as_they_are_proved(chain: &mut Chain) {
    let (_, client, far) = setting(chain);
    let told = chain.query(client.event(event(far.event(8, 6)))).expect("proved");
    let at = Moment { chain: FAR.0, height: 8, time_ms: 8_000 };
    assert_eq!((told.at, told.transaction, told.index), (at, 2, 3));
    assert_eq!((told.topics, told.data), (vec![Hash([3; 32])], vec![3; 3]));
    let stood = |key: &[u8]| bytes(ChainProof::Entry(far.entry(8, 7, key)));
    let there = chain.query(client.entry(stood(b"there"))).expect("proved");
    assert_eq!((there.at, there.value), (at, Some(b"value".to_vec())));
    let absent = chain.query(client.entry(stood(b"nowhere"))).expect("proved");
    assert_eq!((absent.key, absent.value), (b"nowhere".to_vec(), None));
}

#[contract_test]
fn nothing_less_convinces(chain: &mut Chain) {
    let (_, client, far) = setting(chain);
    let refused = |wrong: &dyn Fn(&mut EventProof)| {
        let mut proof = far.event(8, 6);
        wrong(&mut proof);
        error(chain.query(client.event(event(proof))))
    };
    assert_eq!(refused(&|proof| *proof = far.event(8, 5)), ClientError::Finals);
    assert_eq!(
        refused(&|proof| proof.finality.approval.signatures[1] = far.event(9, 6).finality.approval.signatures[1]),
        ClientError::Finals
    );
    let twice = |proof: &mut EventProof| proof.finality.approval.signatures[5] = proof.finality.approval.signatures[4];
    assert_eq!(refused(&twice), ClientError::Finals);
    assert_eq!(refused(&|proof| proof.finality.approval.statement.phase = Phase::Vote), ClientError::Finals);
    assert_eq!(refused(&|proof| proof.finality.header.time_ms += 1), ClientError::Finals);
    assert_eq!(refused(&|proof| proof.finality.header.chain = ChainId(71)), ClientError::Elsewhere);
    assert_eq!(refused(&|proof| proof.block.time_ms += 1), ClientError::NotProved);
    assert_eq!(refused(&|proof| proof.event.event.data[0] += 1), ClientError::NotProved);
    assert_eq!(refused(&|proof| proof.event.transaction += 1), ClientError::NotProved);
    let strangers = Validators::new(5, 7, 5);
    let set = strangers.set.hash();
    assert_eq!(refused(&|proof| *proof = strangers.event(8, 7)), ClientError::UnknownValidators { set });
    let mut absent = far.entry(8, 6, b"there");
    absent.value = None;
    assert_eq!(error(chain.query(client.entry(bytes(ChainProof::Entry(absent))))), ClientError::NotProved);
    for malformed in [vec![], vec![9], event(far.event(8, 6))[1..].to_vec(), [event(far.event(8, 6)), vec![0]].concat()]
    {
        assert_eq!(error(chain.query(client.event(malformed))), ClientError::Malformed);
    }
    let other_kind = bytes(ChainProof::Entry(far.entry(8, 6, b"there")));
    assert_eq!(error(chain.query(client.event(other_kind))), ClientError::Malformed);
}

#[contract_test]
fn validators_are_followed_and_those_of_before_convince_for_a_while(chain: &mut Chain) {
    let (anybody, client, far) = setting(chain);
    let next = Validators::new(1, 4, 3);
    let handover = |count| bytes(ChainProof::Handover(far.handover(&next, 20, count)));
    assert_eq!(error(chain.call(&anybody, client.follow(handover(5)))), ClientError::Finals);
    assert_eq!(chain.call(&anybody, client.follow(handover(6))), Ok(1));
    let overview = chain.query(client.overview()).expect("answered");
    // Six of four cannot be had: then all of them are needed.
    assert_eq!((overview.epoch, overview.members, overview.need, overview.newest.height), (1, 4, 4, 20));
    assert_eq!(error(chain.query(client.event(event(next.event(30, 3))))), ClientError::Finals);
    chain.query(client.event(event(next.event(30, 4)))).expect("the new ones");
    chain.query(client.event(event(far.event(19, 6)))).expect("the old ones, yet");
    chain.advance_ms(60_000);
    let set = far.set.hash();
    assert_eq!(error(chain.query(client.event(event(far.event(19, 6))))), ClientError::UnknownValidators { set });
    assert_eq!(error(chain.call(&anybody, client.follow(handover(6)))), ClientError::Elsewhere);
}

#[contract_test]
fn the_newest_block_never_falls(chain: &mut Chain) {
    let (anybody, client, far) = setting(chain);
    let finality = |height| bytes(ChainProof::Finality(far.finality(far.header(height, height * 1_000), 6)));
    assert_eq!(chain.call(&anybody, client.take(finality(9))).map(|at| at.height), Ok(9));
    assert_eq!(chain.call(&anybody, client.take(finality(4))).map(|at| at.height), Ok(9));
    assert_eq!(chain.call(&anybody, client.take(finality(12))).map(|at| at.height), Ok(12));
    let few = bytes(ChainProof::Finality(far.finality(far.header(13, 13_000), 5)));
    assert_eq!(error(chain.call(&anybody, client.take(few))), ClientError::Finals);
}

#[contract_test]
fn two_blocks_of_one_height_end_all_trust(chain: &mut Chain) {
    let (anybody, client, far) = setting(chain);
    let finality =
        |height, time_ms, count| bytes(ChainProof::Finality(far.finality(far.header(height, time_ms), count)));
    let mut report = |one, other| chain.call(&anybody, client.report_fork(one, other));
    assert_eq!(error(report(finality(9, 1, 6), finality(9, 1, 7))), ClientError::NoFork);
    assert_eq!(error(report(finality(9, 1, 6), finality(10, 2, 6))), ClientError::NoFork);
    assert_eq!(error(report(finality(9, 1, 6), finality(9, 2, 5))), ClientError::Finals);
    assert_eq!(report(finality(9, 1, 6), finality(9, 2, 6)), Ok(()));
    assert_eq!(error(report(finality(9, 1, 6), finality(9, 2, 6))), ClientError::Frozen);
    assert!(chain.query(client.overview()).expect("answered").is_frozen);
    assert_eq!(error(chain.query(client.event(event(far.event(8, 7))))), ClientError::Frozen);
    let entry = bytes(ChainProof::Entry(far.entry(8, 7, b"there")));
    assert_eq!(error(chain.query(client.entry(entry))), ClientError::Frozen);
    let next = bytes(ChainProof::Handover(far.handover(&Validators::new(1, 4, 3), 20, 7)));
    assert_eq!(error(chain.call(&anybody, client.follow(next))), ClientError::Frozen);
}

#[contract_test]
fn what_cannot_be_trusted_is_not_begun_with(chain: &mut Chain) {
    let anybody = chain.account("anybody");
    let subject = Subject::new("light-client", native_lightclient());
    let validators = Validators::new(0, 7, 5);
    for (trusted, need) in [(validators.trusted(), 8), (vec![1, 2, 3], 5)] {
        chain.deploy(&anybody, &subject, LightClientRef::new(trusted, need, 1)).expect_err("not begun with");
    }
    let client = chain.deploy(&anybody, &subject, LightClientRef::new(validators.trusted(), 0, 1)).expect("deployed");
    assert_eq!(chain.query(LightClientRef::at(client).overview()).map(|overview| overview.need), Ok(5));
}
