//! Delivery versus payment: a seller's units against a buyer's currency, native or of a contract, both or neither.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use currency::CurrencyRef;
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
    /// Units of the currency for all of them.
    pub price: u128,
    /// The contract of the currency; native currency if there is none.
    pub currency: Option<Address>,
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
    /// The token says that it moved the units, and has not.
    NotDelivered,
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

    /// Puts units on sale for native currency; they move to the desk. Answers the offer's number.
    pub fn offer(&mut self, seller: Address, token: Address, units: u128, price: u128) -> Result<u32, DeskError> {
        self.put_on_sale(Offer { seller, token, units, price, currency: None })
    }

    /// Puts units on sale for units of a currency; they move to the desk. Answers the offer's number.
    pub fn offer_for(
        &mut self,
        seller: Address,
        token: Address,
        units: u128,
        currency: Address,
        price: u128,
    ) -> Result<u32, DeskError> {
        self.put_on_sale(Offer { seller, token, units, price, currency: Some(currency) })
    }

    fn put_on_sale(&mut self, offer: Offer) -> Result<u32, DeskError> {
        let Offer { seller, token, units, .. } = offer;
        env::require_auth(&seller);
        self.deliver(token, seller, env::self_address(), units)?;
        let number = self.next.get_or_default();
        self.next.set(&(number + 1));
        self.offers.set(&number, &offer);
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

    /// Buys: the units go to the caller. Native currency is sent with the call; of another, the caller lets the price go to the seller
    /// within this call.
    #[payable]
    pub fn buy(&mut self, offer: u32) -> Result<(), DeskError> {
        let found = self.offers.get(&offer).ok_or(DeskError::NoOffer { offer })?;
        let sent = env::value();
        let price = if found.currency.is_none() { found.price } else { 0 };
        if sent != price {
            return Err(DeskError::WrongPrice { sent, price });
        }
        let buyer = env::caller();
        self.offers.remove(&offer);
        self.deliver(found.token, env::self_address(), buyer, found.units)?;
        self.pay(&found, offer, buyer)?;
        Sold { offer, buyer }.emit();
        Ok(())
    }

    /// An offer.
    pub fn offer_of(&self, offer: u32) -> Option<Offer> {
        self.offers.get(&offer)
    }

    fn pay(&self, offer: &Offer, number: u32, buyer: Address) -> Result<(), DeskError> {
        let Some(currency) = offer.currency else {
            return env::transfer(&offer.seller, offer.price).map_err(|_| DeskError::NotPaid);
        };
        let memo = number.to_le_bytes().to_vec();
        match CurrencyRef::at(currency).transfer(buyer, offer.seller, offer.price, memo).try_call() {
            Ok(Ok(())) => Ok(()),
            _ => Err(DeskError::NotPaid),
        }
    }

    fn deliver(&self, token: Address, from: Address, to: Address, units: u128) -> Result<(), DeskError> {
        let asked = SecurityTokenRef::at(token);
        let balance = || asked.balance_of(to).try_call().ok().and_then(Result::ok).ok_or(DeskError::NotAToken);
        let before = balance()?;
        match asked.transfer(from, to, units).try_call() {
            // Whoever pays does not take the word of a token that the seller chose.
            Ok(Ok(())) if before.checked_add(units) == Some(balance()?) => Ok(()),
            Ok(Ok(())) => Err(DeskError::NotDelivered),
            Ok(Err(error)) => Err(DeskError::Refused { error }),
            Err(_) => Err(DeskError::NotAToken),
        }
    }
}
