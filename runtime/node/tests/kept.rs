//! Blocks that were voted for: cut, damaged, approved.

use counterpart_ledger::{Block, ChainId, Hash, Header, Height};
use counterpart_node::Kept;
use std::path::Path;

fn block(height: u64) -> Block {
    let header = Header {
        chain: ChainId(7),
        height: Height(height),
        view: height,
        parent: Hash([height as u8; 32]),
        time_ms: height,
        proposer: 0,
        profile: Hash::ZERO,
        validator_set: Hash::ZERO,
        transactions_root: Block::transactions_root(&[]),
        parent_state_root: Hash::ZERO,
        parent_receipts_root: Hash::ZERO,
        parent_events_root: Hash::ZERO,
    };
    Block { header, transactions: Vec::new() }
}

fn opened(path: &Path, above: u64) -> Vec<Block> {
    Kept::open(path, Height(above)).expect("it opens").1
}

#[test]
fn what_was_written_whole_comes_back_wherever_the_rest_is_cut_or_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("voted.blocks");
    let blocks: Vec<Block> = (1..=5).map(block).collect();
    let (mut kept, none) = Kept::open(&path, Height(0)).expect("made");
    assert!(none.is_empty());
    for block in &blocks {
        kept.append(std::slice::from_ref(block), true, Height(0)).expect("written");
    }
    assert_eq!(opened(&path, 0), blocks);
    let bytes = std::fs::read(&path).expect("written");
    let size = bytes.len() / blocks.len();
    for place in 0..bytes.len() {
        std::fs::write(&path, &bytes[..place]).expect("cut");
        assert_eq!(opened(&path, 0), blocks[..place / size], "cut at {place}");
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        std::fs::write(&path, &damaged).expect("damaged");
        assert_eq!(opened(&path, 0), blocks[..place / size], "damaged at {place}");
    }
    // What was torn is gone, and more can be written after it.
    std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("cut");
    let (mut kept, whole) = Kept::open(&path, Height(0)).expect("it opens");
    assert_eq!(whole, blocks[..4]);
    kept.append(&[block(6)], true, Height(0)).expect("written");
    assert_eq!(opened(&path, 0).last(), Some(&block(6)));
}

#[test]
fn approved_blocks_are_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("voted.blocks");
    let (mut kept, _) = Kept::open(&path, Height(0)).expect("made");
    let blocks: Vec<Block> = (1..=5).map(block).collect();
    kept.append(&blocks, true, Height(0)).expect("written");
    assert_eq!(opened(&path, 3), blocks[3..]);
}
