//! Fulfils orders that are locked on another chain, by proof, once and in time.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

use counterpart_sdk::prelude::*;
use light_client::{LightClientRef, Stood};
use trading::{HandlerError, HandlerRef, Kind, Order};
pub use types::{DeskError, Fulfilment, OrderFulfilled, OrderId, RemoteOrder, Through};

/// What the desk keeps.
#[storage]
pub struct RemoteDesk {
    client: Item<Address>,
    fulfilled: Map<OrderId, Fulfilment>,
}

/// Where the state of the desk's chain says that an order was fulfilled.
pub fn fulfilled_key(desk: &Address, id: &OrderId) -> Vec<u8> {
    entry_key(desk, "fulfilled", &id.encode())
}

/// Where the state of an order's chain holds the order while it is locked.
pub fn locked_key(id: &OrderId) -> Vec<u8> {
    entry_key(&id.contract, "locked", &id.order.encode())
}

/// The key of an entry of a contract's map: the contract, the field's name after its length, a zero, the entry.
fn entry_key(contract: &Address, field: &str, entry: &[u8]) -> Vec<u8> {
    [&contract.0[..], &[field.len() as u8], field.as_bytes(), &[0], entry].concat()
}

#[contract(events(OrderFulfilled))]
impl RemoteDesk {
    /// Makes a desk for orders of the chain that a light client follows.
    pub fn new(client: Address) -> Self {
        let mut this = Self::default();
        this.client.set(&client);
        this
    }

    /// The light client of the orders' chain.
    pub fn client(&self) -> Address {
        self.client.get_or_default()
    }

    /// Whether an order was fulfilled, and for whom.
    pub fn fulfilment(&self, id: OrderId) -> Option<Fulfilment> {
        self.fulfilled.get(&id)
    }

    /// Fulfils an order that the proof shows to be locked, before its deadline; the solver authorises the transfer of its units. It
    /// gives the units wanted, or others through a handler. What it gets for them on the order's chain goes to `payee`.
    pub fn fulfil(
        &mut self,
        solver: Address,
        id: OrderId,
        proof: Vec<u8>,
        payee: Address,
        through: Option<Through>,
    ) -> Result<Fulfilment, DeskError> {
        env::require_auth(&solver);
        if let Some(fulfilment) = self.fulfilled.get(&id) {
            return Err(DeskError::Fulfilled { fulfilment });
        }
        let order = self.locked(&id, proof)?;
        let here = env::self_address();
        if order.desk != here || order.desk_chain != env::chain_id() {
            return Err(DeskError::Elsewhere);
        }
        if env::block_time_ms() >= order.deadline_ms {
            return Err(DeskError::Late { deadline_ms: order.deadline_ms });
        }
        let bought = match through {
            None => {
                order.buy.transfer(solver, order.receiver, order.min_buy)?;
                order.min_buy
            }
            Some(through) => self.trade(&order, solver, through)?,
        };
        let fulfilment = Fulfilment { payee, bought };
        self.fulfilled.set(&id, &fulfilment);
        OrderFulfilled { id, solver, fulfilment }.emit();
        Ok(fulfilment)
    }

    /// The order, if the other chain's state holds it.
    fn locked(&self, id: &OrderId, proof: Vec<u8>) -> Result<RemoteOrder, DeskError> {
        let answer = LightClientRef::at(self.client()).entry(proof).try_call();
        let Stood { at, key, value } = match answer {
            Ok(Ok(stood)) => stood,
            Ok(Err(error)) => return Err(DeskError::Client { error }),
            Err(_) => return Err(DeskError::NotProved),
        };
        let value = value.filter(|_| at.chain == id.chain && key == locked_key(id)).ok_or(DeskError::NotProved)?;
        RemoteOrder::decode(&mut value.as_slice()).map_err(|_| DeskError::NotProved)
    }

    /// Buys for the receiver through a handler, which is believed in nothing.
    fn trade(&self, order: &RemoteOrder, solver: Address, through: Through) -> Result<u128, DeskError> {
        let here = env::self_address();
        let Through { handler, sell, spend, data } = through;
        sell.settle(here);
        order.buy.settle(here);
        let (held, before) = (sell.balance_of(here)?, order.buy.balance_of(here)?);
        sell.transfer(solver, here, spend)?;
        sell.authorize_transfer(handler, spend);
        let kind = Kind::ExactIn { spend, min_buy: 0 };
        let asked = Order { sell, buy: order.buy, kind, data };
        let answer = HandlerRef::at(handler).swap(asked, here).try_call();
        trading::answered(answer, |error: &HandlerError| Some(error.clone()))
            .map_err(|error| DeskError::Handler { error })?;
        let bought = order.buy.balance_of(here)?.saturating_sub(before);
        if bought < order.min_buy {
            return Err(DeskError::TooFew { have: bought, want: order.min_buy });
        }
        order.buy.transfer(here, order.receiver, bought)?;
        sell.transfer(here, solver, sell.balance_of(here)?.saturating_sub(held))?;
        Ok(bought)
    }
}
