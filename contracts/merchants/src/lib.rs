//! Merchants, what they sell at which price, and payments that hold to the price that the payer saw.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod payments;
mod types;

use counterpart_contracts::account;
use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
use trading::fee;
pub use types::{
    Disputed, Intent, Listing, Merchant, MerchantChanged, MerchantError, Paid, Payment, Product, ProductChanged,
    Recovery, Refunded, Standing, StandingChanged, Status, Terms,
};

/// Bytes of a sku and of a product's name, at most.
pub const MAX_TEXT: usize = 64;
/// Entries of a list that a query answers, at most.
const MAX_PAGE: u32 = 50;

/// What the register keeps.
#[storage]
pub struct Merchants {
    terms: Item<Terms>,
    roles: Roles,
    merchants: Map<u64, Merchant>,
    next_merchant: Item<u64>,
    products: OrdMap<(u64, String), Listing>,
    payments: Map<u64, Payment>,
    next_payment: Item<u64>,
    nonces: Map<(Address, u64), ()>,
    invoices: Map<(u64, Hash), u64>,
}

#[contract(events(
    MerchantChanged,
    ProductChanged,
    Paid,
    Refunded,
    StandingChanged,
    Disputed,
    AdminProposed,
    AdminChanged
))]
impl Merchants {
    /// Makes a register; whoever deploys it is the operator, who registers merchants and cannot move anybody's units.
    pub fn new(terms: Terms) -> Result<Self, MerchantError> {
        if terms.fee_ppm > fee::MILLION / 10 || terms.resolve_ms == 0 {
            return Err(MerchantError::BadTerms);
        }
        let mut this = Self::default();
        this.terms.set(&terms);
        this.roles.begin(&env::caller(), terms.admin_delay_ms);
        Ok(this)
    }

    /// What holds for all.
    pub fn terms(&self) -> Option<Terms> {
        self.terms.get()
    }

    /// Who registers merchants.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Merchants so far: the number of the next one.
    pub fn count(&self) -> u64 {
        self.next_merchant.get_or_default()
    }

    /// A merchant.
    pub fn merchant(&self, merchant: u64) -> Option<Merchant> {
        self.merchants.get(&merchant)
    }

    /// A product.
    pub fn product(&self, merchant: u64, sku: String) -> Option<Listing> {
        self.products.get(&(merchant, sku))
    }

    /// Products of a merchant, by sku, after one or from the first; at most 50.
    pub fn products(&self, merchant: u64, after: Option<String>, limit: u32) -> Vec<(String, Listing)> {
        let after = after.map_or_else(|| (merchant, String::new()), |sku| (merchant, sku));
        let page = self.products.page(Some(&after), limit.min(MAX_PAGE));
        let own = page.into_iter().take_while(|((of, _), _)| *of == merchant);
        own.map(|((_, sku), listing)| (sku, listing)).collect()
    }

    /// A payment: its receipt.
    pub fn payment(&self, payment: u64) -> Option<Payment> {
        self.payments.get(&payment)
    }

    /// Which payment paid an invoice.
    pub fn invoice(&self, merchant: u64, invoice: Hash) -> Option<u64> {
        self.invoices.get(&(merchant, invoice))
    }

    /// The 32 bytes that a payer signs: for this contract on this chain alone.
    pub fn digest(&self, intent: Intent) -> Hash {
        payments::digest(&intent)
    }

    /// Registers a merchant; the operator. Answers its number.
    pub fn register(&mut self, owner: Address, payout: Address, cell: u64, beacon: Hash) -> Result<u64, MerchantError> {
        self.roles.require_admin()?;
        let merchant = self.count();
        self.next_merchant.set(&(merchant + 1));
        let (cashier, recovery) = (None, None);
        let now = Merchant { owner, payout, cell, beacon, cashier, cashier_cap: 0, status: Status::Open, recovery };
        self.change(merchant, &now);
        Ok(merchant)
    }

    /// Lets a merchant sell or not: the operator suspends and lets go on, the owner closes for good.
    pub fn set_status(&mut self, merchant: u64, status: Status) -> Result<(), MerchantError> {
        let found = self.found(merchant)?;
        match (found.status, status) {
            (Status::Closed, _) => return Err(MerchantError::NotOpen { status: Status::Closed }),
            (_, Status::Closed) => env::require_auth(&found.owner),
            _ => self.roles.require_admin()?,
        }
        self.change(merchant, &Merchant { status, ..found });
        Ok(())
    }

