//! The links of one replica: started once, used from any thread.

use crate::config::{Channel, NetworkConfig, Peer};
use commonware_codec::{DecodeExt, Encode};
use commonware_cryptography::{ChaCha20Poly1305, Signer, ed25519};
use commonware_p2p::authenticated::lookup;
use commonware_p2p::{Address, AddressableManager, Receiver as _, Recipients, Sender as _};
use commonware_runtime::{IoBuf, Quota, Runner as _, Spawner as _, Supervisor as _, tokio as runtime};
use commonware_stream::cups::{self, Cups};
use commonware_stream::sake::{self, Sake};
use commonware_utils::ordered::Map;
use counterpart_ledger::PublicKey;
use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Messages of one peer that wait before further ones of it are dropped.
const MOST_WAITING_MESSAGES: usize = 2_048;
/// Bytes of one peer that wait before further ones of it are dropped, in longest messages.
const MOST_WAITING_LONGEST: usize = 2;

/// Why the links cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The seed of the network key or a peer's key is not an Ed25519 key.
    #[error("{0} is not an Ed25519 key")]
    Key(String),
    /// A peer stands twice in the configuration, or is this replica itself under another address.
    #[error("peer {0} stands twice in the configuration")]
    Twice(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The thread of the links cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// To whom a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recipient {
    /// Every peer.
    All,
    /// One peer.
    One(PublicKey),
}

/// A message that a peer sent. The peer is authenticated, its bytes are not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// Who.
    pub from: PublicKey,
    /// On which channel.
    pub channel: Channel,
    /// What.
    pub bytes: Vec<u8>,
}

/// A message to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// To whom.
    pub to: Recipient,
    /// On which channel.
    pub channel: Channel,
    /// What; longer messages than configured are dropped.
    pub bytes: Vec<u8>,
}

enum Order {
    Send(Outgoing),
    Peers(u64, Vec<Peer>),
    Stop,
}

/// What one peer may have waiting: whoever floods takes nobody else's place.
#[derive(Clone, Default)]
struct Budget(Arc<Mutex<BTreeMap<PublicKey, Waiting>>>);

#[derive(Default)]
struct Waiting {
    messages: usize,
    bytes: usize,
}

impl Budget {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message, if there is room for it.
    fn take(&self, message: &Incoming, most_bytes: usize) -> bool {
        let mut peers = self.waiting();
        let own = peers.entry(message.from).or_default();
        let fits = own.messages < MOST_WAITING_MESSAGES && own.bytes + message.bytes.len() <= most_bytes;
        if fits {
            own.messages += 1;
            own.bytes += message.bytes.len();
        }
        fits
    }

    fn give_back(&self, message: &Incoming) {
        if let Some(own) = self.waiting().get_mut(&message.from) {
            own.messages = own.messages.saturating_sub(1);
            own.bytes = own.bytes.saturating_sub(message.bytes.len());
        }
    }
}

/// The running links of one replica. Dropping it closes them.
pub struct Network {
    orders: mpsc::Sender<Order>,
    incoming: mpsc::Receiver<Incoming>,
    budget: Budget,
    thread: Option<std::thread::JoinHandle<()>>,
}

type Handshake = Cups<Sake<ed25519::PrivateKey>, ChaCha20Poly1305>;

impl Network {
    /// Listens, and keeps dialling every peer in the background.
    ///
    /// # Errors
    /// [`NetworkError`] for keys and addresses that cannot work.
    pub fn start(config: NetworkConfig) -> Result<Self, NetworkError> {
        let signer = ed25519::PrivateKey::decode(IoBuf::from(config.seed.to_vec()))
            .map_err(|_| NetworkError::Key("the network key".to_owned()))?;
        let peers = peer_map(&signer, &config, &config.peers)?;
        // Found out here, where it can be told, and not by a panic on another thread.
        let probe = std::net::TcpListener::bind(config.listen)
            .map_err(|cause| NetworkError::Listen { address: config.listen, cause })?;
        drop(probe);

        let (orders, order_queue) = mpsc::channel(config.queue);
        let (deliver, incoming) = mpsc::channel(config.queue);
        let budget = Budget::default();
        let thread = std::thread::Builder::new()
            .name("links".to_owned())
            .spawn({
                let budget = budget.clone();
                move || run(config, signer, peers, order_queue, (deliver, budget))
            })
            .map_err(NetworkError::Thread)?;
        Ok(Self { orders, incoming, budget, thread: Some(thread) })
    }

    /// A handle to send with.
    pub fn sender(&self) -> Sender {
        Sender { orders: self.orders.clone() }
    }

    /// The next message of any peer; `None` once the links are closed.
    pub async fn receive(&mut self) -> Option<Incoming> {
        let message = self.incoming.recv().await?;
        self.budget.give_back(&message);
        Some(message)
    }
}

impl Network {
    /// Messages that have arrived and were not taken yet.
    pub fn waiting(&self) -> usize {
        self.incoming.len()
    }

