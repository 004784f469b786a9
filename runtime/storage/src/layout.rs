//! How the store lies on the disk, and what of it stays in memory.

use fjall::config::{CompressionPolicy, PartitioningPolicy, PinningPolicy};
use fjall::{Database, DatabaseBuilder, KeyspaceCreateOptions};
use std::path::Path;

/// What the journal may hold before tables are written out. All of it is read when the store opens.
const JOURNAL_BYTES: u64 = 128 << 20;
/// What is kept in memory of what was read.
const CACHE_BYTES: u64 = 256 << 20;

/// A database in a folder, not yet opened.
pub fn database(folder: &Path) -> DatabaseBuilder<Database> {
    Database::builder(folder).max_journaling_size(JOURNAL_BYTES).cache_size(CACHE_BYTES)
}

/// Whether a folder holds a database, as far as its files tell.
pub fn is_database(folder: &Path) -> bool {
    folder.join("version").is_file() && folder.join("keyspaces").is_dir()
}

/// How a table is laid out that is read entry by entry at random.
///
/// Its index and filters stay in memory whole, at some 3 bytes an entry: by default those of the deeper levels are in
/// parts that a read fetches before the entry. Keys and values are hashes and numbers, which a compressor cannot shorten.
pub fn point_reads() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .index_block_partitioning_policy(PartitioningPolicy::all(false))
        .filter_block_partitioning_policy(PartitioningPolicy::all(false))
        .index_block_pinning_policy(PinningPolicy::all(true))
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .data_block_compression_policy(CompressionPolicy::disabled())
}