    /// Says where the merchant's units go from now on; its owner.
    pub fn set_payout(&mut self, merchant: u64, payout: Address) -> Result<(), MerchantError> {
        let found = self.owned(merchant)?;
        self.change(merchant, &Merchant { payout, ..found });
        Ok(())
    }

    /// Says with which key its beacons are provisioned from now on, and in which cell they stand; its owner.
    pub fn rotate_beacon(&mut self, merchant: u64, beacon: Hash, cell: u64) -> Result<(), MerchantError> {
        let found = self.owned(merchant)?;
        self.change(merchant, &Merchant { beacon, cell, ..found });
        Ok(())
    }

    /// Lets somebody refund so many units of each payment; the owner.
    pub fn set_cashier(&mut self, merchant: u64, cashier: Option<Address>, cap: u128) -> Result<(), MerchantError> {
        let found = self.owned(merchant)?;
        self.change(merchant, &Merchant { cashier, cashier_cap: cap, ..found });
        Ok(())
    }

    /// Hands a merchant over, or refuses who was proposed, by naming oneself; its owner.
    pub fn set_owner(&mut self, merchant: u64, owner: Address) -> Result<(), MerchantError> {
        let found = self.owned(merchant)?;
        self.change(merchant, &Merchant { owner, recovery: None, ..found });
        Ok(())
    }

    /// Proposes another owner for a merchant that lost its key; the operator.
    pub fn propose_owner(&mut self, merchant: u64, owner: Address) -> Result<(), MerchantError> {
        self.roles.require_admin()?;
        let found = self.found(merchant)?;
        let from_ms = env::block_time_ms().saturating_add(self.known()?.recovery_ms);
        self.change(merchant, &Merchant { recovery: Some(Recovery { owner, from_ms }), ..found });
        Ok(())
    }

    /// Takes a merchant over; who was proposed, after the time.
    pub fn accept_owner(&mut self, merchant: u64) -> Result<(), MerchantError> {
        let found = self.found(merchant)?;
        let recovery = found.recovery.filter(|recovery| env::block_time_ms() >= recovery.from_ms);
        let Recovery { owner, .. } = recovery.ok_or(MerchantError::NoRecovery)?;
        env::require_auth(&owner);
        self.change(merchant, &Merchant { owner, recovery: None, ..found });
        Ok(())
    }

    /// Says what a product is and costs; the owner. Answers its version: another one if a payer would see another thing.
    pub fn set_product(&mut self, merchant: u64, sku: String, product: Product) -> Result<u32, MerchantError> {
        self.owned(merchant)?;
        let sized = |text: &str| (1..=MAX_TEXT).contains(&text.len());
        if !sized(&sku) || !sized(&product.name) || product.price == 0 {
            return Err(MerchantError::BadProduct);
        }
        let key = (merchant, sku);
        let version = match self.products.get(&key) {
            None => 1,
            Some(Listing { version, product: old }) => {
                let seen = |one: &Product| (one.name.clone(), one.image, one.asset, one.price);
                if seen(&old) == seen(&product) { version } else { version + 1 }
            }
        };
        let listing = Listing { version, product };
        self.products.set(&key, &listing);
        ProductChanged { merchant, sku: key.1, listing }.emit();
        Ok(version)
    }

    /// Counts anew how many of a product there are; the owner.
    pub fn set_stock(&mut self, merchant: u64, sku: String, stock: Option<u64>) -> Result<(), MerchantError> {
        self.owned(merchant)?;
        let mut listing = self.product(merchant, sku.clone()).ok_or(MerchantError::NoProduct)?;
        listing.product.stock = stock;
        self.products.set(&(merchant, sku.clone()), &listing);
        ProductChanged { merchant, sku, listing }.emit();
        Ok(())
    }

    /// Pays for a product; the payer, which consents to the transfer too. Answers the payment's number.
    pub fn pay(&mut self, intent: Intent) -> Result<u64, MerchantError> {
        env::require_auth(&intent.payer);
        self.settle_intent(&intent, false)
    }

