//! Four replicas as processes on loopback: killed, restarted, without a quorum and with one again; nothing certified is lost.

mod namespaces;
mod network;

use namespaces::Spaces;
use network::{BINARY, Network, path};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn replicas_outlive_kills_and_a_lost_quorum() {
    const LONG: Duration = Duration::from_secs(60);
    let mut network = Network::start(4);
    for index in 0..4 {
        network.reaches(index, 1, LONG);
    }
    let first = network.transfer(1, 60).expect("certified");
    assert!(first["certificate"]["certified"].as_array().is_some_and(|finals| finals.len() >= 3), "{first}");

    // One is killed; the others go on, and it catches up when it is back.
    network.kill(3);
    for _ in 0..3 {
        network.transfer(0, 60).expect("three of four are a quorum");
    }
    let height = network.height(0);
    network.run(3);
    network.reaches(3, height, LONG);

    // Two are killed: nothing is certified, and nothing is lost.
    network.kill(2);
    network.kill(3);
    let before = network.height(0);
    assert!(network.transfer(0, 2).is_none(), "two of four are no quorum");
    assert!(network.height(0) <= before + 1);
    network.run(2);
    network.run(3);
    let back = network.reaches(0, before + 2, LONG);
    eprintln!("a new approved block {back:?} after the quorum was back");

    // All at once, at any moment: what was approved is still there.
    let top = (0..4).map(|index| network.height(index)).max().unwrap_or(0);
    (0..4).for_each(|index| network.kill(index));
    (0..4).for_each(|index| network.run(index));
    for index in 0..4 {
        network.reaches(index, top, LONG);
    }
    let last = network.transfer(2, 60).expect("certified");

    // Whoever is asked tells the same of it, and with which strength.
    let hash = last["transaction"].as_str().expect("a hash");
    let height = last["height"].as_u64().expect("a height");
    network.reaches(1, height, LONG);
    let strength = network.json(1, &["tx", "strength", hash, "--delta", "10"]).expect("an answer");
    assert_eq!((&strength["replicas"], &strength["quorum"]), (&Value::from(4), &Value::from(3)));
    let block = |index: u16| network.json(index, &["tx", "show", hash]).expect("known")["receipt"].clone();
    assert_eq!(block(1), block(2));
}

