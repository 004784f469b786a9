//! Headers of real blocks, shares, and who is paid for them.

use crate::setting::{EVERY_MS, PLENTY, SITE, Setting, error, job, mine};
use compute_pool::{ComputePoolRef, Job, Payout, PoolError, Share, Terms, native_computepool, work};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Subject, contract_test};

const PER_SHARE: Payout = Payout::PerShare { units: 10 };

fn bytes(text: &str) -> Vec<u8> {
    let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    text.as_bytes().chunks(2).map(value).collect()
}

/// Hashes as they are printed: the last byte first.
fn printed(text: &str) -> Hash {
    let mut hash: [u8; 32] = bytes(text).try_into().expect("32 bytes");
    hash.reverse();
    Hash(hash)
}

#[contract_test]
fn headers_of_bitcoin_have_their_hashes(chain: &mut Chain) {
    let setting = Setting::new(chain, PER_SHARE);
    // Blocks 0, 1, 170 and 125 552: the first, the second, the first with a payment, and the one of the wiki's page on hashing.
    let zero = "00".repeat(32);
    for (version, before, root, time, bits, nonce, hash) in [
        (
            1,
            zero.as_str(),
            "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
            1_231_006_505,
            0x1d00_ffff,
            2_083_236_893,
            "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
        ),
        (
            1,
            "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
            "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098",
            1_231_469_665,
            0x1d00_ffff,
            2_573_394_689,
            "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048",
        ),
        (
            1,
            "000000002a22cfee1f2c846adbd12b3e183d4f97683f85dad08a79780a84bd55",
            "7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff",
            1_231_731_025,
            0x1d00_ffff,
            1_889_418_792,
            "00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee",
        ),
        (
            1,
            "00000000000008a3a41b85b8b29ad444def299fee21793cd8b9e567eab02cd81",
            "2b12fcf1b09288fcaff797d71e950e71ae42b91e8bdb2304758dfcffc2b620e3",
            1_305_998_791,
            0x1a44_b9f2,
            2_504_433_986,
            "00000000000000001e8d6829a8a21adc5d38d0a473b144b6765798e61f98bd1d",
        ),
    ] {
        let (before, root) = (printed(before), printed(root));
        let header = work::header(version, &before, &root, time, bits, nonce);
        assert_eq!(header.len(), 80);
        let checked = chain.query(setting.pool.check_header(header.clone())).expect("answered");
        assert_eq!(checked, Some((printed(hash), true)), "{hash}");
        let mut other = header;
        other[76] ^= 1;
        let (changed, below) = chain.query(setting.pool.check_header(other)).expect("answered").expect("a header");
        assert!(changed != printed(hash) && !below);
    }
    assert_eq!(chain.query(setting.pool.check_header(vec![0; 79])), Ok(None));
    assert_eq!(chain.query(setting.pool.check_header(vec![0; 81])), Ok(None));
}

#[test]
fn compact_targets_are_those_of_the_reference() {
    // Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact: no target, negative ones, and some that are.
    let zeros = [0, 0x0012_3456, 0x0100_3456, 0x0200_0056, 0x0300_0000, 0x0400_0000, 0x0180_3456, 0x0480_0000];
    // Sizes of 33 and 34 bytes go on as far as their first bytes are zero.
    let beyond = [0x01fe_dcba, 0x0492_3456, 0x2101_0000, 0x2200_0100, 0xff12_3456];
    for none in zeros.into_iter().chain(beyond) {
        assert_eq!(work::target(none), None, "{none:#x}");
    }
    let low = |bits: u32| {
        let target = work::target(bits).expect("a target");
        assert!(target[..16].iter().all(|byte| *byte == 0));
        u128::from_be_bytes(target[16..].try_into().expect("16 bytes"))
    };
    for (bits, value) in [
        (0x0112_3456, 0x12),
        (0x0212_3456, 0x1234),
        (0x0312_3456, 0x12_3456),
        (0x0412_3456, 0x1234_5600),
        (0x0500_9234, 0x9234_0000),
    ] {
        assert_eq!(low(bits), value, "{bits:#x}");
    }
    let high = work::target(0x2012_3456).expect("a target");
    assert_eq!(high[..4], [0x12, 0x34, 0x56, 0]);
    assert_eq!(work::target(0x2100_ffff).map(|target| [target[0], target[1], target[2]]), Some([0xff, 0xff, 0]));
    assert_eq!(work::target(0x2200_00ff).map(|target| [target[0], target[1]]), Some([0xff, 0]));
    assert!(work::is_block(&Hash([0; 32]), 0x0312_3456) && !work::is_block(&Hash([0xff; 32]), 0x2012_3456));
}

