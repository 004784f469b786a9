//! Starting anew from a snapshot of peers instead of from the first block.
//!
//! Peers are trusted for nothing: the manifest is proved by validators from genesis on, and every part by the manifest.

use crate::service::{MOST_MESSAGE_BYTES, NodeError};
use counterpart_consensus::Message;
use counterpart_ledger::{Genesis, Height, PublicKey, SnapshotPart, encode};
use counterpart_network::{Channel, Network, NetworkConfig, Outgoing, Peer, Recipient};
use counterpart_storage::{Manifest, Store, StoreError, put_snapshot_part, snapshot_path};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long further manifests are waited for after the first.
const MANIFESTS: Duration = Duration::from_secs(2);
/// Before a part is asked for again, of another peer.
const PATIENCE: Duration = Duration::from_secs(4);
/// What the names of folders begin with into which parts come.
const INCOMING: &str = "incoming-";
/// Parts that are on their way at a time.
const AT_ONCE: usize = 4;

/// What is needed to fetch a state.
pub struct StateSync {
    /// The replica's folder, which has no ledger yet.
    pub folder: PathBuf,
    /// What the chain began with.
    pub genesis: Genesis,
    /// The seed of its key, which opens links.
    pub seed: zeroize::Zeroizing<[u8; 32]>,
    /// Where other replicas reach it.
    pub listen: SocketAddr,
    /// The other replicas.
    pub peers: Vec<Peer>,
}

/// Why no state was fetched.
#[derive(Debug, thiserror::Error)]
pub enum StateSyncError {
    /// The folder or the links cannot be used.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The snapshot cannot be imported, or the folder has a ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No peer offers what it needs.
    #[error("no peer sent {what} within {} s", waited.as_secs())]
    Silence {
        /// What was asked for last.
        what: String,
        /// For how long.
        waited: Duration,
    },
}

/// A snapshot that peers offer.
struct Offer {
    of: Height,
    manifest: Manifest,
    holders: Vec<PublicKey>,
}