#[test]
fn a_replica_ends_in_order_when_it_is_told_to() {
    let mut network = Network::start(1);
    network.reaches(0, 1, Duration::from_secs(60));
    let mut child = network.running[0].take().expect("it runs");
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(told.success());
    assert!(child.wait().expect("it ends").success());
    let folder = network.replica(0);
    let checked = Command::new(BINARY).args(["node", "db", "check", path(&folder)]).output().expect("it starts");
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn a_member_leaves_and_comes_back_by_changes_of_validators() {
    const LONG: Duration = Duration::from_secs(60);
    let mut network = Network::start(4);
    for index in 0..4 {
        network.reaches(index, 1, LONG);
    }
    let shown = network.json(0, &["validators", "show"]).expect("the first set");
    let members: Vec<String> = shown["members"]
        .as_array()
        .expect("members")
        .iter()
        .map(|key| key.as_str().expect("a key").to_owned())
        .collect();
    let folder = network.folder.path().to_owned();
    let file = folder.join("proposal.json");
    let change = |network: &Network, members: &[String], quorum: &str, consenting: &[u16]| {
        let named: Vec<&str> = members.iter().flat_map(|key| ["--member", key]).collect();
        let propose = [&["validators", "propose", "--quorum", quorum, "--out", path(&file)][..], &named].concat();
        network.json(0, &propose).expect("proposed");
        for index in consenting {
            network
                .json(0, &["validators", "consent", path(&file), "--replica", path(&network.replica(*index))])
                .expect("consents");
        }
        network.ask(0, &["validators", "change", path(&file), "--rule", "quorum:0.5"])
    };
    let epoch = |network: &Network, epoch: u64| {
        let started = Instant::now();
        while network.json(1, &["validators", "show"]).is_none_or(|shown| shown["epoch"] != epoch) {
            assert!(started.elapsed() < LONG, "epoch {epoch} does not begin");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let refused = change(&network, &members[..3], "2", &[0, 1]);
    assert_eq!(refused.status.code(), Some(1), "two of four are too few: {refused:?}");
    assert!(change(&network, &members[..3], "2", &[0, 1, 3]).status.success());
    epoch(&network, 1);

    // Without the fourth, two of three are the quorum. It follows, and signs nothing.
    network.kill(2);
    let two = network.transfer(0, 60).expect("two of three are a quorum");
    assert!(two["certificate"]["certified"].as_array().is_some_and(|finals| finals.len() == 2), "{two}");
    network.reaches(3, two["height"].as_u64().expect("a height"), LONG);
    let standing = network.json(3, &["node", "status"]).expect("it runs");
    assert_eq!(
        (&standing["standing"]["signs"], &standing["standing"]["epoch"]),
        (&Value::from(false), &Value::from(1))
    );

    // It comes back, and what was certified before is still proved to whoever connects now.
    network.run(2);
    let changed = change(&network, &members, "3", &[0, 1]);
    assert!(changed.status.success(), "{changed:?}");
    epoch(&network, 2);
    network.kill(2);
    network.transfer(1, 60).expect("the fourth votes again");
    let hash = two["transaction"].as_str().expect("a hash");
    let shown = network.json(1, &["tx", "show", hash]).expect("verified");
    assert_eq!((&shown["receipt"], &shown["height"]), (&two["receipt"], &two["height"]));

    // A replica that lost its ledger begins with a snapshot of the others, in the epoch that they are in.
    network.run(2);
    network.kill(3);
    let ledger = network.replica(3).join("ledger");
    std::fs::remove_dir_all(&ledger).expect("lost");
    let top = network.height(0);
    let synced = network.json(3, &["node", "sync", path(&network.replica(3))]).expect("fetched");
    assert!(synced["height"].as_u64().is_some_and(|height| height > 0), "{synced}");
    network.run(3);
    network.reaches(3, top, LONG);
    let status = network.json(3, &["node", "status"]).expect("it runs");
    assert_eq!(
        (&status["standing"]["signs"], &status["standing"]["epoch"]),
        (&Value::from(true), &Value::from(2)),
        "{status}"
    );
    network.kill(2);
    network.transfer(3, 60).expect("it votes");
    // Whoever trusts the genesis alone follows the epochs with what it keeps of them, even where blocks are forgotten.
    network.kill(3);
    network.json(3, &["node", "db", "prune", path(&ledger), "--keep", "1"]).expect("pruned");
    network.run(3);
    network.reaches(3, top, LONG);
    let shown = network.json(3, &["validators", "show"]).expect("its clients follow");
    assert_eq!(shown["epoch"], 2);
}

#[test]
fn a_replica_without_its_journal_follows_and_signs_again_when_it_is_told_to() {
    const LONG: Duration = Duration::from_secs(60);
    let mut network = Network::start(4);
    (0..4).for_each(|index| {
        network.reaches(index, 1, LONG);
    });
    let resume = |network: &Network, view: u64| {
        let view = view.to_string();
        network.ask(3, &["node", "resume", path(&network.replica(3)), "--epoch", "0", "--view", &view])
    };
    network.kill(3);
    assert_eq!(resume(&network, 1).status.code(), Some(2), "nothing is lost");
    let journal = network.replica(3).join("signed.journal");
    for damage in [true, false] {
        match damage {
            true => std::fs::write(&journal, [7; 100]).expect("damaged"),
            false => std::fs::remove_file(&journal).expect("lost"),
        }
        network.run(3);
        network.reaches(3, network.height(0), LONG);
        let status = network.json(3, &["node", "status"]).expect("it runs");
        assert_eq!(status["standing"]["signs"], false, "{status}");
        network.kill(3);
        let view = network.json(0, &["node", "status"]).expect("it runs")["standing"]["view"].as_u64();
        let from = view.expect("a view") + 2;
        assert!(resume(&network, from).status.success());
        network.run(3);
        network.reaches(3, network.height(0), LONG);
        while network.json(0, &["node", "status"]).is_none_or(|now| now["standing"]["view"].as_u64() <= Some(from)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        network.kill(2);
        network.transfer(0, 60).expect("it signs again: three of four are a quorum");
        network.run(2);
        network.kill(3);
    }
}

#[test]
fn whoever_is_cut_off_falls_behind_alone_and_catches_up() {
    const LONG: Duration = Duration::from_secs(60);
    let spaces = match Spaces::new(4) {
        Ok(spaces) => spaces,
        Err(reason) => return eprintln!("skipped: this machine makes no network namespaces: {reason}"),
    };
    let network = Network::start_in(4, Some(spaces));
    (0..4).for_each(|index| {
        network.reaches(index, 1, LONG);
    });
    network.transfer(0, 60).expect("certified");

    network.link(3, false);
    std::thread::sleep(Duration::from_secs(1));
    let alone = network.height(3);
    for _ in 0..3 {
        network.transfer(0, 60).expect("the others go on");
    }
    assert!(network.height(3) <= alone + 1, "it certifies nothing alone");
    assert!(network.transfer(3, 2).is_none(), "it certifies nothing alone");
    let standing = network.json(0, &["node", "status"]).expect("it runs");
    assert_eq!(standing["standing"]["away"], Value::from(vec![3]), "{standing}");

    // Without a quorum nobody goes on; with one again everybody does.
    network.link(2, false);
    assert!(network.transfer(0, 2).is_none(), "two are no quorum");
    let before = network.height(0);
    network.link(2, true);
    network.link(3, true);
    let back = network.reaches(0, before + 2, LONG);
    eprintln!("a new approved block {back:?} after the links were back");
    let last = network.transfer(0, 60).expect("certified");
    network.reaches(3, last["height"].as_u64().expect("a height"), LONG);
}
