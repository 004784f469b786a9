//! A site with a gas meter, a generator and a centre; its inspector, and who shares its revenue.

use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account, Chain, Failure, Subject};
use energy_site::{
    Batch, Conditions, EnergySitesRef, Factors, Key, Kind, Meter, Reading, Site, SiteError, Terms, native_energysites,
};
use sha2::{Digest, Sha256};
use token::{TokenRef, native_token};
use trading::Asset;

pub const HOUR_MS: u64 = 3_600_000;
pub const PLENTY: u128 = 1_000_000;
pub const GAS: u64 = 0;
pub const GENERATOR: u64 = 1;
pub const CENTRE: u64 = 2;
/// The state in which gas is standard.
pub const STANDARD: Conditions = Conditions { pascal: 101_560, millikelvin: 288_706, z_ppm: 1_000_000 };

/// 40 CFR 98, tables C-1 and C-2: 1.026e-3 mmBtu of a standard cubic foot, 53.06 kg of CO2 of a mmBtu.
pub fn factors() -> Factors {
    Factors {
        name: "40 CFR 98, tables C-1 and C-2".into(),
        btu_per_kscf: 1_026_000,
        co2_grams_per_mmbtu: 53_060,
        avoided_grams_per_mmbtu: 11_000,
        base_pascal: STANDARD.pascal,
        base_millikelvin: STANDARD.millikelvin,
        least_z_ppm: 700_000,
        most_z_ppm: 1_100_000,
        least_btu_per_kwh: 6_000,
        most_btu_per_kwh: 15_000,
        most_hashes_per_wh: 1_000_000,
    }
}

pub struct Setting {
    pub sites: EnergySitesRef,
    pub money: TokenRef,
    pub admin: Account,
    pub operator: Account,
    pub inspector: Account,
    pub payer: Account,
    pub owners: [Account; 3],
    pub meters: [Account; 3],
}

impl Setting {
    pub fn new(chain: &mut Chain) -> Self {
        let [admin, operator, inspector, payer] =
            ["admin", "operator", "inspector", "payer"].map(|name| chain.account(name));
        let owners = ["producer", "host", "royalty"].map(|name| chain.account(name));
        let meters = ["gas", "generator", "centre"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&admin, &subject, TokenRef::new("Money".into(), "MNY".into(), 2)).expect("deployed");
        let money = TokenRef::at(money);
        chain.call(&admin, money.mint(payer.address, PLENTY)).expect("minted");
        let terms = Terms {
            asset: Asset::Token(money.address),
            skew_ms: 60_000,
            store_ms: 100 * HOUR_MS,
            tolerance_ppm: 20_000,
            hold_score: 50,
            admin_delay_ms: 0,
        };
        let subject = Subject::new("energy-site", native_energysites());
        let sites = chain.deploy(&admin, &subject, EnergySitesRef::new(terms)).expect("deployed");
        let sites = EnergySitesRef::at(sites);
        chain.call(&admin, sites.set_inspector(inspector.address, true)).expect("named");
        chain.call(&admin, sites.add_factors(factors())).expect("added");
        let split = [500_000, 300_000, 200_000].iter().zip(&owners).map(|(ppm, who)| (who.address, *ppm)).collect();
        let site = Site { operator: operator.address, split, pool: None };
        chain.call(&operator, sites.register_site(site)).expect("registered");
        let setting = Self { sites, money, admin, operator, inspector, payer, owners, meters };
        for (kind, per_hour) in [(Kind::Gas, 1_000_000_000), (Kind::Generator, 10_000_000), (Kind::Centre, 10_000_000)]
        {
            setting.register(chain, 0, kind, per_hour).expect("registered");
        }
        setting
    }

    pub fn key(&self, device: u64) -> Key {
        Key::Ed25519(self.meters[device as usize % 3].public_key())
    }

    pub fn register(&self, chain: &mut Chain, site: u64, kind: Kind, per_hour: u64) -> Result<u64, Failure<SiteError>> {
        let key = self.key(kind as u64);
        let meter = Meter { site, kind, key, calibration: Hash::ZERO, per_hour, totaliser: 1_000, next: 0 };
        chain.call(&self.inspector, self.sites.register_device(self.inspector.address, meter))
    }

    /// The next batch of a device with one reading, in which it has measured so much more.
    pub fn next(&self, chain: &Chain, device: u64, more: u64) -> Batch {
        let found = chain.query(self.sites.device(device)).expect("answered").expect("there");
        let (at_ms, totaliser) = (chain.time_ms(), found.totaliser.saturating_add(more));
        let reading = Reading { device, counter: found.next, at_ms, totaliser };
        Batch { device, from: found.next, count: 1, root: leaf(&reading), at_ms, totaliser }
    }

    pub fn submit(&self, chain: &mut Chain, batch: Batch) -> Result<(), Failure<SiteError>> {
        let digest = chain.query(self.sites.batch_digest(batch)).expect("answered");
        let signature = self.meters[batch.device as usize % 3].sign(&digest.0);
        chain.call(&self.payer, self.sites.submit(batch, signature))
    }

    /// Lets a device measure something after an hour.
    pub fn measure(&self, chain: &mut Chain, device: u64, more: u64) {
        let batch = self.next(chain, device, more);
        self.submit(chain, batch).expect("recorded");
    }

    /// An hour of 300 standard cubic feet, 32.4 kWh generated and 32 used: 9 500 Btu for a kWh.
    pub fn hour(&self, chain: &mut Chain) {
        chain.advance_ms(HOUR_MS);
        self.measure(chain, GAS, 300_000);
        self.measure(chain, GENERATOR, 32_400);
        self.measure(chain, CENTRE, 32_000);
    }

    pub fn close(&self, chain: &mut Chain) -> Result<u64, Failure<SiteError>> {
        chain.call(&self.operator, self.sites.close_period(0, STANDARD, 0, Hash([3; 32])))
    }

    pub fn held(&self, chain: &Chain, who: Address) -> u128 {
        chain.query(self.money.balance_of(who)).expect("answered")
    }
}

fn sha256(parts: &[&[u8]]) -> Hash {
    Hash(Sha256::digest(parts.concat()).into())
}

pub fn leaf(reading: &Reading) -> Hash {
    use counterpart_sdk::codec::Encode;
    sha256(&[&[0], &reading.encode()])
}

/// The root of a tree and the path to each of its leaves.
pub fn tree(leaves: &[Hash]) -> (Hash, Vec<Vec<Hash>>) {
    let mut paths = vec![Vec::new(); leaves.len()];
    let mut places: Vec<usize> = (0..leaves.len()).collect();
    let mut row = leaves.to_vec();
    while row.len() > 1 {
        for (path, place) in paths.iter_mut().zip(&mut places) {
            path.extend(row.get(*place ^ 1));
            *place /= 2;
        }
        let above = row.chunks(2).map(|pair| match pair {
            [left, right] => sha256(&[&[1], &left.0, &right.0]),
            other => other[0],
        });
        row = above.collect();
    }
    (row[0], paths)
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<SiteError>>) -> SiteError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
