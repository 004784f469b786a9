//! One secret over two chains: both sides move or neither does, whoever dies at whatever step (T9 of the suite).

use counterpart_sdk::Hash;
use counterpart_testing::{Account, Chain, Failure, Mode, Random, Subject, from_environment};
use hash_escrow::{EscrowError, HashEscrowRef, Terms, native_hashescrow};
use sha2::{Digest, Sha256};
use token::{TokenRef, native_token};
use trading::Asset;

const REWARD: u128 = 55;
const UNITS: u128 = 100;
const PLENTY: u128 = 1_000_000;
/// From the lock on, in ms: until the receiver alone may bring the secret, until nobody may, until anybody may send units back.
/// Whoever sees the secret on the second chain has time left on the first.
const FIRST: [u64; 3] = [300_000, 400_000, 500_000];
const SECOND: [u64; 3] = [100_000, 200_000, 300_000];

fn secret(pair: u64) -> [u8; 32] {
    let mut secret = [3; 32];
    secret[..8].copy_from_slice(&pair.to_le_bytes());
    secret
}

struct Side {
    chain: Chain,
    token: TokenRef,
    escrow: HashEscrowRef,
}

impl Side {
    fn new(mode: Mode, id: u64) -> Self {
        let mut chain = Chain::numbered(mode, id);
        let [maker, solver, _] = ["maker", "solver", "anybody"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let token = chain.deploy(&maker, &subject, TokenRef::new("Acorn".into(), "ACN".into(), 0)).expect("deployed");
        let token = TokenRef::at(token);
        for account in [&maker, &solver] {
            chain.call(&maker, token.mint(account.address, PLENTY)).expect("minted");
        }
        let subject = Subject::new("hash-escrow", native_hashescrow());
        let escrow = HashEscrowRef::at(chain.deploy(&maker, &subject, HashEscrowRef::new()).expect("deployed"));
        Self { chain, token, escrow }
    }

    fn lock(&mut self, [from, to]: [&Account; 2], pair: u64, times: [u64; 3], at_ms: u64) -> Terms {
        let [public_ms, cancel_ms, public_cancel_ms] = times.map(|ms| at_ms + ms);
        let terms = Terms {
            depositor: from.address,
            receiver: to.address,
            asset: Asset::Token(self.token.address),
            units: UNITS,
            reward: REWARD,
            hash: Hash(Sha256::digest(secret(pair)).into()),
            public_ms,
            cancel_ms,
            public_cancel_ms,
        };
        let lock = self.escrow.lock(terms).with_value(REWARD);
        assert_eq!(self.chain.call_consenting(from, lock), Ok(pair));
        terms
    }

    fn until(&mut self, time_ms: u64) {
        self.chain.advance_ms(time_ms.saturating_sub(self.chain.time_ms()));
    }

    fn withdraw(&mut self, who: &Account, pair: u64, secret: [u8; 32]) -> Result<(), Failure<EscrowError>> {
        self.chain.call(who, self.escrow.withdraw(pair, secret))
    }

    fn cancel(&mut self, who: &Account, pair: u64) -> Result<(), Failure<EscrowError>> {
        self.chain.call(who, self.escrow.cancel(pair))
    }

    fn is_open(&self, pair: u64) -> bool {
        self.chain.query(self.escrow.escrow(pair)).expect("answered").is_some()
    }

    fn held(&self, who: &Account) -> u128 {
        self.chain.query(self.token.balance_of(who.address)).expect("answered")
    }
}

fn people() -> [Account; 3] {
    ["maker", "solver", "anybody"].map(Account::named)
}

#[test]
fn whoever_dies_at_any_step_both_sides_move_or_neither_does() {
    let [maker, solver, anybody] = people();
    for mode in [Mode::Native, Mode::Wasm] {
        // Steps that are done before everybody but a passer-by is gone: both locks, the secret on the second chain, on the first.
        for steps in 1..=4 {
            let (mut a, mut b) = (Side::new(mode, 31), Side::new(mode, 32));
            let start_ms = a.chain.time_ms().max(b.chain.time_ms()) + 10_000;
            a.lock([&maker, &solver], 0, FIRST, start_ms);
            if steps >= 2 {
                b.lock([&solver, &maker], 0, SECOND, start_ms);
            }
            let mut seen = None;
            if steps >= 3 {
                b.withdraw(&maker, 0, secret(0)).expect("in time");
                seen = Some(secret(0));
            }
            if steps >= 4 {
                a.withdraw(&solver, 0, secret(0)).expect("in time");
            }
            // A passer-by does for the reward what there is to do, as soon as anybody may.
            for time_ms in [SECOND[0], SECOND[2], FIRST[0], FIRST[2]].map(|ms| start_ms + ms) {
                for side in [&mut a, &mut b] {
                    side.until(time_ms);
                    if side.is_open(0) {
                        let brought = seen.is_some_and(|secret| side.withdraw(&anybody, 0, secret).is_ok());
                        let _ = !brought && side.cancel(&anybody, 0).is_ok();
                    }
                }
            }
            let moved = if steps >= 3 { UNITS } else { 0 };
            assert_eq!((a.held(&maker), a.held(&solver)), (PLENTY - moved, PLENTY + moved), "{mode:?} {steps}");
            assert_eq!((b.held(&maker), b.held(&solver)), (PLENTY + moved, PLENTY - moved), "{mode:?} {steps}");
            assert!(!a.is_open(0) && !b.is_open(0), "nothing is stuck");
            assert_eq!((a.chain.balance(&a.escrow.address), b.chain.balance(&b.escrow.address)), (0, 0), "rewards");
        }
    }
}

/// What is known of an escrow beside the contract.
struct Known {
    terms: Terms,
    is_open: bool,
}

impl Known {
    /// How a try to end it has to end.
    fn verdict(&self, pair: u64, secret: Option<[u8; 32]>, who: &Account, now: u64) -> Result<(), EscrowError> {
        let Terms { depositor, receiver, hash, public_ms, cancel_ms, public_cancel_ms, .. } = self.terms;
        match secret {
            _ if !self.is_open => Err(EscrowError::NoEscrow { escrow: pair }),
            Some(secret) if Hash(Sha256::digest(secret).into()) != hash => Err(EscrowError::WrongSecret),
            Some(_) if now >= cancel_ms => Err(EscrowError::WrongTime { next_ms: public_cancel_ms }),
            Some(_) if now < public_ms && who.address != receiver => Err(EscrowError::WrongTime { next_ms: public_ms }),
            None if now < cancel_ms => Err(EscrowError::WrongTime { next_ms: cancel_ms }),
            None if now < public_cancel_ms && who.address != depositor => {
                Err(EscrowError::WrongTime { next_ms: public_cancel_ms })
            }
            _ => Ok(()),
        }
    }
}

/// Random tries of everybody on both chains against what the rules say; whoever has seen a secret uses it.
#[test]
fn random_tries_end_each_escrow_once_and_as_the_rules_say() {
    let everybody = people();
    let mut random = Random::from_environment();
    for mode in [Mode::Native, Mode::Wasm] {
        let mut sides = [Side::new(mode, 31), Side::new(mode, 32)];
        let mut known: [Vec<Known>; 2] = [Vec::new(), Vec::new()];
        let (mut claimed, mut returned) = (0, 0);
        for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(300) {
            let now = sides.iter().map(|side| side.chain.time_ms()).max().unwrap_or_default();
            if random.one_in(6) {
                let pair = known[0].len() as u64;
                let [maker, solver, _] = &everybody;
                for (index, (people, times)) in
                    [([maker, solver], FIRST), ([solver, maker], SECOND)].into_iter().enumerate()
                {
                    let terms = sides[index].lock(people, pair, times, now + 10_000);
                    known[index].push(Known { terms, is_open: true });
                }
                continue;
            }
            if random.one_in(3) {
                let time_ms = now + random.below(150_000);
                sides.iter_mut().for_each(|side| side.until(time_ms));
            }
            let (Some(last), index) = (known[0].len().checked_sub(1), random.below(2) as usize) else { continue };
            // Mostly one of the newest: the others have ended.
            let pair = (last as u64).saturating_sub(random.below(6));
            let who = &everybody[random.below(3) as usize];
            let tried = if random.one_in(2) {
                let wrong = random.one_in(6);
                Some(if wrong { secret(pair + 1) } else { secret(pair) })
            } else {
                None
            };
            let side = &mut sides[index];
            // The call is in a block of its own, which has the chain's present time.
            let found = &mut known[index][pair as usize];
            let want = found.verdict(pair, tried, who, side.chain.time_ms());
            let [before_from, before_to] = [found.terms.depositor, found.terms.receiver]
                .map(|address| side.chain.query(side.token.balance_of(address)).expect("answered"));
            let got = match tried {
                Some(secret) => side.withdraw(who, pair, secret),
                None => side.cancel(who, pair),
            };
            let got = got.map_err(|failure| match failure {
                Failure::Error(error) => error,
                other => panic!("{other:?}"),
            });
            assert_eq!(got, want, "{mode:?}, escrow {pair} of side {index}");
            let ended = got.is_ok();
            let (to_from, to_to) = match (ended, tried) {
                (true, Some(_)) => (0, UNITS),
                (true, None) => (UNITS, 0),
                _ => (0, 0),
            };
            let [after_from, after_to] = [found.terms.depositor, found.terms.receiver]
                .map(|address| side.chain.query(side.token.balance_of(address)).expect("answered"));
            assert_eq!((after_from, after_to), (before_from + to_from, before_to + to_to));
            found.is_open &= !ended;
            claimed += u32::from(to_to > 0);
            returned += u32::from(to_from > 0);
        }
        for (side, known) in sides.iter().zip(&known) {
            let open = known.iter().filter(|known| known.is_open).count() as u128;
            let held = side.chain.query(side.token.balance_of(side.escrow.address));
            assert_eq!(held, Ok(open * UNITS), "what is locked is there");
            assert_eq!(side.chain.balance(&side.escrow.address), open * REWARD);
        }
        assert!(claimed > 3 && returned > 3, "the run ended escrows both ways: {claimed}, {returned}");
    }
}
