//! Units locked for an exchange on another chain: paid out by the proof that it happened, back by the proof that it did not.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

use counterpart_sdk::prelude::*;
use light_client::{LightClientRef, Stood};
pub use remote_desk::{Fulfilment, OrderId, RemoteOrder, fulfilled_key, locked_key};
pub use types::{Ended, Locked, OrderError};

/// Bytes of an address, with which each key of the state begins.
const ADDRESS: usize = 32;

/// What the contract keeps: an order as long as it is locked.
#[storage]
pub struct RemoteOrders {
    client: Item<Address>,
    rescue_ms: Item<u64>,
    locked: Map<u64, RemoteOrder>,
    next: Item<u64>,
}

#[contract(events(Locked, Ended))]
impl RemoteOrders {
    /// Makes a contract for desks on the chain that a light client follows. Where that client is frozen, units go back `rescue_ms`
    /// after an order's deadline.
    pub fn new(client: Address, rescue_ms: u64) -> Self {
        let mut this = Self::default();
        this.client.set(&client);
        this.rescue_ms.set(&rescue_ms);
        this
    }

    /// The light client of the desks' chain.
    pub fn client(&self) -> Address {
        self.client.get_or_default()
    }

    /// An order that is locked.
    pub fn order(&self, order: u64) -> Option<RemoteOrder> {
        self.locked.get(&order)
    }

    /// Orders so far: the number of the next one.
    pub fn count(&self) -> u64 {
        self.next.get_or_default()
    }

    /// The entry of this contract that holds an order while it is locked: what a relayer proves to the desk.
    pub fn lock_entry(&self, order: u64) -> Vec<u8> {
        locked_key(&self.id(order)).split_off(ADDRESS)
    }

    /// The entry of its desk that says who fulfilled an order: what a relayer proves here.
    pub fn fulfilment_entry(&self, order: u64) -> Vec<u8> {
        fulfilled_key(&Address::ZERO, &self.id(order)).split_off(ADDRESS)
    }

    /// Which order this is, for the other chain.
    pub fn id(&self, order: u64) -> OrderId {
        OrderId { chain: env::chain_id(), contract: env::self_address(), order }
    }

    /// Locks units for an exchange; the maker authorises their transfer. Answers the order's number.
    pub fn lock(&mut self, order: RemoteOrder) -> Result<u64, OrderError> {
        env::require_auth(&order.maker);
        if order.units == 0 || order.min_buy == 0 || order.desk_chain == env::chain_id() {
            return Err(OrderError::BadOrder);
        }
        order.sell.transfer(order.maker, env::self_address(), order.units)?;
        let number = self.next.get_or_default();
        self.next.set(&(number + 1));
        self.locked.set(&number, &order);
        Locked { order: number, maker: order.maker, desk_chain: order.desk_chain, desk: order.desk }.emit();
        Ok(number)
    }

    /// Pays who fulfilled the order, by the proof that the desk's chain says so; anybody may bring it.
    pub fn release(&mut self, order: u64, proof: Vec<u8>) -> Result<Fulfilment, OrderError> {
        let found = self.found(order)?;
        let value = self.stood(order, &found, proof)?.value.ok_or(OrderError::NotFulfilled)?;
        let fulfilment = Fulfilment::decode(&mut value.as_slice()).map_err(|_| OrderError::NotProved)?;
        self.end(order, &found, fulfilment.payee, true)?;
        Ok(fulfilment)
    }

    /// Gives the units back, by the proof that the desk's chain was past the deadline without having fulfilled it; anybody may bring
    /// it.
    pub fn refund(&mut self, order: u64, proof: Vec<u8>) -> Result<(), OrderError> {
        let found = self.found(order)?;
        let stood = self.stood(order, &found, proof)?;
        if stood.value.is_some() {
            return Err(OrderError::Fulfilled);
        }
        // What this block did not fulfil, no later one does: their times are later still.
        if stood.at.time_ms < found.deadline_ms {
            return Err(OrderError::TooEarly { deadline_ms: found.deadline_ms });
        }
        self.end(order, &found, found.maker, false)
    }

    /// Gives the units back where nothing can be proved any more, because the desks' chain spoke with two tongues; anybody, after a
    /// long time.
    pub fn rescue(&mut self, order: u64) -> Result<(), OrderError> {
        let found = self.found(order)?;
        let overview = LightClientRef::at(self.client()).overview().try_call();
        if !matches!(overview, Ok(Ok(overview)) if overview.is_frozen) {
            return Err(OrderError::NotFrozen);
        }
        let from_ms = found.deadline_ms.saturating_add(self.rescue_ms.get_or_default());
        if env::block_time_ms() < from_ms {
            return Err(OrderError::TooEarly { deadline_ms: from_ms });
        }
        self.end(order, &found, found.maker, false)
    }

    fn found(&self, order: u64) -> Result<RemoteOrder, OrderError> {
        self.locked.get(&order).ok_or(OrderError::NoOrder { order })
    }

    /// What the desk's chain says of an order's fulfilment.
    fn stood(&self, order: u64, found: &RemoteOrder, proof: Vec<u8>) -> Result<Stood, OrderError> {
        let stood = match LightClientRef::at(self.client()).entry(proof).try_call() {
            Ok(Ok(stood)) => stood,
            Ok(Err(error)) => return Err(OrderError::Client { error }),
            Err(_) => return Err(OrderError::NotProved),
        };
        let meant = stood.at.chain == found.desk_chain && stood.key == fulfilled_key(&found.desk, &self.id(order));
        if meant { Ok(stood) } else { Err(OrderError::NotProved) }
    }

    fn end(&mut self, order: u64, found: &RemoteOrder, to: Address, fulfilled: bool) -> Result<(), OrderError> {
        self.locked.remove(&order);
        Ended { order, to, fulfilled }.emit();
        Ok(found.sell.transfer(env::self_address(), to, found.units)?)
    }
}
