//! Interface sections as they stand in finished contracts: their bytes are read by wallets, pages and other contracts.

use counterpart_abi::ContractAbi;
use parity_scale_codec::Encode;
use std::path::Path;

#[test]
fn interface_sections_keep_their_bytes() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for package in [
        "currency",
        "double-entry",
        "empty",
        "grant-desk",
        "identity-registry",
        "redemption-desk",
        "token",
        "upgradeable-token",
    ] {
        let path = top.join("target/contracts").join(format!("{package}.wasm"));
        let wasm = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask contracts`", path.display()));
        let prepared = counterpart_module::prepare(&wasm, &counterpart_module::Profile::v1()).expect("a contract");
        let section = prepared.metadata.expect("an interface");
        let abi = ContractAbi::from_section(&section).expect("it is whole");
        assert_eq!(abi.encode(), section, "one encoding");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let text = format!("{}\n{:#}\n", counterpart_golden::hex(&section), abi.to_json(&[]));
        counterpart_golden::check(&golden.join(format!("{package}.abi.txt")), &text);
    }
}
