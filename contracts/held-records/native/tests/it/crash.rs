//! The gatekeeper killed at every touch of the ledger, before and after what it asks for is done: nothing is lost, released twice,
//! or released after a withdrawal that was in time.

use crate::chain::{At, Killed, MINUTE_MS, World};
use counterpart_sdk::Hash;
use counterpart_service::ServiceError;
use gatekeeper::{Gatekeeper, State};
use held_records::{Status, Verb};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A gatekeeper that is started again whenever it dies.
struct Running<'a> {
    world: &'a Arc<World>,
    folder: &'a Path,
    gatekeeper: Option<Gatekeeper<At>>,
    deaths: u32,
}

impl Running<'_> {
    /// Does something; whoever asked asks again when the process died on the way.
    fn until_done<T>(&mut self, act: impl Fn(&Gatekeeper<At>) -> Result<T, ServiceError>) -> Result<T, ServiceError> {
        loop {
            let gatekeeper = self.gatekeeper.get_or_insert_with(|| self.world.open(self.folder));
            match catch_unwind(AssertUnwindSafe(|| act(gatekeeper))) {
                Ok(done) => return done,
                Err(panic) => {
                    assert!(panic.is::<Killed>(), "it ended by itself");
                    // All that is not on the disk is gone.
                    self.gatekeeper = None;
                    self.world.crash_at.store(0, Ordering::SeqCst);
                    self.deaths += 1;
                }
            }
        }
    }
}

/// The same story each time: three records, of which one is recorded, one withdrawn and one superseded. Answers how often the ledger
/// was touched and how often the process died.
fn story(crash_at: u64) -> (u64, u32) {
    let (world, folder) = (World::new(), tempfile::tempdir().expect("a folder"));
    world.crash_at.store(crash_at, Ordering::SeqCst);
    let mut running = Running { world: &world, folder: folder.path(), gatekeeper: None, deaths: 0 };
    let (kept, one) = world.submission("kept", 1_000, &[&world.ida]);
    let (withdrawn, two) = world.submission("withdrawn", 1_000, &[&world.ben]);
    let (old, three) = world.submission("old", 1_000, &[&world.ida]);
    let (new, mut four) = world.submission("new", 1_000, &[&world.ida]);
    four.signals.push(world.say(&world.ida, old, Verb::Supersede { by: new }));
    let cancel = world.say(&world.vera, withdrawn, Verb::Cancel);
    // What died on the way may have been taken: then it is known, or its number is old.
    let there = |done: Result<(), ServiceError>| match done {
        Ok(()) => {}
        Err(error) => assert!(["known", "old", "over"].contains(&error.error.as_str()), "{error:?}"),
    };
    for submission in [&one, &two, &three] {
        there(running.until_done(|gatekeeper| gatekeeper.submit(submission).map(drop)));
    }
    running.until_done(Gatekeeper::tick).expect("a turn");
    world.chain().advance_ms(2 * MINUTE_MS);
    there(running.until_done(|gatekeeper| gatekeeper.signal(&cancel).map(drop)));
    there(running.until_done(|gatekeeper| gatekeeper.submit(&four).map(drop)));
    for _ in 0..12 {
        running.until_done(Gatekeeper::tick).expect("a turn");
        world.chain().advance_ms(MINUTE_MS);
    }
    let state = |running: &mut Running<'_>, record: Hash| {
        let status = |gatekeeper: &Gatekeeper<At>| Ok(gatekeeper.status(&record).expect("not lost").state);
        running.until_done(status).expect("told")
    };
    assert_eq!(state(&mut running, kept), State::Recorded, "crash at {crash_at}");
    assert_eq!(state(&mut running, withdrawn), State::Cancelled, "crash at {crash_at}");
    assert_eq!(state(&mut running, old), State::Superseded(new), "crash at {crash_at}");
    assert_eq!(state(&mut running, new), State::Recorded, "crash at {crash_at}");
    assert!(world.recorded(kept).is_some() && world.recorded(new).is_some());
    assert!(world.recorded(withdrawn).is_none() && world.recorded(old).is_none(), "crash at {crash_at}: D2");
    let on_ledger = |record| world.ask(world.records.commitment(record)).expect("anchored").status;
    assert_eq!(on_ledger(withdrawn), Status::Cancelled, "crash at {crash_at}");
    assert_eq!(on_ledger(old), Status::Superseded(new), "crash at {crash_at}");
    assert_eq!(world.taken.load(Ordering::SeqCst), 2, "crash at {crash_at}: D3");
    (world.touches.load(Ordering::SeqCst), running.deaths)
}

#[test]
fn killed_at_every_touch_of_the_ledger_nothing_is_lost_or_released_twice() {
    let (touches, deaths) = story(0);
    assert_eq!(deaths, 0);
    assert!(touches > 60, "{touches}");
    for crash_at in 1..=touches {
        let (_, deaths) = story(crash_at);
        assert_eq!(deaths, 1, "at {crash_at} of {touches}");
    }
}
