//! Snapshots for those who start anew: made now and then beside the replica, and handed out in parts.

use counterpart_consensus::Message;
use counterpart_ledger::{Height, PublicKey, SnapshotPart};
use counterpart_network::{Channel, Outgoing, Recipient, Sender};
use counterpart_storage::{Store, StoreError, snapshot_path};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Snapshots that are kept: whoever fetches the one before the newest can finish.
const KEPT: usize = 2;
/// Requests that wait before further ones are dropped; whoever asked asks again.
const QUEUE: usize = 64;

enum Order {
    Part(PublicKey, Option<Height>, SnapshotPart),
    Due,
}

/// The thread that makes snapshots and hands them out. It ends when this is dropped.
pub(crate) struct Snapshots {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    every: u64,
    due: Height,
}

impl Snapshots {
    /// Makes a snapshot after every so many blocks in a folder; 0 makes none.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(folder: PathBuf, every: u64, store: Arc<Store>, sender: Sender) -> std::io::Result<Self> {
        let newest = heights(&folder).last().copied().unwrap_or_default();
        let (orders, queue) = sync_channel(QUEUE);
        let work = move || run(&folder, &store, &sender, &queue);
        let thread = std::thread::Builder::new().name("snapshots".to_owned()).spawn(work)?;
        Ok(Self { orders: Some(orders), thread: Some(thread), every, due: Height(newest.0 + every) })
    }

    /// A peer asks for a part.
    pub fn ask(&self, from: PublicKey, of: Option<Height>, part: SnapshotPart) {
        if let Some(orders) = &self.orders {
            let _ = orders.try_send(Order::Part(from, of, part));
        }
    }

    /// A height is approved.
    pub fn reached(&mut self, height: Height) {
        if self.every == 0 || height < self.due {
            return;
        }
        let sent = self.orders.as_ref().map(|orders| orders.try_send(Order::Due));
        if !matches!(sent, Some(Err(TrySendError::Full(_)))) {
            self.due = Height(height.0 + self.every);
        }
    }
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of snapshots panicked");
        }
    }
}

fn run(folder: &Path, store: &Store, sender: &Sender, queue: &Receiver<Order>) {
    while let Ok(order) = queue.recv() {
        match order {
            Order::Due => {
                if let Err(error) = make(folder, store) {
                    tracing::warn!(%error, "a snapshot cannot be made; the next is tried");
                }
            }
            Order::Part(from, of, part) => {
                let Some(of) = of.or_else(|| heights(folder).last().copied()) else { continue };
                let Ok(bytes) = std::fs::read(snapshot_path(&at(folder, of), part)) else { continue };
                let bytes = Message::Snapshot { of, part, bytes }.encode();
                sender.send(Outgoing { to: Recipient::One(from), channel: Channel::CatchUp, bytes });
            }
        }
    }
}

fn at(folder: &Path, height: Height) -> PathBuf {
    folder.join(format!("{:020}", height.0))
}

/// Heights of the snapshots in a folder, ascending.
fn heights(folder: &Path) -> Vec<Height> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut heights: Vec<Height> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Height)).collect();
    heights.sort_unstable();
    heights
}

/// Makes a snapshot of the newest state that can be had, whole or not at all.
fn make(folder: &Path, store: &Store) -> Result<(), StoreError> {
    let Some(of) = store.snapshot_height()? else { return Ok(()) };
    let failed = |path: &Path, cause: std::io::Error| StoreError::File { path: path.into(), cause: cause.to_string() };
    let (target, partial) = (at(folder, of), folder.join("partial"));
    if target.exists() {
        return Ok(());
    }
    // What an interruption left.
    let _ = std::fs::remove_dir_all(&partial);
    store.export_snapshot(of, &partial, &mut |_, _| {})?;
    std::fs::rename(&partial, &target).map_err(|cause| failed(&target, cause))?;
    let mut kept = heights(folder);
    kept.truncate(kept.len().saturating_sub(KEPT));
    for old in kept.iter().map(|height| at(folder, *height)) {
        std::fs::remove_dir_all(&old).map_err(|cause| failed(&old, cause))?;
    }
    Ok(())
}
