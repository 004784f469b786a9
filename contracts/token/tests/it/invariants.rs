//! What always holds for the token, whatever is called, and whatever the host refuses.

use counterpart_host_functions::HostFunction;
use counterpart_ledger::{Action, Outcome};
use counterpart_testing::{Chain, Fault, Invariants, Mode, Subject};
use serde_json::Value;
use std::path::Path;
use token::{TokenRef, native_token};

fn runs() -> Invariants {
    Invariants::of(Subject::new("token", native_token()), || TokenRef::new("Acorn".into(), "ACN".into(), 2))
}

#[test]
fn balances_add_up_to_the_supply() {
    runs()
        .holds("balances add up to the supply", |world| {
            // The contract and the zero address hold units too when somebody sends them some.
            let others = [world.contract, counterpart_ledger::Address::ZERO];
            let others = others.into_iter().map(|address| Value::String(address.to_string()));
            let sum: u128 = world.actors().chain(others).map(|holder| world.number("balance_of", &[holder])).sum();
            let supply = world.number("total_supply", &[]);
            if sum == supply { Ok(()) } else { Err(format!("{sum} held of {supply}")) }
        })
        .run();
}

/// Runs that are known to fail; what they panicked with.
fn failing(folder: &Path) -> String {
    let folder = folder.to_path_buf();
    let failed = std::panic::catch_unwind(move || {
        runs()
            .holds("nobody has 70 units", |world| {
                let rich = world.actors().find(|actor| world.number("balance_of", std::slice::from_ref(actor)) >= 70);
                rich.map_or(Ok(()), |_| Err("somebody has".into()))
            })
            .failures_in(folder)
            .run();
    });
    *failed.expect_err("somebody gets 70 units").downcast::<String>().expect("a text")
}

#[test]
fn a_run_that_fails_is_shortened_told_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = failing(folder.path());
    assert!(told.contains("nobody has 70 units") && told.contains("found with COUNTERPART_SEED="), "{told}");
    // One mint is enough, and no number but one that halving cannot make smaller.
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.contains("alice calls mint"), "{told}");
    let file = folder.path().join("token.json");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("kept")).expect("JSON");
    let units: u128 = kept["steps"][0]["arguments"]["units"].as_str().expect("a number").parse().expect("a number");
    assert!((70..140).contains(&units), "{units}");
    assert!(failing(folder.path()).contains("what failed before fails still"));
    std::fs::write(&file, "{}").expect("written");
    assert!(failing(folder.path()).contains("is no run"));
}

#[test]
fn no_refusal_of_the_host_makes_a_transfer_half_done() {
    for mode in [Mode::Native, Mode::Wasm] {
        let mut chain = Chain::new(mode);
        let (owner, alice) = (chain.account("owner"), chain.account("alice"));
        let subject = Subject::new("token", native_token());
        let constructor = TokenRef::new("Acorn".into(), "ACN".into(), 2);
        let token = TokenRef::at(chain.deploy(&owner, &subject, constructor).expect("deployed"));
        chain.call(&owner, token.mint(owner.address, 100)).expect("minted");
        let before = chain.state().clone();
        let input = token.transfer(owner.address, alice.address, 30).input;
        let call = Action::Call { contract: token.address, input, value: 0 };
        let faulted = chain.with_faults(&owner, &[call], &[]);
        assert!(*chain.state() == before, "nothing of what was tried stays");
        let called: Vec<HostFunction> = faulted.iter().map(|fault| fault.function).collect();
        for function in [HostFunction::require_auth, HostFunction::storage_get, HostFunction::storage_set] {
            assert!(called.contains(&function), "{} was tried", function.name());
        }
        for fault in &faulted {
            match (fault.fault, &fault.receipt.outcome) {
                (Fault::OutOfGas, Outcome::OutOfGas { .. }) => assert!(fault.receipt.events.is_empty()),
                (Fault::Error(_), Outcome::Revert { .. }) => assert!(fault.receipt.events.is_empty()),
                // A balance that is not found is none: of the receiver it may be so.
                (Fault::Error(_), Outcome::Success) => assert_eq!(fault.function, HostFunction::storage_get),
                (_, outcome) => panic!("{fault:?}: {outcome:?}"),
            }
        }
    }
}
