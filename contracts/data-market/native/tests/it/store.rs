//! The store under `kill -9`: what was acknowledged is there.

use counterpart_sdk::Hash;
use recycling::{Reading, Submission};
use sensor_gateway::{Accepted, Entry, KnownDevice, Store};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

const FOLDER: &str = "COUNTERPART_STORE_OF_A_WRITER";
const DEVICES: u64 = 4;

fn hash(device: u64, counter: u64) -> Hash {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&device.to_le_bytes());
    hash[8..16].copy_from_slice(&counter.to_le_bytes());
    Hash(hash)
}

fn entry(device: u64, counter: u64) -> Entry {
    let hash = hash(device, counter);
    let reading = Reading { device, counter, at_ms: counter, class: 1, hash, grams: 0, depositor: None };
    Entry::Reading(Submission { reading, signature: [0; 64], body: hash, key_commitment: hash })
}

/// A process that takes readings of four devices at once and prints each number when it is acknowledged; another test starts and
/// kills it, and without that test it does nothing.
#[test]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Arc::new(Store::open(folder.as_ref()).expect("opened"));
    let write = |device: u64| {
        let store = store.clone();
        move || {
            let known = KnownDevice { key: [0; 32], next: 0, last_ms: 0, revoked: false };
            store.know(device, known).expect("kept");
            let next = store.device(device).expect("read").expect("there").next;
            for counter in next.. {
                let blob = (hash(device, counter), vec![7; 700]);
                assert_eq!(store.take(entry(device, counter), Some(blob)).expect("taken"), Accepted::New);
                let mut out = std::io::stdout().lock();
                writeln!(out, "ack {device} {counter}").and_then(|()| out.flush()).expect("printed");
            }
        }
    };
    let threads: Vec<_> = (0..DEVICES).map(|device| std::thread::spawn(write(device))).collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = [0_u64; DEVICES as usize];
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "store::writer", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            // The harness begins a line of its own before the first one.
            let Some((_, numbers)) = line.split_once("ack ") else { continue };
            let mut numbers = numbers.split(' ').map(|number| number.parse::<u64>().expect("a number"));
            let (device, counter) = (numbers.next().expect("a device"), numbers.next().expect("a counter"));
            acknowledged[device as usize] = counter + 1;
            seen += 1;
            if seen == 40 + 37 * round {
                child.kill().expect("killed");
            }
        }
        assert!(seen >= 40 + 37 * round, "the writer ended by itself after {seen}");
        child.wait().expect("gone");
    }
    let store = Store::open(folder.path()).expect("opened after kills");
    let waiting = store.waiting(usize::MAX).expect("read");
    for device in 0..DEVICES {
        let counters: Vec<u64> =
            waiting.iter().filter(|(_, entry)| entry.device() == device).map(|(_, entry)| entry.range().0).collect();
        assert!(counters.len() as u64 >= acknowledged[device as usize], "device {device}");
        assert!(counters.iter().copied().eq(0..counters.len() as u64), "in order, each once");
        for counter in counters {
            let blob = store.blob(&hash(device, counter)).expect("read");
            assert_eq!(blob, Some(vec![7; 700]), "the body of {device}/{counter}");
        }
    }
}
