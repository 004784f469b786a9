//! A bakery and a bookshop, whose operator takes two percent.

use counterpart_sdk::Hash;
use counterpart_testing::{Account, Chain, Failure, Subject};
use merchants::{Intent, MerchantError, MerchantsRef, Product, Terms, native_merchants};
use token::{TokenRef, native_token};
use trading::Asset;

pub const PLENTY: u128 = 1_000_000;
pub const DISPUTE_MS: u64 = 600_000;
pub const RESOLVE_MS: u64 = 900_000;
pub const RECOVERY_MS: u64 = 1_200_000;
pub const BAKERY: u64 = 0;
pub const BOOKSHOP: u64 = 1;

pub struct Setting {
    pub merchants: MerchantsRef,
    pub money: TokenRef,
    pub operator: Account,
    pub baker: Account,
    pub bookseller: Account,
    pub cashier: Account,
    pub arbiter: Account,
    pub alice: Account,
    pub bob: Account,
}

impl Setting {
    pub fn new(chain: &mut Chain, dispute_ms: u64) -> Self {
        let [operator, baker, bookseller, cashier, arbiter, alice, bob] =
            ["operator", "baker", "bookseller", "cashier", "arbiter", "alice", "bob"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&operator, &subject, TokenRef::new("Money".into(), "MNY".into(), 2));
        let money = TokenRef::at(money.expect("deployed"));
        for account in [&alice, &bob] {
            chain.call(&operator, money.mint(account.address, PLENTY)).expect("minted");
        }
        let terms = Terms {
            fee_ppm: 20_000,
            fee_to: operator.address,
            arbiter: arbiter.address,
            dispute_ms,
            resolve_ms: RESOLVE_MS,
            recovery_ms: RECOVERY_MS,
            admin_delay_ms: 0,
        };
        let subject = Subject::new("merchants", native_merchants());
        let merchants = chain.deploy(&operator, &subject, MerchantsRef::new(terms)).expect("deployed");
        let merchants = MerchantsRef::at(merchants);
        let setting = Self { merchants, money, operator, baker, bookseller, cashier, arbiter, alice, bob };
        for owner in [&setting.baker, &setting.bookseller] {
            let register = merchants.register(owner.address, owner.address, 7, Hash([1; 32]));
            chain.call(&setting.operator, register).expect("registered");
        }
        setting.offer(chain, BAKERY, "bread", 450, Some(10)).expect("offered");
        setting.offer(chain, BOOKSHOP, "atlas", 3_999, None).expect("offered");
        setting
    }

    pub fn asset(&self) -> Asset {
        Asset::Token(self.money.address)
    }

    pub fn owner(&self, merchant: u64) -> &Account {
        if merchant == BAKERY { &self.baker } else { &self.bookseller }
    }

    pub fn product(&self, price: u128, stock: Option<u64>) -> Product {
        Product { name: "Good".into(), image: Hash([2; 32]), asset: self.asset(), price, stock, listed: true }
    }

    pub fn offer(
        &self,
        chain: &mut Chain,
        merchant: u64,
        sku: &str,
        price: u128,
        stock: Option<u64>,
    ) -> Result<u32, Failure<MerchantError>> {
        let set = self.merchants.set_product(merchant, sku.into(), self.product(price, stock));
        chain.call(self.owner(merchant), set)
    }

    /// So many loaves at the first price.
    pub fn bread(&self, quantity: u64, nonce: u64) -> Intent {
        Intent {
            payer: self.alice.address,
            merchant: BAKERY,
            sku: "bread".into(),
            quantity,
            version: 1,
            max_amount: PLENTY,
            deadline_ms: u64::MAX,
            nonce,
            invoice: None,
        }
    }

    pub fn pay(&self, chain: &mut Chain, intent: Intent) -> Result<u64, Failure<MerchantError>> {
        let payer = if intent.payer == self.bob.address { &self.bob } else { &self.alice };
        chain.call_consenting(payer, self.merchants.pay(intent))
    }

    pub fn held(&self, chain: &Chain, who: &Account) -> u128 {
        chain.query(self.money.balance_of(who.address)).expect("answered")
    }

    pub fn in_contract(&self, chain: &Chain) -> u128 {
        chain.query(self.money.balance_of(self.merchants.address)).expect("answered")
    }

    pub fn stock(&self, chain: &Chain) -> Option<u64> {
        chain.query(self.merchants.product(BAKERY, "bread".into())).expect("answered")?.product.stock
    }
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<MerchantError>>) -> MerchantError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