    /// A message that has arrived, if there is one.
    pub fn try_receive(&mut self) -> Option<Incoming> {
        let message = self.incoming.try_recv().ok()?;
        self.budget.give_back(&message);
        Some(message)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // A full queue means that the thread reads it soon; a closed one that it has ended.
        while let Err(mpsc::error::TrySendError::Full(_)) = self.orders.try_send(Order::Stop) {
            self.incoming.close();
            std::thread::yield_now();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends messages from any thread.
#[derive(Clone)]
pub struct Sender {
    orders: mpsc::Sender<Order>,
}

impl Sender {
    /// Queues a message; `false` when the queue is full or the links are closed, and the message is lost.
    pub fn send(&self, message: Outgoing) -> bool {
        self.orders.try_send(Order::Send(message)).is_ok()
    }

    /// Replaces the set of peers from now on; `version` grows with each call.
    pub fn set_peers(&self, version: u64, peers: Vec<Peer>) -> bool {
        self.orders.try_send(Order::Peers(version, peers)).is_ok()
    }
}

fn public_key(key: &PublicKey) -> Result<ed25519::PublicKey, commonware_codec::Error> {
    ed25519::PublicKey::decode(IoBuf::from(key.0.to_vec()))
}

fn peer_map(
    signer: &ed25519::PrivateKey,
    config: &NetworkConfig,
    peers: &[Peer],
) -> Result<Map<ed25519::PublicKey, Address>, NetworkError> {
    let mut entries: Vec<(ed25519::PublicKey, Address)> = vec![(signer.public_key(), config.listen.into())];
    for peer in peers {
        let key = public_key(&peer.key).map_err(|_| NetworkError::Key(peer.key.to_string()))?;
        if entries.iter().any(|(known, _)| *known == key) {
            return Err(NetworkError::Twice(peer.key.to_string()));
        }
        entries.push((key, peer.address.into()));
    }
    entries.try_into().map_err(|_| NetworkError::Twice("of this list".to_owned()))
}

fn links_config(config: &NetworkConfig, signer: ed25519::PrivateKey) -> lookup::Config<Handshake> {
    let sake = Sake {
        signer,
        synchrony_bound: Duration::from_secs(5),
        max_handshake_age: Duration::from_secs(10),
        version: sake::Version::V1,
    };
    let namespace = format!("counterpart/network/1/{}", config.chain.0);
    let peers = NonZeroUsize::new(config.peers.len() + 1).expect("one more than a length is not zero");
    let mailbox = NonZeroUsize::new(config.queue).unwrap_or(NonZeroUsize::MIN);
    lookup::Config {
        // Replicas of an operator often share private ranges, and a restarted one has to be back at once.
        allow_private_ips: true,
        allow_dns: false,
        peer_connection_cooldown: Duration::from_millis(500),
        dial_frequency: Duration::from_millis(250),
        ..lookup::Config::local(
            Cups::<_, ChaCha20Poly1305>::new(sake, cups::Version::V1),
            namespace.as_bytes(),
            config.listen,
            peers,
            config.max_message_bytes,
            mailbox,
        )
    }
}

/// The thread of the links: a runtime of its own until told to stop.
fn run(
    config: NetworkConfig,
    signer: ed25519::PrivateKey,
    peers: Map<ed25519::PublicKey, Address>,
    mut orders: mpsc::Receiver<Order>,
    (deliver, budget): (mpsc::Sender<Incoming>, Budget),
) {
    let most_bytes = MOST_WAITING_LONGEST * config.max_message_bytes as usize;
    let runner = runtime::Runner::new(runtime::Config::new().with_worker_threads(1).with_tcp_nodelay(Some(true)));
    runner.start(|context| async move {
        let links = links_config(&config, signer.clone());
        let (mut network, mut oracle) = lookup::Network::new(context.child("network"), links);
        oracle.track(0, peers);
        let mut senders = Vec::new();
        for channel in Channel::ALL {
            let rate = NonZeroU32::new(channel.rate()).expect("rates are not zero");
            let (sender, mut receiver) = network.register(channel.number(), Quota::per_second(rate));
            senders.push(sender);
            let (deliver, budget) = (deliver.clone(), budget.clone());
            context.child("receive").spawn(move |_| async move {
                while let Ok((from, bytes)) = receiver.recv().await {
                    let Ok(from) = <[u8; 32]>::try_from(from.encode().as_ref()) else { continue };
                    let message = Incoming { from: PublicKey(from), channel, bytes: bytes.as_ref().to_vec() };
                    // The node does not keep up: drop, as the network itself may; senders repeat.
                    if !budget.take(&message, most_bytes) {
                        continue;
                    }
                    match deliver.try_send(message) {
                        Ok(()) => {}
                        Err(mpsc::error::TrySendError::Full(message)) => budget.give_back(&message),
                        Err(mpsc::error::TrySendError::Closed(_)) => break,
                    }
                }
            });
        }
        network.start();
        while let Some(order) = orders.recv().await {
            match order {
                Order::Stop => break,
                Order::Peers(version, list) => {
                    if let Ok(peers) = peer_map(&signer, &config, &list) {
                        oracle.track(version, peers);
                    }
                }
                Order::Send(message) => {
                    if message.bytes.len() > config.max_message_bytes as usize {
                        continue;
                    }
                    let to = match message.to {
                        Recipient::All => Recipients::All,
                        Recipient::One(key) => match public_key(&key) {
                            Ok(key) => Recipients::One(key),
                            Err(_) => continue,
                        },
                    };
                    let urgent = message.channel == Channel::Consensus;
                    let index = message.channel.number() as usize;
                    let _ = senders[index].send(to, IoBuf::from(message.bytes), urgent);
                }
            }
        }
    });
}
