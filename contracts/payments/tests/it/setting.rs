//! A payer with a wallet, a voucher and a card, and a merchant.

use card_provider::{CardProviderRef, Report, native_cardprovider};
use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account, Chain, Failure, Subject};
use instruments::{Failure as Refusal, InstrumentKind};
use payments::{
    Instrument, Leg, LegStatus, Payment, PaymentError, PaymentStatus, PaymentsRef, Request, Strategy, Terms,
    native_payments,
};
use prepaid_provider::{PrepaidProviderRef, native_prepaidprovider};
use token::{TokenRef, native_token};
use trading::Asset;
use wallet_provider::{WalletProviderRef, native_walletprovider};

pub const PLENTY: u128 = 100_000;
pub const ANSWER_MS: u64 = 60_000;
pub const COOL_MS: u64 = 300_000;
pub const HOUR_MS: u64 = 3_600_000;
pub const VOUCHER: Hash = Hash([0x51; 32]);
pub const CARD: Hash = Hash([0x61; 32]);

pub struct Setting {
    pub payments: PaymentsRef,
    pub money: TokenRef,
    pub wallet: WalletProviderRef,
    pub prepaid: PrepaidProviderRef,
    pub card: CardProviderRef,
    pub operator: Account,
    pub issuer: Account,
    pub payer: Account,
    pub merchant: Account,
    pub rates: Account,
}

pub fn terms(setting_rates: &Account, fee_to: Address) -> Terms {
    Terms {
        fee_ppm: 10_000,
        fee_to,
        answer_ms: ANSWER_MS,
        max_failures: 3,
        cool_ms: COOL_MS,
        rates_key: setting_rates.public_key(),
        max_slippage_ppm: 20_000,
        admin_delay_ms: 0,
    }
}

impl Setting {
    /// The payer has so much on its voucher, and so much in its wallet; the card's provider has plenty.
    pub fn new(chain: &mut Chain, on_voucher: u128, in_wallet: u128) -> Self {
        let [operator, issuer, payer, merchant, rates] =
            ["operator", "issuer", "payer", "merchant", "rates"].map(|name| chain.account(name));
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&operator, &subject, TokenRef::new("Money".into(), "MNY".into(), 2));
        let money = TokenRef::at(money.expect("deployed"));
        for (account, units) in [(&issuer, PLENTY), (&payer, in_wallet.max(1)), (&merchant, PLENTY)] {
            chain.call(&operator, money.mint(account.address, units)).expect("minted");
        }
        let subject = Subject::new("payments", native_payments());
        let payments = chain.deploy(&operator, &subject, PaymentsRef::new(terms(&rates, operator.address)));
        let payments = PaymentsRef::at(payments.expect("deployed"));
        let asset = Asset::Token(money.address);
        let charger = payments.address;
        let subject = Subject::new("wallet-provider", native_walletprovider());
        let wallet = chain.deploy(&issuer, &subject, WalletProviderRef::new(charger, asset)).expect("deployed");
        let subject = Subject::new("prepaid-provider", native_prepaidprovider());
        let prepaid = chain.deploy(&issuer, &subject, PrepaidProviderRef::new(charger, asset)).expect("deployed");
        let subject = Subject::new("card-provider", native_cardprovider());
        let card = chain.deploy(&issuer, &subject, CardProviderRef::new(charger, asset)).expect("deployed");
        let (wallet, prepaid) = (WalletProviderRef::at(wallet), PrepaidProviderRef::at(prepaid));
        let card = CardProviderRef::at(card);
        for (provider, fee_ppm) in [(wallet.address, 0), (prepaid.address, 5_000), (card.address, 15_000)] {
            chain.call(&operator, payments.set_provider(provider, Some(fee_ppm))).expect("admitted");
        }
        if on_voucher > 0 {
            let load = prepaid.load(VOUCHER, payer.address, on_voucher, u64::MAX);
            chain.call_consenting(&issuer, load).expect("loaded");
        }
        chain.call_consenting(&issuer, card.deposit(PLENTY / 2)).expect("the float");
        chain.call(&payer, money.approve(payer.address, wallet.address, u128::MAX)).expect("allowed");
        Self { payments, money, wallet, prepaid, card, operator, issuer, payer, merchant, rates }
    }

    pub fn asset(&self) -> Asset {
        Asset::Token(self.money.address)
    }

    pub fn instrument(&self, provider: Address, token: Hash, kind: InstrumentKind, priority: u32) -> Instrument {
        let (max_leg, limit, merchant) = (None, None, None);
        Instrument { provider, token, kind, priority, max_leg, limit, expires_ms: u64::MAX, merchant }
    }

    pub fn link(&self, chain: &mut Chain, instrument: Instrument) -> u32 {
        chain.call(&self.payer, self.payments.link(self.payer.address, instrument)).expect("linked")
    }

    /// Links voucher, card and wallet, in this order.
    pub fn link_all(&self, chain: &mut Chain) -> [u32; 3] {
        [
            (self.prepaid.address, VOUCHER, InstrumentKind::Prepaid),
            (self.card.address, CARD, InstrumentKind::Card),
            (self.wallet.address, Hash::ZERO, InstrumentKind::Wallet),
        ]
        .map(|(provider, token, kind)| {
            let number = chain.receipts().len() as u32;
            self.link(chain, self.instrument(provider, token, kind, number))
        })
    }

    pub fn request(&self, chain: &Chain, id: u8, amount: u128) -> Request {
        Request {
            id: Hash([id; 32]),
            payer: self.payer.address,
            merchant: self.merchant.address,
            asset: self.asset(),
            amount,
            parts: Vec::new(),
            strategy: Strategy::Priority,
            fall_over: true,
            apps: Vec::new(),
            max_legs: 8,
            deadline_ms: chain.time_ms() + HOUR_MS,
            exchanges: Vec::new(),
        }
    }

    pub fn pay(&self, chain: &mut Chain, request: Request) -> Result<u64, Failure<PaymentError>> {
        chain.call(&self.payer, self.payments.pay(request))
    }

    pub fn found(&self, chain: &Chain, payment: u64) -> Payment {
        chain.query(self.payments.payment(payment)).expect("answered").expect("there")
    }

    pub fn status(&self, chain: &Chain, payment: u64) -> PaymentStatus {
        self.found(chain, payment).status
    }

    pub fn legs(&self, chain: &Chain, payment: u64) -> Vec<(Address, u128, LegStatus)> {
        self.found(chain, payment).legs.iter().map(|leg: &Leg| (leg.provider, leg.units, leg.status)).collect()
    }

    pub fn hold(&self, chain: &Chain, payment: u64, leg: u32) -> Hash {
        chain.query(self.payments.hold_id(payment, leg)).expect("answered")
    }

    /// What the card's provider says of a leg.
    pub fn report(&self, chain: &mut Chain, payment: u64, leg: u32, report: Report) {
        let id = self.hold(chain, payment, leg);
        chain.call(&self.issuer, self.card.report(id, report)).expect("the operator reports");
    }

    pub fn held(&self, chain: &Chain, who: Address) -> u128 {
        chain.query(self.money.balance_of(who)).expect("answered")
    }
}

pub fn failed(refusal: Refusal) -> LegStatus {
    LegStatus::Failed(refusal)
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<PaymentError>>) -> PaymentError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
