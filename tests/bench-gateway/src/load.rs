//! The gateway as a process, and devices that press it.

use crate::ledger::{GATEWAY, Ledger, seed};
use anyhow::{Context, anyhow, bail};
use counterpart_service::{Client, ClientError, Process};
use sensor_gateway::{Device, Launch, Packet, weighed};
use serde_json::{Value, json};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long one request is tried.
const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway in a process of its own.
pub struct Gateway(Process);

impl Gateway {
    /// Starts one on a free port.
    pub fn start(store: &Path, ledger: &Ledger) -> anyhow::Result<Self> {
        let launch = Launch {
            store: store.to_owned(),
            rpc: ledger.url(),
            register: ledger.register.address,
            market: ledger.market.address,
            from: format!("dev:{GATEWAY}"),
        };
        Ok(Self(launch.start().context("sensor-gateway does not start; `cargo xtask bench gateway` builds it")?))
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// Kills it as `kill -9` does and starts another where it was.
    pub fn kill_and_start(&mut self) -> anyhow::Result<()> {
        Ok(self.0.restart()?)
    }

    /// Readings that wait for the ledger.
    pub fn waiting(&self) -> anyhow::Result<u64> {
        let status = Client::new(self.url()).call("status", &Value::Null)?;
        if status["refused"] != 0 {
            bail!("the ledger refuses readings: {status}");
        }
        status["waiting"].as_u64().context("no status")
    }

    /// Waits until none does; answers whether that came in time.
    pub fn drained(&self, patience: Duration) -> anyhow::Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if self.waiting()? == 0 {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(false)
    }
}

/// What devices do.
#[derive(Clone, Copy)]
pub struct Plan {
    pub devices: u64,
    /// Readings in a request.
    pub packets: u64,
    /// Requests of each device.
    pub requests: u64,
    /// Between two requests of a device.
    pub between: Duration,
}

/// What they sent.
#[derive(Default)]
pub struct Sent {
    pub readings: u64,
    /// Requests that had to be sent again.
    pub again: u64,
    pub latencies_us: Vec<u64>,
}

/// Devices at work, a thread each.
pub struct Devices(Vec<JoinHandle<anyhow::Result<Sent>>>);

impl Devices {
    /// Lets them begin, one after another within their first pause.
    pub fn start(plan: &Plan, ledger: &Ledger, url: &str) -> Self {
        let begin = |number: u64| {
            let device = Device::new(seed(number), number, ledger.chain(), ledger.register.address);
            let (client, plan) = (Client::new(url).patience(Duration::from_secs(5)), *plan);
            std::thread::spawn(move || work(device, &client, &plan, number))
        };
        Self((0..plan.devices).map(begin).collect())
    }

    /// Waits for all.
    pub fn join(self) -> anyhow::Result<Sent> {
        let mut all = Sent::default();
        for device in self.0 {
            let Sent { readings, again, latencies_us } = device.join().map_err(|_| anyhow!("a device ended"))??;
            all.readings += readings;
            all.again += again;
            all.latencies_us.extend(latencies_us);
        }
        Ok(all)
    }
}

fn work(mut device: Device, client: &Client, plan: &Plan, number: u64) -> anyhow::Result<Sent> {
    let mut sent = Sent::default();
    let begun = Instant::now() + plan.between.mul_f64(number as f64 / plan.devices as f64);
    for request in 0..plan.requests {
        // By the clock, not by the last answer: a gateway that is slow is not spared.
        std::thread::sleep((begun + plan.between.mul_f64(request as f64)).saturating_duration_since(Instant::now()));
        let bin = format!("urn:epc:id:giai:4000001.{number}");
        let read = |at: u64| device.read(weighed(&bin, now_ms(), request * plan.packets + at), 1, 0, None);
        let packets = (0..plan.packets).map(read).collect::<Result<Vec<Packet>, _>>()?;
        let body = json!({ "packets": packets });
        let asked = Instant::now();
        while !taken(client.call("submit", &body), plan.packets)? {
            if asked.elapsed() > PATIENCE {
                bail!("device {number} is not heard for {} s", PATIENCE.as_secs());
            }
            sent.again += 1;
            std::thread::sleep(Duration::from_millis(100));
        }
        sent.latencies_us.push(asked.elapsed().as_micros() as u64);
        sent.readings += plan.packets;
    }
    Ok(sent)
}

/// Whether all of a request is acknowledged. What got no answer, or is told to come again, is sent again.
fn taken(answer: Result<Value, ClientError>, packets: u64) -> anyhow::Result<bool> {
    match answer {
        Ok(answer) => {
            let taken = |found: &&Value| found["accepted"].is_string();
            let count = answer.as_array().into_iter().flatten().filter(taken).count() as u64;
            if count == packets { Ok(true) } else { Err(anyhow!("refused: {answer}")) }
        }
        Err(ClientError::Unreachable { .. } | ClientError::NoAnswer { .. }) => Ok(false),
        Err(ClientError::Refused(error)) if error.status == 503 => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}
