//! Replicas on loopback: who is known gets through, who is not does not, and a restarted peer comes back.

use counterpart_ledger::{ChainId, PublicKey, SecretKey};
use counterpart_network::{Channel, Incoming, Network, NetworkConfig, NetworkError, Outgoing, Peer, Recipient};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

fn key(seed: u8) -> PublicKey {
    SecretKey::from_seed([seed; 32]).public_key()
}

/// Addresses that are free at the moment.
fn addresses(count: usize) -> Vec<SocketAddr> {
    let listeners: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("loopback")).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("bound")).collect()
}

fn config(chain: u64, seed: u8, listen: SocketAddr, peers: &[(u8, SocketAddr)]) -> NetworkConfig {
    NetworkConfig {
        chain: ChainId(chain),
        seed: zeroize::Zeroizing::new([seed; 32]),
        listen,
        peers: peers.iter().map(|(seed, address)| Peer { key: key(*seed), address: *address }).collect(),
        max_message_bytes: 1 << 20,
        queue: 1024,
    }
}

/// Sends until the other side has it: links come up when they can, and messages may be lost before.
async fn deliver(from: &Network, to: &mut Network, message: &Outgoing, within: Duration) -> Option<Incoming> {
    let deadline = Instant::now() + within;
    while Instant::now() < deadline {
        from.sender().send(message.clone());
        if let Ok(Some(incoming)) = tokio::time::timeout(Duration::from_millis(200), to.receive()).await
            && incoming.bytes == message.bytes
        {
            return Some(incoming);
        }
    }
    None
}

fn message(to: Recipient, channel: Channel, bytes: &[u8]) -> Outgoing {
    Outgoing { to, channel, bytes: bytes.to_vec() }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_arrive_with_the_sender_s_key_and_again_after_a_restart() {
    let at = addresses(2);
    let first = Network::start(config(7, 1, at[0], &[(2, at[1])])).expect("starts");
    let mut second = Network::start(config(7, 2, at[1], &[(1, at[0])])).expect("starts");
    for channel in Channel::ALL {
        let sent = message(Recipient::All, channel, &[channel as u8; 9]);
        let got = deliver(&first, &mut second, &sent, Duration::from_secs(20)).await.expect("arrives");
        assert_eq!((got.from, got.channel), (key(1), channel));
    }
    drop(second);
    let mut second = Network::start(config(7, 2, at[1], &[(1, at[0])])).expect("the address is free again");
    let big = message(Recipient::One(key(2)), Channel::CatchUp, &vec![3; 1 << 20]);
    let got = deliver(&first, &mut second, &big, Duration::from_secs(30)).await.expect("arrives after a restart");
    assert_eq!(got.bytes.len(), 1 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_and_a_peer_of_another_chain_are_not_heard() {
    let at = addresses(3);
    let mut honest = Network::start(config(7, 1, at[0], &[(2, at[1])])).expect("starts");
    let stranger = Network::start(config(7, 3, at[2], &[(1, at[0])])).expect("starts");
    let foreign = Network::start(config(8, 2, at[1], &[(1, at[0])])).expect("starts");
    let sent = message(Recipient::All, Channel::Consensus, b"let me in");
    assert_eq!(deliver(&stranger, &mut honest, &sent, Duration::from_secs(3)).await, None);
    assert_eq!(deliver(&foreign, &mut honest, &sent, Duration::from_secs(3)).await, None);
}

#[test]
fn configurations_that_cannot_work_are_refused() {
    let at = addresses(2);
    let twice = config(7, 1, at[0], &[(2, at[1]), (2, at[1])]);
    assert!(matches!(Network::start(twice), Err(NetworkError::Twice(_))));
    let itself = config(7, 1, at[0], &[(1, at[1])]);
    assert!(matches!(Network::start(itself), Err(NetworkError::Twice(_))));
    let taken = TcpListener::bind(at[0]).expect("free");
    assert!(matches!(Network::start(config(7, 1, at[0], &[])), Err(NetworkError::Listen { .. })));
    drop(taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_floods_takes_nobody_else_s_place() {
    let at = addresses(3);
    let mut receiver = Network::start(config(7, 1, at[0], &[(2, at[1]), (3, at[2])])).expect("starts");
    let flood = Network::start(config(7, 2, at[1], &[(1, at[0])])).expect("starts");
    let modest = Network::start(config(7, 3, at[2], &[(1, at[0])])).expect("starts");
    for network in [&flood, &modest] {
        let sent = message(Recipient::All, Channel::Consensus, &[1]);
        deliver(network, &mut receiver, &sent, Duration::from_secs(20)).await.expect("arrives");
    }
    // Ten times what it may have waiting, and nobody reads.
    for _ in 0..20 {
        flood.sender().send(message(Recipient::All, Channel::CatchUp, &vec![2; 1 << 20]));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sent = message(Recipient::All, Channel::Consensus, &[3]);
    for _ in 0..20 {
        modest.sender().send(sent.clone());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (mut of_flood, mut of_modest) = (0, 0);
    while let Some(incoming) = receiver.try_receive() {
        match incoming.bytes[0] {
            2 => of_flood += 1,
            3 => of_modest += 1,
            _ => {}
        }
    }
    assert!((1..=2).contains(&of_flood), "{of_flood} of its messages wait");
    assert!(of_modest > 10, "{of_modest}");
}
