//! The meters' gateway before the real contract, over a link that loses requests and answers.

use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account, Chain, Failure, Mode, Random, Subject};
use energy_site::{Batch, EnergySitesRef, Kind, Meter as Registered, Site, SiteError, Terms, native_energysites};
use plant::{Gateway, Ledger, LedgerError, Meter, Queue, meter};
use token::{TokenRef, native_token};
use trading::Asset;

const HOUR_MS: u64 = 3_600_000;

struct World {
    chain: Chain,
    sites: EnergySitesRef,
    carrier: Account,
    random: Random,
    /// In so many of a hundred the request is lost, and in as many the answer.
    loses: u64,
}

impl Ledger for World {
    fn submit(&mut self, batch: &Batch, signature: &[u8; 64]) -> Result<(), LedgerError> {
        if self.random.below(100) < self.loses {
            return Err(LedgerError::Lost);
        }
        let done = self.chain.call(&self.carrier, self.sites.submit(*batch, *signature));
        if self.random.below(100) < self.loses {
            return Err(LedgerError::Lost);
        }
        done.map_err(|failure| match failure {
            Failure::Error(SiteError::WrongCounter { next }) => LedgerError::WrongCounter { next },
            _ => LedgerError::Refused,
        })
    }
}

fn seed(device: u64) -> [u8; 32] {
    [device as u8 + 1; 32]
}

/// A site with three meters; answers the world and the site's contract.
fn world(loses: u64) -> World {
    let mut chain = Chain::new(Mode::Native);
    let [admin, carrier] = ["admin", "carrier"].map(|name| chain.account(name));
    let subject = Subject::new("token", native_token());
    let money = chain.deploy(&admin, &subject, TokenRef::new("Money".into(), "MNY".into(), 2)).expect("deployed");
    let terms = Terms {
        asset: Asset::Token(money),
        skew_ms: 60_000,
        store_ms: 1_000 * HOUR_MS,
        tolerance_ppm: 0,
        hold_score: 50,
        admin_delay_ms: 0,
    };
    let subject = Subject::new("energy-site", native_energysites());
    let sites = EnergySitesRef::at(chain.deploy(&admin, &subject, EnergySitesRef::new(terms)).expect("deployed"));
    chain.call(&admin, sites.set_inspector(admin.address, true)).expect("named");
    let site = Site { operator: admin.address, split: vec![(admin.address, 1_000_000)], pool: None };
    chain.call(&admin, sites.register_site(site)).expect("registered");
    for (device, kind) in [Kind::Gas, Kind::Generator, Kind::Centre].into_iter().enumerate() {
        let registered = Registered {
            site: 0,
            kind,
            key: Meter::public_key(seed(device as u64)),
            calibration: Hash::ZERO,
            per_hour: 1_000_000,
            totaliser: 0,
            next: 0,
        };
        chain.call(&admin, sites.register_device(admin.address, registered)).expect("registered");
    }
    World { chain, sites, carrier, random: Random::new(5), loses }
}

#[test]
fn everything_comes_once_over_a_link_that_loses_and_through_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = world(40);
    let contract: Address = world.sites.address;
    let mut meters: Vec<Meter> = (0..3).map(|device| Meter::new(seed(device), device, 1, contract)).collect();
    let mut totalisers = [0_u64; 3];
    let mut all = Vec::new();
    for hour in 0..60 {
        world.chain.advance_ms(HOUR_MS);
        // Each turn is a process of its own.
        let queue = Queue::open(folder.path()).expect("opened");
        for (device, meter) in meters.iter_mut().enumerate() {
            let end_ms = world.chain.time_ms();
            for step in 0..4 {
                totalisers[device] += 100 + step;
                meter.read(end_ms - HOUR_MS / 8 + step * 60_000, totalisers[device]);
            }
            let (batch, signature, readings) = meter.sign().expect("readings");
            queue.put(&batch, &signature).expect("kept");
            queue.put(&batch, &signature).expect("kept once");
            all.push((batch, readings));
        }
        let mut gateway = Gateway::new(queue, world);
        if hour % 3 != 1 {
            gateway.tick().expect("a turn");
        }
        world = gateway.ledger;
    }
    world.loses = 0;
    let queue = Queue::open(folder.path()).expect("opened");
    let mut gateway = Gateway::new(queue, world);
    while !gateway.queue().is_empty().expect("counted") {
        gateway.tick().expect("a turn");
    }
    assert_eq!(gateway.queue().refused().expect("counted"), 0);
    let world = gateway.ledger;
    for (device, totaliser) in totalisers.into_iter().enumerate() {
        let found = world.chain.query(world.sites.device(device as u64)).expect("answered").expect("there");
        assert_eq!((found.next, found.total), (240, u128::from(totaliser)), "G1, G2");
    }
    // Whatever reading an auditor asks for is in its batch.
    for (batch, readings) in all.iter().step_by(17) {
        for (index, reading) in readings.iter().enumerate() {
            let path = meter::path(readings, index);
            let proves = world.sites.proves(batch.from, index as u32, *reading, path);
            assert_eq!(world.chain.query(proves), Ok(true));
        }
    }
}

#[test]
fn what_the_ledger_refuses_is_put_aside_and_a_gap_lets_the_meter_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = world(0);
    let contract = world.sites.address;
    let [mut good, mut bad] = [0, 1].map(|device| Meter::new(seed(device), device, 1, contract));
    world.chain.advance_ms(HOUR_MS);
    let now = world.chain.time_ms();
    let queue = Queue::open(folder.path()).expect("opened");
    // More than the meter can have measured: somebody has tampered with it.
    bad.read(now - 2_000, 5_000_000);
    good.read(now - 2_000, 500);
    for meter in [&mut bad, &mut good] {
        let (batch, signature, _) = meter.sign().expect("a reading");
        queue.put(&batch, &signature).expect("kept");
    }
    bad.read(now - 1_000, 700);
    let (next, signature, _) = bad.sign().expect("a reading");
    queue.put(&next, &signature).expect("kept");
    let mut gateway = Gateway::new(queue, world);
    assert_eq!(gateway.tick(), Ok(1), "the other meter does not wait");
    assert_eq!(gateway.queue().refused(), Ok(1));
    // What came after it waits until the meter says that the number is skipped.
    assert_eq!(gateway.tick(), Ok(0));
    let mut again = Meter::new(seed(1), 1, 1, contract);
    let (until, signature) = again.skip(1);
    let world = &mut gateway.ledger;
    world.chain.call(&world.carrier, world.sites.report_gap(1, until, signature)).expect("declared");
    assert_eq!(gateway.tick(), Ok(1));
}
