//! Delivery versus payment: a seller's units against a buyer's native currency, both or neither.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use security_token::{SecurityTokenRef, TokenError};

/// Units on sale.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Who is paid.
    pub seller: Address,
    /// The token.
    pub token: Address,
    /// Units.
    pub units: u128,
    /// Native atomic units for all of them.
    pub price: u128,
}

/// What the desk refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum DeskError {
    /// There is no such offer.
    NoOffer {
        /// Its number.
        offer: u32,
    },
    /// The amount sent is not the price.
    WrongPrice {
        /// Sent.
        sent: u128,
        /// Asked for.
        price: u128,
    },
    /// The token refuses to move the units.
    Refused {
        /// Why.
        error: TokenError,
    },
    /// The token does not answer as one.
    NotAToken,
    /// The seller could not be paid.
    NotPaid,
}

/// Units were put on sale.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    /// Its number.
    pub offer: u32,
    /// The seller.
    #[topic]
    pub seller: Address,
}

/// Units were sold.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Sold {
    /// The offer's number.
    pub offer: u32,
    /// The buyer.
    #[topic]
    pub buyer: Address,
}

/// What the desk keeps.
#[storage]
pub struct SaleDesk {
    offers: Map<u32, Offer>,
    next: Item<u32>,
}

#[contract(events(Offered, Sold))]
impl SaleDesk {
    /// Makes a desk without offers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts units on sale; they move to the desk. Answers the offer's number.
    pub fn offer(&mut self, seller: Address, token: Address, units: u128, price: u128) -> Result<u32, DeskError> {
        env::require_auth(&seller);
        self.deliver(token, seller, env::self_address(), units)?;
        let number = self.next.get_or_default();
        self.next.set(&(number + 1));
        self.offers.set(&number, &Offer { seller, token, units, price });
        Offered { offer: number, seller }.emit();
        Ok(number)
    }

    /// Takes an unsold offer back.
    pub fn withdraw(&mut self, offer: u32) -> Result<(), DeskError> {
        let found = self.offers.get(&offer).ok_or(DeskError::NoOffer { offer })?;
        env::require_auth(&found.seller);
        self.offers.remove(&offer);
        self.deliver(found.token, env::self_address(), found.seller, found.units)
    }

    /// Buys: the price is sent with the call, the units go to the caller.
    #[payable]
    pub fn buy(&mut self, offer: u32) -> Result<(), DeskError> {
        let found = self.offers.get(&offer).ok_or(DeskError::NoOffer { offer })?;
        let sent = env::value();
        if sent != found.price {
            return Err(DeskError::WrongPrice { sent, price: found.price });
        }
        let buyer = env::caller();
        self.offers.remove(&offer);
        self.deliver(found.token, env::self_address(), buyer, found.units)?;
        env::transfer(&found.seller, found.price).map_err(|_| DeskError::NotPaid)?;
        Sold { offer, buyer }.emit();
        Ok(())
    }

    /// An offer.
    pub fn offer_of(&self, offer: u32) -> Option<Offer> {
        self.offers.get(&offer)
    }

    fn deliver(&self, token: Address, from: Address, to: Address, units: u128) -> Result<(), DeskError> {
        match SecurityTokenRef::at(token).transfer(from, to, units).try_call() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(DeskError::Refused { error }),
            Err(_) => Err(DeskError::NotAToken),
        }
    }
}
