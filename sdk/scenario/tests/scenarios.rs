//! The scenarios of this repository hold, wrong ones are told apart, and files that are none are refused.

use counterpart_scenario::{Report, Scenario, Status, run};
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contracts(package: &str) -> Result<Vec<u8>, String> {
    let path = top().join("target/contracts").join(format!("{package}.wasm"));
    std::fs::read(&path).map_err(|error| format!("{}: {error}; run `cargo xtask contracts`", path.display()))
}

fn check(text: &str) -> Report {
    run(&Scenario::parse(text).expect("a scenario"), &contracts)
}

const TRANSFER: &str = r#"
name: a transfer
actors: [issuer, alice]
setup:
  - { as: issuer, deploy: token, id: token, args: { name: Acorn, symbol: ACN, decimals: 2 } }
  - { as: issuer, call: token.mint, args: { to: $alice, units: "30" } }
steps:
  - { as: alice, call: token.transfer, args: { from: $alice, to: $issuer, units: UNITS }, expect: EXPECT, THEN }
"#;

fn transfer(units: &str, expect: &str, then: &str) -> Report {
    check(&TRANSFER.replace("UNITS", units).replace("EXPECT", expect).replace("THEN", then))
}

#[test]
fn every_scenario_of_the_repository_holds() {
    let mut count = 0;
    for folder in std::fs::read_dir(top().join("tests/scenarios")).expect("the folder of scenarios") {
        for file in std::fs::read_dir(folder.expect("an entry").path()).expect("a folder for each contract") {
            let path = file.expect("an entry").path();
            let report = check(&std::fs::read_to_string(&path).expect("a file"));
            assert_ne!(report.status, Status::Failed, "{}: {:?}", path.display(), report.failure);
            count += 1;
        }
    }
    assert!(count >= 3);
}

#[test]
fn what_comes_back_otherwise_is_told_with_its_step() {
    let balance = |units: &str| format!(r#"then: {{ "token.balance_of($alice)": {units} }}"#);
    assert_eq!(transfer("12", "ok", &balance("18")).status, Status::Passed);
    let failures = [
        (transfer("12", "ok", &balance("19")), "token.balance_of($alice)"),
        (transfer("31", "ok", &balance("30")), "how token.transfer ends"),
        (transfer("12", "{ error: InsufficientBalance }", &balance("18")), "how token.transfer ends"),
        (transfer("12", "ok", "events: [Approved]"), "the events of token.transfer"),
        (transfer("12", "ok", r#"then: { "token.nothing()": 1 }"#), "token.nothing()"),
        (transfer("many", "ok", &balance("18")), "token.transfer"),
    ];
    for (report, what) in failures {
        let failure = report.failure.expect("it fails");
        assert_eq!((report.status, failure.step, failure.what.as_str()), (Status::Failed, 3, what));
    }
}

#[test]
fn a_deviation_is_no_failure_and_a_false_one_is() {
    let with = |units: &str| {
        let text = TRANSFER.replace("UNITS", units).replace("EXPECT", "ok").replace(", THEN", "");
        check(&format!("deviates: this token never overdraws\n{text}"))
    };
    assert_eq!(with("31").status, Status::Deviates);
    assert_eq!(with("30").status, Status::Failed);
}

#[test]
fn what_an_actor_signs_is_32_bytes_and_kept_under_a_name() {
    let with = |step: &str| check(&format!("name: a signature\nactors: [alice]\nsteps:\n  - {step}\n"));
    let word = "0x".to_owned() + &"07".repeat(32);
    assert_eq!(with(&format!("{{ as: alice, sign: \"{word}\", save: it }}")).status, Status::Passed);
    for wrong in [
        format!("{{ as: alice, sign: \"{word}07\", save: it }}"),
        format!("{{ as: alice, sign: \"{word}\" }}"),
        format!("{{ sign: \"{word}\", save: it }}"),
        "{ as: alice, sign: $nothing, save: it }".to_owned(),
    ] {
        let failure = with(&wrong).failure.expect("it cannot be tried");
        assert_eq!((failure.step, failure.what.as_str()), (1, "sign"));
    }
}

#[test]
fn a_file_that_is_no_scenario_is_refused_with_its_place() {
    let refused = |text: &str| Scenario::parse(text).expect_err("refused").to_string();
    assert!(refused("name: x\nactors: []\nsteps:\n  - { cal: y }\n").contains("line 4"));
    assert!(refused("name: x\nactors: []\nsteps:\n  - { as: y }\n").contains("step 1"));
    let both = "name: x\nactors: [y]\nsteps:\n  - { as: y, call: a.b, advance: { time_ms: 1 } }\n";
    assert!(refused(both).contains("exactly one"));
    let stranger = "name: x\nactors: [y]\nsteps:\n  - { as: z, call: a.b }\n";
    assert!(refused(stranger).contains("`z` is not among the actors"));
}

/// A chain on which every query answers no.
struct NoSayer;

impl counterpart_scenario::Ground for NoSayer {
    fn actor(&mut self, _: &str) -> Result<counterpart_ledger::Address, String> {
        Ok(counterpart_ledger::Address([1; 32]))
    }

    fn public_key(&mut self, _: &str) -> Result<[u8; 32], String> {
        Ok([0; 32])
    }

    fn sign(&mut self, _: &str, _: &[u8]) -> Result<[u8; 64], String> {
        Ok([0; 64])
    }

    fn advance(&mut self, _: u64, _: u64) -> Result<(), String> {
        Ok(())
    }

    fn salt(&mut self) -> counterpart_ledger::Hash {
        counterpart_ledger::Hash::ZERO
    }

    fn send(
        &mut self,
        _: &str,
        _: &[String],
        actions: Vec<counterpart_ledger::Action>,
    ) -> Result<counterpart_ledger::Receipt, String> {
        let outputs = actions.iter().map(|_| vec![2; 32]).collect();
        Ok(counterpart_ledger::Receipt {
            transaction: counterpart_ledger::Hash::ZERO,
            outcome: counterpart_ledger::Outcome::Success,
            gas_used: counterpart_ledger::Gas(0),
            fee: 0,
            outputs,
            events: Vec::new(),
            evidence: counterpart_ledger::Hash::ZERO,
        })
    }

    fn ask(&self, _: counterpart_ledger::Address, _: Vec<u8>) -> Result<counterpart_scenario::Asked, String> {
        Ok(counterpart_scenario::Asked::Answer(vec![0]))
    }
}

#[test]
fn invariants_that_a_contract_declares_are_asked_after_the_last_step() {
    let text = "name: a note\nactors: [alice]\nsteps:\n  - { as: alice, deploy: empty, id: note }\n";
    assert_eq!(check(text).status, Status::Passed);
    let scenario = Scenario::parse(text).expect("a scenario");
    let report = counterpart_scenario::run_on(&mut NoSayer, &scenario, &contracts);
    let failure = report.failure.expect("the invariant does not hold");
    assert_eq!((failure.step, failure.what.as_str()), (0, "note.invariant_text_is_short()"));
}