#[contract_test]
fn a_share_is_paid_once_to_who_found_it(chain: &mut Chain) {
    let setting = Setting::new(chain, PER_SHARE);
    chain.call_consenting(&setting.payer, setting.pool.put_fund(setting.payer.address, 25)).expect("funded");
    let share = setting.found(chain, 0, 0, 1);
    // Bob brings Ann's share as his own: another coinbase, another header.
    let stolen = setting.submit(chain, Share { unit: 1, ..share });
    assert_eq!(error(stolen), PoolError::AboveTarget, "G6");
    for (wrong, expected) in [
        (Share { unit: 9, ..share }, PoolError::NoUnit),
        (Share { job: 9, ..share }, PoolError::Stale),
        (Share { time_s: share.time_s - 1, ..share }, PoolError::WrongTime),
        (Share { time_s: share.time_s + 101, ..share }, PoolError::WrongTime),
        (Share { difficulty: 2, ..share }, PoolError::WrongDifficulty { difficulty: 1 }),
        (Share { nonce: share.nonce.wrapping_add(1), ..share }, PoolError::AboveTarget),
        (Share { extra: 2, ..share }, PoolError::AboveTarget),
    ] {
        assert_eq!(error(setting.submit(chain, wrong)), expected);
    }
    assert_eq!(setting.submit(chain, share), Ok(false), "whoever brings it; it makes no block");
    assert_eq!(error(setting.submit(chain, share)), PoolError::Duplicate, "G6");
    assert_eq!(setting.claim_of(chain, &setting.owners[0]), 10);
    for extra in [2, 3] {
        let share = setting.found(chain, 0, 0, extra);
        setting.submit(chain, share).expect("counted");
    }
    // 25 in the fund: two whole shares and what is left.
    assert_eq!(setting.claim_of(chain, &setting.owners[0]), 25);
    assert_eq!(chain.query(setting.pool.fund()), Ok(0));
    let unit = setting.unit(chain, 0);
    assert_eq!(unit.credit, 3);
    assert_eq!(chain.query(setting.pool.hashes_of(SITE)), Ok(3 << 16));
    assert_eq!(chain.call(&setting.owners[0], setting.pool.claim(setting.owners[0].address)), Ok(25));
    assert_eq!(setting.held(chain, setting.owners[0].address), 25);
    assert!(chain.call(&setting.owners[1], setting.pool.claim(setting.owners[0].address)).is_err());
    // Another job makes this one stale, and so does its end.
    let other = Job { before: Hash([8; 32]), ..job() };
    assert!(chain.call(&setting.payer, setting.pool.set_job(other.clone())).is_err(), "the admin alone");
    let late = setting.found(chain, 0, 1, 1);
    assert_eq!(chain.call(&setting.admin, setting.pool.set_job(other)), Ok(1));
    assert_eq!(error(setting.submit(chain, late)), PoolError::Stale, "G6");
    let share = setting.found(chain, 1, 1, 1);
    chain.call(&setting.admin, setting.pool.retire_job(1)).expect("ended");
    assert_eq!(error(setting.submit(chain, share)), PoolError::Stale);
}

#[contract_test]
fn a_header_below_the_blocks_target_makes_a_block(chain: &mut Chain) {
    let setting = Setting::new(chain, PER_SHARE);
    // A target that every share meets.
    let easy = Job { bits: 0x1f01_0000, ..job() };
    chain.call(&setting.admin, setting.pool.set_job(easy)).expect("said");
    let share = setting.found(chain, 1, 2, 5);
    assert_eq!(setting.submit(chain, share), Ok(true));
    for wrong in [
        Job { bits: 0, ..job() },
        Job { head: vec![0; 257], ..job() },
        Job { tail: vec![0; 257], ..job() },
        Job { branch: vec![Hash::ZERO; 17], ..job() },
        Job { from_s: 2, until_s: 1, ..job() },
    ] {
        assert_eq!(error(chain.call(&setting.admin, setting.pool.set_job(wrong))), PoolError::BadTerms);
    }
}

