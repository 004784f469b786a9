//! Bins with scales, and the gateway that they send to.

use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_sdk::Address;
use counterpart_service::{Client, Process};
use sensor_gateway::{Device, Launch, Packet, weighed};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

pub const BINS: u64 = 5;
pub const READINGS: u64 = 100;
/// Readings of a bin in a request.
const TOGETHER: u64 = 5;
/// Every so-manieth reading is a deposit of so many grams.
const DEPOSIT_EVERY: u64 = 10;
pub const DEPOSIT_GRAMS: u64 = 30;
/// What is bought: readings of weights.
pub const WEIGHT: u8 = 1;
const PATIENCE: Duration = Duration::from_secs(60);

/// The seed of a bin's key.
pub fn seed(number: u64) -> [u8; 32] {
    Sha256::new().chain_update(b"bin").chain_update(number.to_le_bytes()).finalize().into()
}

/// The bins, with what each has measured.
pub struct Bins {
    devices: Vec<Device>,
    depositor: Address,
    /// Every document in the order of a bin's numbers: what an auditor of the bins is given.
    pub documents: Vec<Vec<Value>>,
}

impl Bins {
    /// Bins of a register on a chain, whose deposits are rewarded to one account.
    pub fn new(chain: u64, register: Address, depositor: Address) -> Self {
        let device = |number| Device::new(seed(number), number, chain, register);
        Self { devices: (0..BINS).map(device).collect(), depositor, documents: vec![Vec::new(); BINS as usize] }
    }

    /// Sends so many readings of each bin, by turns.
    pub fn send(&mut self, gateway: &Client, each: u64, now_ms: impl Fn() -> u64) -> anyhow::Result<()> {
        for _ in 0..each / TOGETHER {
            for number in 0..self.devices.len() {
                let packets = (0..TOGETHER).map(|_| self.read(number, now_ms())).collect::<anyhow::Result<Vec<_>>>()?;
                let answers = gateway.call("submit", &json!({ "packets": packets }));
                let answers = answers.or_fail(Exit::Bug, "demo", "the gateway does not answer")?;
                let taken = |answer: &Value| answer["accepted"] == "new";
                if !answers.as_array().is_some_and(|answers| answers.iter().all(taken)) {
                    return Err(Failure::new(Exit::Bug, "demo", format!("the gateway refuses: {answers}")).into());
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, number: usize, now_ms: u64) -> anyhow::Result<Packet> {
        let device = &mut self.devices[number];
        let deposit = device.next % DEPOSIT_EVERY == DEPOSIT_EVERY - 1;
        let bin = format!("urn:epc:id:giai:4000001.bin{number}");
        let document = weighed(&bin, now_ms, 1_000 + DEPOSIT_GRAMS * (device.next / DEPOSIT_EVERY));
        self.documents[number].push(document.clone());
        let (grams, depositor) = if deposit { (DEPOSIT_GRAMS, Some(self.depositor)) } else { (0, None) };
        device.read(document, WEIGHT, grams, depositor).or_fail(Exit::Bug, "demo", "a bin measures no event")
    }

    /// What the gateway says to the newest reading again, with more grams, and to another reading under its number.
    pub fn cheat(&mut self, gateway: &Client, now_ms: u64) -> anyhow::Result<[String; 2]> {
        let device = &mut self.devices[0];
        let next = device.next;
        let mut read = |grams| {
            let document = weighed("urn:epc:id:giai:4000001.bin0", now_ms, grams);
            device.read(document, WEIGHT, 0, None).or_fail(Exit::Bug, "demo", "a bin measures no event")
        };
        let mut forged = read(1)?;
        if let Packet::Reading { reading, .. } = &mut forged {
            reading.grams = 1_000_000;
        }
        let said = |packet: &Packet| {
            let answer = gateway.call("submit", &json!({ "packets": [packet] }));
            let answer = answer.or_fail(Exit::Bug, "demo", "the gateway does not answer")?;
            anyhow::Ok(answer[0]["refused"]["error"].as_str().unwrap_or("taken").to_owned())
        };
        let forged = said(&forged)?;
        device.next = next - 1;
        let mut again = |grams| {
            let document = weighed("urn:epc:id:giai:4000001.bin0", now_ms, grams);
            device.read(document, WEIGHT, 0, None).or_fail(Exit::Bug, "demo", "a bin measures no event")
        };
        let replayed = said(&again(2)?)?;
        device.next = next;
        Ok([forged, replayed])
    }
}

/// Starts the gateway that lies beside this program.
pub fn start(launch: &Launch) -> anyhow::Result<Process> {
    launch.start().or_fail(Exit::Bug, "demo", "the gateway does not start")
}

/// Waits until all that the gateway took is on the ledger.
pub fn drained(gateway: &Client) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let status = gateway.call("status", &Value::Null).or_fail(Exit::Bug, "demo", "the gateway is gone")?;
        if status == json!({ "waiting": 0, "refused": 0 }) {
            return Ok(());
        }
        if status["refused"] != 0 || begun.elapsed() > PATIENCE {
            return Err(Failure::new(Exit::Bug, "demo", format!("the ledger does not take readings: {status}")).into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
