//! The journal under `kill -9`: what was acknowledged is there.

use crate::chain::World;
use counterpart_sdk::Hash;
use gatekeeper::State;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const FOLDER: &str = "COUNTERPART_JOURNAL_OF_A_GATEKEEPER";
const FROM: &str = "COUNTERPART_FIRST_RECORD";

/// A process that takes records and prints each commitment when it is acknowledged; another test starts and kills it, and without
/// that test it does nothing.
#[test]
fn taker() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let from: u64 = std::env::var(FROM).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let world = World::new();
    let gatekeeper = world.open(folder.as_ref());
    for number in from.. {
        let (record, mut submission) = world.submission(&format!("record {number}"), 1, &[]);
        let signed = world.say_numbered(&world.ida, record, held_records::Verb::Instruct, number + 1);
        submission.signals.push(signed);
        match gatekeeper.submit(&submission) {
            Ok(_) => {}
            // Its signer's place is full: that is enough.
            Err(error) if error.error == "quota" => break,
            Err(error) => panic!("{error:?}"),
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "ack {number} {}", hex::encode(record.0)).and_then(|()| out.flush()).expect("printed");
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    for round in 0..6 {
        // A number that was taken and not acknowledged is not taken again: the next process begins behind it.
        let from = acknowledged.last().map_or(0, |(number, _)| number + 2);
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "journal::taker", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(FROM, from.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            let Some((_, told)) = line.split_once("ack ") else { continue };
            let (number, record) = told.split_once(' ').expect("two words");
            acknowledged.push((number.parse().expect("a number"), record.to_owned()));
            seen += 1;
            if seen == 12 + 7 * round {
                child.kill().expect("killed");
            }
        }
        assert!(seen >= 12 + 7 * round, "the taker ended by itself after {seen}");
        child.wait().expect("gone");
    }
    let world = World::new();
    let gatekeeper = world.open(folder.path());
    for (number, record) in &acknowledged {
        let record = Hash(hex::decode(record).expect("hex").try_into().expect("32 bytes"));
        let found = gatekeeper.status(&record).unwrap_or_else(|| panic!("record {number} is lost"));
        assert_eq!(found.state, State::Received);
    }
    let receipts = gatekeeper.receipts(0, usize::MAX).expect("read");
    assert!(receipts.len() >= acknowledged.len());
    assert!(receipts.iter().enumerate().all(|(at, receipt)| receipt.number == at as u64), "without gaps");
}
