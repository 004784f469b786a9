//! Holds units of a wallet that lets it spend them: of a token, a security or a currency.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use instruments::{Failure, Hold, HoldChanged, HoldStatus, Holds, ProviderError};
use trading::Asset;

/// What the provider keeps.
#[storage]
pub struct WalletProvider {
    holds: Holds,
}

#[contract(events(HoldChanged))]
impl WalletProvider {
    /// Makes a provider of an asset for a contract that charges.
    pub fn new(charger: Address, asset: Asset) -> Self {
        let mut this = Self::default();
        this.holds.begin(&charger, &asset);
        this
    }

    /// In what it holds and pays.
    pub fn asset(&self) -> Asset {
        self.holds.asset()
    }

    /// Units of a payer's wallet; the token says nothing here, as a wallet is one instrument.
    pub fn available(&self, payer: Address, token: Hash) -> u128 {
        let _ = token;
        self.asset().balance_of(payer).unwrap_or_default()
    }

    /// Where a hold stands.
    pub fn status(&self, id: Hash) -> HoldStatus {
        self.holds.status(&id)
    }

    /// Takes units from the wallet, which lets this contract spend them.
    pub fn authorize(&mut self, hold: Hold) -> Result<HoldStatus, ProviderError> {
        self.holds.require_new(&hold)?;
        let asset = self.asset();
        // What decays is brought up to date before it is asked whether there is enough.
        asset.settle(hold.payer);
        let enough = asset.balance_of(hold.payer)? >= hold.units;
        let moved = enough && asset.spend(hold.payer, env::self_address(), hold.units).is_ok();
        let status = match (enough, moved) {
            (false, _) => HoldStatus::Failed(Failure::Insufficient),
            (true, false) => HoldStatus::Failed(Failure::Limit),
            (true, true) => HoldStatus::Held,
        };
        Ok(self.holds.open(hold, status))
    }

    /// Pays a hold to the contract that charges.
    pub fn capture(&mut self, id: Hash) -> Result<(), ProviderError> {
        self.holds.capture(id)
    }

    /// Gives a hold back to the wallet.
    pub fn void(&mut self, id: Hash) -> Result<(), ProviderError> {
        let Some(kept) = self.holds.void(id)? else { return Ok(()) };
        Ok(self.asset().transfer(env::self_address(), kept.hold.payer, kept.hold.units)?)
    }

    /// Takes units of the caller back to the wallet that they came from.
    pub fn refund(&mut self, id: Hash, units: u128) -> Result<(), ProviderError> {
        let kept = self.holds.refund(id, units)?;
        Ok(self.asset().transfer(env::caller(), kept.hold.payer, units)?)
    }
}
