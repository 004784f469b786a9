//! Payments: what a payer agreed to, held for the time to dispute, and what comes back of it.

use crate::Merchants;
use crate::types::{Intent, Listing, MerchantError, Paid, Payment, Refunded, Standing, StandingChanged, Status};
use counterpart_sdk::prelude::*;
use trading::fee;

/// What a payer signs: for this contract on this chain alone.
pub(crate) fn digest(intent: &Intent) -> Hash {
    let signed = (*b"counterpart/payment-intent/1", env::chain_id(), env::self_address(), intent);
    env::sha3_256(&signed.encode())
}

impl Payment {
    /// Units that wait in the contract.
    pub const fn held(&self) -> u128 {
        match self.standing {
            Standing::Held | Standing::Disputed => self.amount - self.fee - self.refunded,
            Standing::Paid | Standing::Resolved => 0,
        }
    }
}

impl Merchants {
    /// Carries an intent out: by the payer's consent to the transfer, or by its allowance.
    pub(crate) fn settle_intent(&mut self, intent: &Intent, by_allowance: bool) -> Result<u64, MerchantError> {
        let Intent { payer, merchant, quantity, version, max_amount, nonce, .. } = *intent;
        let now = env::block_time_ms();
        if now > intent.deadline_ms {
            return Err(MerchantError::Late);
        }
        let found = self.found(merchant)?;
        if found.status != Status::Open {
            return Err(MerchantError::NotOpen { status: found.status });
        }
        if self.nonces.contains(&(payer, nonce)) {
            return Err(MerchantError::NonceUsed { nonce });
        }
        if let Some(payment) = intent.invoice.and_then(|invoice| self.invoice(merchant, invoice)) {
            return Err(MerchantError::InvoicePaid { payment });
        }
        let key = (merchant, intent.sku.clone());
        let listing = self.products.get(&key).filter(|listing| listing.product.listed && quantity > 0);
        let mut listing: Listing = listing.ok_or(MerchantError::NoProduct)?;
        if listing.version != version {
            return Err(MerchantError::Changed { version: listing.version });
        }
        if let Some(stock) = &mut listing.product.stock {
            *stock = stock.checked_sub(quantity).ok_or(MerchantError::OutOfStock { left: *stock })?;
        }
        let amount = listing.product.price.checked_mul(quantity.into()).filter(|amount| *amount <= max_amount);
        let amount = amount
            .ok_or_else(|| MerchantError::TooMuch { amount: listing.product.price.saturating_mul(quantity.into()) })?;
        let terms = self.known()?;
        let fee = fee::up(amount, terms.fee_ppm).ok_or(MerchantError::BadTerms)?;
        let payment = self.next_payment.get_or_default();
        self.next_payment.set(&(payment + 1));
        self.products.set(&key, &listing);
        self.nonces.set(&(payer, nonce), &());
        if let Some(invoice) = intent.invoice {
            self.invoices.set(&(merchant, invoice), &payment);
        }
        let asset = listing.product.asset;
        let standing = if terms.dispute_ms == 0 { Standing::Paid } else { Standing::Held };
        let made = Payment {
            payer,
            merchant,
            sku: key.1,
            quantity,
            version,
            asset,
            amount,
            fee,
            refunded: 0,
            refunded_by_cashier: 0,
            restocked: 0,
            at_ms: now,
            until_ms: now.saturating_add(terms.dispute_ms),
            standing,
        };
        self.payments.set(&payment, &made);
        Paid { payment, merchant, payer, amount, fee }.emit();
        let here = env::self_address();
        if by_allowance {
            // What decays is brought up to date before it is asked whether there is enough.
            asset.settle(payer);
            asset.spend(payer, here, amount)?;
        } else {
            asset.transfer(payer, here, amount)?;
        }
        asset.transfer(here, terms.fee_to, fee)?;
        if standing == Standing::Paid {
            asset.transfer(here, found.payout, amount - fee)?;
        }
        Ok(payment)
    }

    pub(crate) fn give_back(
        &mut self,
        by: Address,
        payment: u64,
        units: u128,
        restock: u64,
    ) -> Result<(), MerchantError> {
        let mut found = self.payment(payment).ok_or(MerchantError::NoPayment { payment })?;
        let merchant = self.found(found.merchant)?;
        let most = match found.standing {
            // The fee stays with the operator while the units are held: what waits is all there is.
            Standing::Held | Standing::Disputed => found.held(),
            Standing::Paid => found.amount - found.refunded,
            Standing::Resolved => {
                return Err(MerchantError::WrongStanding { standing: found.standing, until_ms: found.until_ms });
            }
        };
        let left = if by == merchant.owner {
            most
        } else if merchant.cashier == Some(by) {
            most.min(merchant.cashier_cap.saturating_sub(found.refunded_by_cashier))
        } else {
            return Err(MerchantError::Stranger);
        };
        if units > left || (units == 0 && restock == 0) {
            return Err(MerchantError::RefundTooLarge { left });
        }
        if restock > found.quantity - found.restocked {
            return Err(MerchantError::TooManyRestocked);
        }
        let key = (found.merchant, found.sku.clone());
        if let Some(mut listing) = self.products.get(&key) {
            listing.product.stock = listing.product.stock.map(|stock| stock.saturating_add(restock));
            self.products.set(&key, &listing);
        }
        found.refunded += units;
        found.restocked += restock;
        if by != merchant.owner {
            found.refunded_by_cashier += units;
        }
        let held = matches!(found.standing, Standing::Held | Standing::Disputed);
        self.payments.set(&payment, &found);
        Refunded { payment, units, restocked: restock }.emit();
        match held {
            true => found.asset.transfer(env::self_address(), found.payer, units)?,
            false => found.asset.spend(merchant.payout, found.payer, units)?,
        }
        Ok(())
    }

    pub(crate) fn in_standing(&self, payment: u64, standing: Standing) -> Result<Payment, MerchantError> {
        let found = self.payment(payment).ok_or(MerchantError::NoPayment { payment })?;
        if found.standing == standing {
            Ok(found)
        } else {
            Err(MerchantError::WrongStanding { standing: found.standing, until_ms: found.until_ms })
        }
    }

    pub(crate) fn stand(&mut self, payment: u64, found: &mut Payment, standing: Standing) {
        found.standing = standing;
        self.payments.set(&payment, found);
        StandingChanged { payment, standing }.emit();
    }
}
