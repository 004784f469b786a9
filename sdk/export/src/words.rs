//! Interfaces of contracts, by which values are decoded.

use counterpart_abi::ContractAbi;
use counterpart_execution::contract;
use counterpart_ledger::{Address, Hash, StateRead};
use counterpart_module::{Profile, prepare};
use counterpart_storage::Store;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Finds the interface of any contract, by the code that it has in the newest state.
pub struct Interfaces<'a> {
    store: &'a Store,
    newest: Arc<dyn StateRead>,
    by_contract: BTreeMap<Address, Option<Rc<ContractAbi>>>,
    by_code: BTreeMap<Hash, Option<Rc<ContractAbi>>>,
}

impl<'a> Interfaces<'a> {
    /// Of a ledger's contracts.
    pub fn new(store: &'a Store) -> Self {
        Self { store, newest: store.state(), by_contract: BTreeMap::new(), by_code: BTreeMap::new() }
    }

    /// The interface of a contract; none where there is no contract, or one without an interface.
    pub fn of(&mut self, address: &Address) -> Option<Rc<ContractAbi>> {
        if let Some(known) = self.by_contract.get(address) {
            return known.clone();
        }
        let record = contract(&*self.newest, address).ok().flatten();
        let abi = record.and_then(|record| self.of_code(&record.code_hash));
        self.by_contract.insert(*address, abi.clone());
        abi
    }

    /// The interface inside code.
    pub fn of_code(&mut self, hash: &Hash) -> Option<Rc<ContractAbi>> {
        if let Some(known) = self.by_code.get(hash) {
            return known.clone();
        }
        let read = || {
            let code = self.store.codes().code(hash).ok()??;
            let module = prepare(&code, &Profile::v1()).ok()?;
            Some(Rc::new(ContractAbi::from_section(&module.metadata?).ok()?))
        };
        let abi = read();
        self.by_code.insert(*hash, abi.clone());
        abi
    }
}