#[contract_test]
fn who_is_fast_has_harder_shares_and_who_is_slow_easier_ones(chain: &mut Chain) {
    let setting = Setting::new(chain, PER_SHARE);
    let eight = |chain: &mut Chain, from: u64, pause_ms: u64| {
        let before = setting.unit(chain, 0);
        for extra in from..from + 8 {
            let share = setting.found(chain, 0, 0, extra);
            setting.submit(chain, share).expect("counted");
            chain.advance_ms(pause_ms);
        }
        let after = setting.unit(chain, 0);
        assert_eq!(after.credit, before.credit + 8 * u128::from(before.difficulty), "G7");
        (after.difficulty, after.before)
    };
    assert_eq!(eight(chain, 0, 0), (2, 1));
    assert_eq!(eight(chain, 8, EVERY_MS), (2, 2), "as fast as it shall");
    assert_eq!(eight(chain, 16, 3 * EVERY_MS), (1, 2));
    assert_eq!(eight(chain, 24, 3 * EVERY_MS), (1, 1), "never below the least");
    assert_eq!(eight(chain, 32, 0), (2, 1));
    assert_eq!(eight(chain, 40, 0), (4, 2));
    // One that was begun before counts still, for what it took; older ones do not.
    let now = setting.found(chain, 0, 0, 99);
    let old = mine(&job(), &setting.owners[0], Share { difficulty: 2, nonce: 0, extra: 100, ..now });
    setting.submit(chain, old).expect("counted");
    let older = mine(&job(), &setting.owners[0], Share { difficulty: 1, nonce: 0, extra: 101, ..now });
    assert_eq!(error(setting.submit(chain, older)), PoolError::WrongDifficulty { difficulty: 4 });
}

#[contract_test]
fn a_reward_is_split_over_the_last_shares(chain: &mut Chain) {
    let setting = Setting::new(chain, Payout::LastShares { window: 4 });
    let reward = |units| setting.pool.reward(setting.payer.address, units);
    assert_eq!(error(chain.call(&setting.payer, reward(10))), PoolError::Nothing);
    for (unit, extra) in [(0, 1), (0, 2), (1, 1), (2, 1), (1, 2)] {
        let share = setting.found(chain, 0, unit, extra);
        setting.submit(chain, share).expect("counted");
    }
    // The last four: one of Ann's, two of Bob's, one of Cid's. What rounding leaves is the newest one's.
    chain.call_consenting(&setting.payer, reward(101)).expect("split");
    let claims: Vec<u128> = setting.owners.iter().map(|owner| setting.claim_of(chain, owner)).collect();
    assert_eq!(claims, [25, 51, 25]);
    assert_eq!(setting.held(chain, setting.payer.address), PLENTY - 101);
    // A harder share counts as far as the window goes.
    let unit = setting.unit(chain, 0);
    assert_eq!(unit.credit, 2);
    let flat = Setting::new(chain, PER_SHARE);
    let refused = flat.pool.reward(flat.payer.address, 1);
    assert_eq!(error(chain.call(&flat.payer, refused)), PoolError::BadTerms);
}

#[contract_test]
fn terms_that_make_no_sense_are_refused(chain: &mut Chain) {
    let setting = Setting::new(chain, PER_SHARE);
    let terms = chain.query(setting.pool.terms()).expect("answered").expect("there");
    let subject = Subject::new("compute-pool", native_computepool());
    for wrong in [
        Terms { least: 0, ..terms },
        Terms { most: 0, ..terms },
        Terms { every_ms: 0, ..terms },
        Terms { payout: Payout::LastShares { window: 0 }, ..terms },
    ] {
        assert!(chain.deploy(&setting.admin, &subject, ComputePoolRef::new(wrong)).is_err());
    }
    assert_eq!(chain.query(setting.pool.admin()), Ok(setting.admin.address));
    assert!(chain.call(&setting.payer, setting.pool.retire_job(0)).is_err());
    assert!(chain.call(&setting.payer, setting.pool.propose_admin(None)).is_err());
    chain.call(&setting.admin, setting.pool.propose_admin(Some(setting.payer.address))).expect("proposed");
    chain.call(&setting.payer, setting.pool.accept_admin()).expect("accepted");
    chain.call(&setting.payer, setting.pool.retire_job(0)).expect("the new admin");
}
