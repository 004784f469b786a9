//! Compiled code on disk is used only if this node wrote it for exactly this module.

mod support;

use counterpart_execution::End;
use counterpart_module::PreparedModule;
use counterpart_vm::{CacheStatistics, Compiler, Options, WasmtimeEngine};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{module, run};

fn start(folder: &Path, compiler: Compiler, code: &Arc<PreparedModule>) -> CacheStatistics {
    let options = Options { compiler, instances: 4, cache_dir: Some(folder.to_owned()), ..Options::default() };
    let engine = WasmtimeEngine::new(options).expect("the machine runs wasmtime");
    assert_eq!(run(&engine, code, 5).expect("no fault").end, End::Trapped);
    engine.cache_statistics()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "code")).collect();
    files.sort();
    files
}

const COLD: CacheStatistics = CacheStatistics { compiled: 1, loaded: 0, rejected: 0, write_failures: 0 };
const WARM: CacheStatistics = CacheStatistics { compiled: 0, loaded: 1, rejected: 0, write_failures: 0 };
const DISTRUSTED: CacheStatistics = CacheStatistics { compiled: 1, loaded: 0, rejected: 1, write_failures: 0 };

fn trapping() -> Arc<PreparedModule> {
    module(r#"(func (export "call") unreachable)"#)
}

#[test]
fn a_second_start_loads_what_the_first_compiled() {
    let folder = tempfile::tempdir().expect("a folder");
    for compiler in [Compiler::Cranelift, Compiler::Winch] {
        assert_eq!(start(folder.path(), compiler, &trapping()), COLD);
        assert_eq!(start(folder.path(), compiler, &trapping()), WARM);
    }
    assert_eq!(entries(folder.path()).len(), 2, "compilers do not share entries");
}

/// Changes the only entry and expects that it is compiled again and then trusted again.
fn check(change: impl Fn(&mut Vec<u8>)) {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(start(folder.path(), Compiler::Winch, &trapping()), COLD);
    let entry = &entries(folder.path())[0];
    let mut bytes = fs::read(entry).expect("the entry");
    change(&mut bytes);
    fs::write(entry, bytes).expect("written");
    assert_eq!(start(folder.path(), Compiler::Winch, &trapping()), DISTRUSTED);
    assert_eq!(start(folder.path(), Compiler::Winch, &trapping()), WARM);
}

#[test]
fn a_changed_entry_is_compiled_again() {
    check(|bytes| bytes[0] ^= 1);
    check(|bytes| bytes[8] ^= 1);
    check(|bytes| bytes[40] ^= 1);
    check(|bytes| *bytes.last_mut().expect("not empty") ^= 128);
    check(|bytes| bytes.push(0));
}

#[test]
fn a_cut_entry_is_compiled_again() {
    for length in [0, 7, 8, 20, 39, 40, 41, 4096] {
        check(|bytes| bytes.truncate(length));
    }
    check(|bytes| bytes.truncate(bytes.len() - 1));
}

#[test]
fn an_entry_of_another_module_is_not_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = module(r#"(func (export "call") nop unreachable)"#);
    start(folder.path(), Compiler::Winch, &trapping());
    let first = entries(folder.path())[0].clone();
    start(folder.path(), Compiler::Winch, &other);
    let second = entries(folder.path()).into_iter().find(|path| *path != first).expect("two entries");
    fs::copy(second, first).expect("copied");
    assert_eq!(start(folder.path(), Compiler::Winch, &trapping()), DISTRUSTED);
}

#[test]
fn an_entry_of_another_compiler_is_not_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    start(folder.path(), Compiler::Winch, &trapping());
    let winch = entries(folder.path())[0].clone();
    start(folder.path(), Compiler::Cranelift, &trapping());
    let cranelift = entries(folder.path()).into_iter().find(|path| *path != winch).expect("two entries");
    fs::copy(cranelift, winch).expect("copied");
    assert_eq!(start(folder.path(), Compiler::Winch, &trapping()), DISTRUSTED);
}

#[test]
fn entries_of_another_node_are_not_trusted() {
    let (mine, theirs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    start(mine.path(), Compiler::Winch, &trapping());
    start(theirs.path(), Compiler::Winch, &trapping());
    fs::copy(&entries(theirs.path())[0], &entries(mine.path())[0]).expect("copied");
    assert_eq!(start(mine.path(), Compiler::Winch, &trapping()), DISTRUSTED);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_replaced_and_its_entries_are_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    start(folder.path(), Compiler::Winch, &trapping());
    let key = folder.path().join("key");
    let mode = || fs::metadata(&key).expect("a key").permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("changed");
    assert_eq!(start(folder.path(), Compiler::Winch, &trapping()), DISTRUSTED);
    assert_eq!(mode(), 0o600);
}

#[test]
fn a_module_that_does_not_compile_is_a_fault_and_leaves_no_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { instances: 4, cache_dir: Some(folder.path().to_owned()), ..Options::default() };
    let engine = WasmtimeEngine::new(options).expect("the machine runs wasmtime");
    let broken = Arc::new(PreparedModule { wasm: vec![0, 97, 115, 109], ..(*trapping()).clone() });
    assert!(run(&engine, &broken, 5).is_err());
    assert!(entries(folder.path()).is_empty());
}