impl StateSync {
    /// Fetches the newest snapshot that peers offer and makes the ledger from it; answers its height. What was fetched before
    /// an interruption is kept. `patience` is how long nothing new may come.
    ///
    /// # Errors
    /// [`StateSyncError`]; the folder has no ledger then.
    pub fn run(self, patience: Duration, progress: &mut dyn FnMut(u64, u64)) -> Result<Height, StateSyncError> {
        let ledger = self.folder.join("ledger");
        if ledger.exists() {
            return Err(StoreError::Exists(ledger).into());
        }
        let network = Network::start(NetworkConfig {
            chain: self.genesis.chain,
            seed: self.seed.clone(),
            listen: self.listen,
            peers: self.peers.clone(),
            max_message_bytes: MOST_MESSAGE_BYTES,
            queue: 256,
        });
        let mut links = Links { network: network.map_err(NodeError::from)?, patience };
        let mut failed = None;
        for offer in self.offers(&mut links)? {
            match self.fetch(&mut links, &offer, &ledger, progress) {
                Ok(()) => {
                    self.forget_rest();
                    return Ok(offer.of);
                }
                // What proves a manifest is its root: its parts can be another's, or never come.
                Err(error @ (StateSyncError::Store(StoreError::Snapshot(_)) | StateSyncError::Silence { .. })) => {
                    tracing::warn!(%error, of = %offer.of, "an offered snapshot is of no use; the next is tried");
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| silence("the manifest of a snapshot that holds", patience)))
    }

    /// Removes parts of snapshots that never came whole: there is a ledger now.
    fn forget_rest(&self) {
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(INCOMING) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Fetches one snapshot and makes the ledger from it.
    fn fetch(
        &self,
        links: &mut Links,
        offer: &Offer,
        ledger: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), StateSyncError> {
        let manifest = &offer.manifest;
        let incoming = self.folder.join(format!("{INCOMING}{:020}", offer.of.0));
        let file_error = |cause| NodeError::File { path: incoming.clone(), cause };
        std::fs::create_dir_all(&incoming).map_err(file_error)?;
        let mut missing = manifest.parts();
        let total = missing.len() as u64;
        missing.retain(|part| {
            let kept = std::fs::read(snapshot_path(&incoming, *part));
            !kept.is_ok_and(|bytes| manifest.names(*part, &bytes))
        });
        missing.reverse();
        self.parts(links, offer, missing, &incoming, &mut |left| progress(total - left, total))?;
        put_snapshot_part(&incoming, SnapshotPart::Manifest, &encode(manifest))?;
        let imported = Store::import_snapshot(&incoming, ledger, &self.genesis.hash(), &mut |_, _| {});
        // Whole or of no use: in both cases nothing of it is needed again.
        std::fs::remove_dir_all(&incoming).map_err(file_error)?;
        if imported.is_err() {
            let _ = std::fs::remove_dir_all(ledger.with_extension("importing"));
        }
        drop(imported?);
        Ok(())
    }

    /// The manifests that hold, newest first.
    fn offers(&self, links: &mut Links) -> Result<Vec<Offer>, StateSyncError> {
        let genesis = self.genesis.hash();
        let mut offers: BTreeMap<(Height, Vec<u8>), Vec<PublicKey>> = BTreeMap::new();
        let (started, mut asked, mut first) = (Instant::now(), None::<Instant>, None::<Instant>);
        loop {
            if first.is_some_and(|first| first.elapsed() > MANIFESTS) {
                break;
            }
            if started.elapsed() > links.patience {
                return Err(silence("the manifest of a snapshot", links.patience));
            }
            // Links come up by and by.
            if asked.is_none_or(|asked| asked.elapsed() > Duration::from_millis(500)) {
                asked = Some(Instant::now());
                links.ask(Recipient::All, None, SnapshotPart::Manifest);
            }
            let Some((from, of, SnapshotPart::Manifest, bytes)) = links.receive(Duration::from_millis(100)) else {
                continue;
            };
            let known = offers.entry((of, bytes)).or_default();
            if !known.contains(&from) {
                known.push(from);
                first.get_or_insert_with(Instant::now);
            }
        }
        let holding = |((of, bytes), holders): ((Height, Vec<u8>), Vec<PublicKey>)| {
            match Manifest::parse(&bytes, &genesis) {
                Ok(manifest) if manifest.block.header.height == of => return Some(Offer { of, manifest, holders }),
                Ok(_) => tracing::warn!("a manifest is of another height than was said"),
                Err(error) => tracing::warn!(%error, "a manifest does not hold"),
            }
            None
        };
        Ok(offers.into_iter().rev().filter_map(holding).collect())
    }

    fn parts(
        &self,
        links: &mut Links,
        Offer { of, manifest, holders }: &Offer,
        mut missing: Vec<SnapshotPart>,
        incoming: &Path,
        left: &mut dyn FnMut(u64),
    ) -> Result<(), StateSyncError> {
        let mut flying: BTreeMap<SnapshotPart, Instant> = BTreeMap::new();
        let (mut turn, mut heard) = (0, Instant::now());
        while !missing.is_empty() || !flying.is_empty() {
            let lost: Vec<SnapshotPart> =
                flying.iter().filter(|(_, asked)| asked.elapsed() > PATIENCE).map(|(part, _)| *part).collect();
            for part in lost {
                flying.remove(&part);
                missing.push(part);
            }
            if heard.elapsed() > links.patience {
                return Err(silence(&format!("parts of the snapshot of block {of}"), links.patience));
            }
            while flying.len() < AT_ONCE
                && let Some(part) = missing.pop()
            {
                links.ask(Recipient::One(holders[turn % holders.len()]), Some(*of), part);
                turn += 1;
                flying.insert(part, Instant::now());
            }
            let Some((from, sent, part, bytes)) = links.receive(Duration::from_millis(100)) else { continue };
            if sent != *of || !flying.contains_key(&part) {
                continue;
            }
            if !manifest.names(part, &bytes) {
                tracing::warn!(%from, ?part, "a part of a snapshot is not what the manifest names");
                continue;
            }
            put_snapshot_part(incoming, part, &bytes)?;
            flying.remove(&part);
            heard = Instant::now();
            left((missing.len() + flying.len()) as u64);
        }
        Ok(())
    }
}

fn silence(what: &str, waited: Duration) -> StateSyncError {
    StateSyncError::Silence { what: what.to_owned(), waited }
}

struct Links {
    network: Network,
    patience: Duration,
}

impl Links {
    fn ask(&self, to: Recipient, of: Option<Height>, part: SnapshotPart) {
        let bytes = Message::WantSnapshot { of, part }.encode();
        self.network.sender().send(Outgoing { to, channel: Channel::CatchUp, bytes });
    }

    /// The next part that arrives, if one does within the time.
    fn receive(&mut self, within: Duration) -> Option<(PublicKey, Height, SnapshotPart, Vec<u8>)> {
        let until = Instant::now() + within;
        loop {
            match self.network.try_receive() {
                Some(incoming) => {
                    if let Ok(Message::Snapshot { of, part, bytes }) = Message::decode(&incoming.bytes) {
                        return Some((incoming.from, of, part, bytes));
                    }
                }
                None if Instant::now() >= until => return None,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}
