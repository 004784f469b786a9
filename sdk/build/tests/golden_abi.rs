//! Interface sections as they stand in finished contracts: their bytes are read by wallets, pages and other contracts.

use counterpart_abi::ContractAbi;
use std::path::Path;

#[test]
fn interface_sections_keep_their_bytes() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for package in [
        "compliance",
        "currency",
        "dividend-desk",
        "double-entry",
        "empty",
        "grant-desk",
        "identity-registry",
        "redemption-desk",
        "security-token",
        "security-token-v2",
        "token",
        "upgradeable-token",
    ] {
        let path = top.join("target/contracts").join(format!("{package}.wasm"));
        let wasm = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask contracts`", path.display()));
        let prepared = counterpart_module::prepare(&wasm, &counterpart_module::Profile::v1()).expect("a contract");
        let section = prepared.metadata.expect("an interface");
        let abi = ContractAbi::from_section(&section).expect("it is whole");
        assert_eq!(abi.to_section(), section, "one encoding");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let text = format!("{}\n{:#}\n", counterpart_golden::hex(&section), abi.to_json(&[]));
        counterpart_golden::check(&golden.join(format!("{package}.abi.txt")), &text);
    }
}

#[test]
fn no_contract_of_the_suite_takes_more_than_64_kib() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    let mut seen = 0;
    for folder in std::fs::read_dir(contracts).expect("the contracts").flatten() {
        let wasm = format!("../../target/contracts/{}.wasm", folder.file_name().to_string_lossy());
        if let Ok(file) = std::fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join(&wasm)) {
            assert!(file.len() <= 64 * 1024, "{wasm} takes {} bytes", file.len());
            seen += 1;
        }
    }
    assert!(seen >= 11, "{seen} contracts: build them with `cargo xtask contracts`");
}
