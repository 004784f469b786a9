//! Holds the allowances that the router spends, so that another router needs no new ones.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleError, Roles};
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What the proxy refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum ProxyError {
    /// The caller is not the router.
    NotRouter,
    /// No other router was proposed.
    NotProposed,
    /// The other router has to wait.
    TooEarly {
        /// Until when, in ms since 1970.
        from_ms: u64,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
}

impl From<RoleError> for ProxyError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// Another router was proposed, or the proposal was taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct RouterProposed {
    /// Which.
    pub router: Option<Address>,
    /// From when it may take over, in ms since 1970.
    pub from_ms: u64,
}

/// Another router took over.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct RouterChanged {
    /// Which.
    #[topic]
    pub router: Address,
}

/// What the proxy keeps.
#[storage]
pub struct TransferProxy {
    router: Item<Address>,
    proposed: Item<(Address, u64)>,
    delay_ms: Item<u64>,
    roles: Roles,
}

#[contract(events(RouterProposed, RouterChanged, AdminProposed, AdminChanged))]
impl TransferProxy {
    /// Makes a proxy without a router; whoever deploys it is the admin. Everybody who gave an allowance has `delay_ms` to take
    /// it back before another router can spend it.
    pub fn new(delay_ms: u64) -> Self {
        let mut this = Self::default();
        this.delay_ms.set(&delay_ms);
        this.roles.begin(&env::caller(), delay_ms);
        this
    }

    /// Who may spend.
    pub fn router(&self) -> Option<Address> {
        self.router.get()
    }

    /// Who is to take over, and from when, in ms since 1970.
    pub fn proposed(&self) -> Option<(Address, u64)> {
        self.proposed.get()
    }

    /// Who proposes.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Moves units of somebody who lets this contract spend them; the router, which asked them.
    pub fn pull(&mut self, asset: Asset, from: Address, to: Address, units: u128) -> Result<(), ProxyError> {
        if self.router.get() != Some(env::caller()) {
            return Err(ProxyError::NotRouter);
        }
        asset.spend(from, to, units).map_err(|error| ProxyError::Asset { error })
    }

    /// Proposes another router, or takes the proposal back; the admin. The first one takes over at once.
    pub fn propose_router(&mut self, router: Option<Address>) -> Result<(), ProxyError> {
        self.roles.require_admin()?;
        let wait_ms = if self.router.get().is_some() { self.delay_ms.get_or_default() } else { 0 };
        let from_ms = env::block_time_ms().saturating_add(wait_ms);
        self.proposed.remove();
        if let Some(router) = router {
            self.proposed.set(&(router, from_ms));
        }
        RouterProposed { router, from_ms }.emit();
        Ok(())
    }

    /// Lets the proposed router take over, after the delay; anybody.
    pub fn change_router(&mut self) -> Result<Address, ProxyError> {
        let (router, from_ms) = self.proposed.get().ok_or(ProxyError::NotProposed)?;
        if env::block_time_ms() < from_ms {
            return Err(ProxyError::TooEarly { from_ms });
        }
        self.proposed.remove();
        self.router.set(&router);
        RouterChanged { router }.emit();
        Ok(router)
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), ProxyError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), ProxyError> {
        Ok(self.roles.accept_admin()?)
    }
}