    /// Pays by what a payer signed while it had no network; anybody brings it. The payer lets this contract spend its units.
    pub fn pay_signed(&mut self, intent: Intent, key: [u8; 32], signature: [u8; 64]) -> Result<u64, MerchantError> {
        let signed = env::ed25519_verify(&key, &payments::digest(&intent).0, &signature);
        if !signed || account::of_key(&key) != intent.payer {
            return Err(MerchantError::BadSignature);
        }
        self.settle_intent(&intent, true)
    }

    /// Gives units of a payment back to its payer, and puts goods back on the shelf; the owner, or its cashier within its cap. Units
    /// that are held come from there, others from where the merchant's units go, which lets this contract spend them.
    pub fn refund(&mut self, by: Address, payment: u64, units: u128, restock: u64) -> Result<(), MerchantError> {
        env::require_auth(&by);
        self.give_back(by, payment, units, restock)
    }

    /// Disputes a payment while it is held; its payer. `reason` is the hash of what it says to the arbiter.
    pub fn dispute(&mut self, payment: u64, reason: Hash) -> Result<(), MerchantError> {
        let mut found = self.in_standing(payment, Standing::Held)?;
        env::require_auth(&found.payer);
        if env::block_time_ms() >= found.until_ms {
            return Err(MerchantError::WrongStanding { standing: Standing::Held, until_ms: found.until_ms });
        }
        found.until_ms = env::block_time_ms().saturating_add(self.known()?.resolve_ms);
        Disputed { payment, reason }.emit();
        self.stand(payment, &mut found, Standing::Disputed);
        Ok(())
    }

    /// Decides a dispute in time: so many units to the payer, what is left to the merchant; the arbiter.
    pub fn resolve(&mut self, payment: u64, units: u128) -> Result<(), MerchantError> {
        let mut found = self.in_standing(payment, Standing::Disputed)?;
        let terms = self.known()?;
        env::require_auth(&terms.arbiter);
        if env::block_time_ms() >= found.until_ms {
            return Err(MerchantError::WrongStanding { standing: Standing::Disputed, until_ms: found.until_ms });
        }
        let held = found.held();
        let left = held.checked_sub(units).ok_or(MerchantError::RefundTooLarge { left: held })?;
        found.refunded += units;
        self.stand(payment, &mut found, Standing::Resolved);
        let (here, merchant) = (env::self_address(), self.found(found.merchant)?);
        Refunded { payment, units, restocked: 0 }.emit();
        found.asset.transfer(here, found.payer, units)?;
        Ok(found.asset.transfer(here, merchant.payout, left)?)
    }

    /// Hands units that were held to the merchant when their time is over; anybody.
    pub fn release(&mut self, payment: u64) -> Result<(), MerchantError> {
        let mut found = self.payment(payment).ok_or(MerchantError::NoPayment { payment })?;
        let waits = matches!(found.standing, Standing::Held | Standing::Disputed);
        if !waits || env::block_time_ms() < found.until_ms {
            return Err(MerchantError::WrongStanding { standing: found.standing, until_ms: found.until_ms });
        }
        let units = found.held();
        self.stand(payment, &mut found, Standing::Paid);
        let payout = self.found(found.merchant)?.payout;
        Ok(found.asset.transfer(env::self_address(), payout, units)?)
    }

    /// Proposes another operator, or takes the proposal back; the operator.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), MerchantError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), MerchantError> {
        Ok(self.roles.accept_admin()?)
    }

    fn known(&self) -> Result<Terms, MerchantError> {
        self.terms.get().ok_or(MerchantError::BadTerms)
    }

    fn found(&self, merchant: u64) -> Result<Merchant, MerchantError> {
        self.merchant(merchant).ok_or(MerchantError::NoMerchant { merchant })
    }

    fn owned(&self, merchant: u64) -> Result<Merchant, MerchantError> {
        let found = self.found(merchant)?;
        env::require_auth(&found.owner);
        Ok(found)
    }

    fn change(&mut self, merchant: u64, now: &Merchant) {
        self.merchants.set(&merchant, now);
        MerchantChanged { merchant, now: *now }.emit();
    }
}
