//! Payments over several instruments, with vouchers among them: what a payer turns into units of its own account before it spends
//! them elsewhere in the same transaction.

use super::kit::{HOUR_MS, account};
use crate::stage::{Contract, Stage, hex, now_ms, number};
use counterpart_client::Signer;
use counterpart_ledger::Action;
use serde_json::{Value, json};

/// The contracts, and the vouchers that were loaded.
pub struct Vouchers {
    pub payments: Contract,
    pub provider: Contract,
    asset: Value,
}

/// A number in the place of a token or an id.
pub fn token_of(number: u8) -> [u8; 32] {
    [number; 32]
}

impl Vouchers {
    /// Deploys payments and a provider of vouchers; `rates` is the key whose exchange rates count.
    pub fn open(stage: &mut Stage<'_>, operator: &Signer, asset: &Value, rates: &[u8; 32]) -> anyhow::Result<Self> {
        let terms = json!({
            "fee_ppm": 0, "fee_to": account(operator), "answer_ms": HOUR_MS, "max_failures": 5, "cool_ms": HOUR_MS,
            "rates_key": hex(rates), "max_slippage_ppm": 20_000, "admin_delay_ms": 0,
        });
        let payments = stage.deploy("Deploy payments", operator, "payments", "new", json!({ "terms": terms }))?;
        let arguments = json!({ "charger": payments.address.to_string(), "asset": asset });
        let provider =
            stage.deploy("Deploy the provider of vouchers", operator, "prepaid-provider", "new", arguments)?;
        let this = Self { payments, provider, asset: asset.clone() };
        stage.act("Admit it", &[(operator, vec![this.admit(&this.provider)?])])?;
        Ok(this)
    }

    /// The action of letting a provider charge for payments.
    pub fn admit(&self, provider: &Contract) -> anyhow::Result<Action> {
        let arguments = json!({ "provider": provider.address.to_string(), "fee_ppm": 0 });
        self.payments.call("set_provider", arguments)
    }

    /// Loads vouchers for a payer, who links them in this order.
    pub fn load(
        &self,
        stage: &mut Stage<'_>,
        (issuer, payer): (&Signer, &Signer),
        units: &[u64],
    ) -> anyhow::Result<()> {
        let (mut loads, mut links) = (Vec::new(), Vec::new());
        for (number, units) in (1..).zip(units) {
            let load = json!({
                "token": hex(&token_of(number)), "owner": account(payer), "units": units,
                "expires_ms": u64::MAX.to_string(),
            });
            loads.push(self.provider.call("load", load)?);
            links.push(self.link(payer, &self.provider, (number, "Prepaid"))?);
        }
        stage.act("The issuer loads vouchers", &[(issuer, loads)])?;
        stage.act("The payer links them", &[(payer, links)])
    }

    /// The action of linking an instrument; its number says how early it is charged.
    pub fn link(&self, payer: &Signer, provider: &Contract, (number, kind): (u8, &str)) -> anyhow::Result<Action> {
        let instrument = json!({
            "provider": provider.address.to_string(), "token": hex(&token_of(number)), "kind": kind,
            "priority": u32::from(number) + 1, "max_leg": null, "limit": null, "expires_ms": u64::MAX.to_string(),
            "merchant": null,
        });
        self.payments.call("link", json!({ "payer": account(payer), "instrument": instrument }))
    }

    /// The action of turning instruments into units of the payer's own account.
    pub fn pay(&self, payer: &Signer, id: u8, amount: u64) -> anyhow::Result<Action> {
        self.pay_with(payer, (id, amount), &[])
    }

    /// The same with exchanges for instruments of other assets.
    pub fn pay_with(&self, payer: &Signer, (id, amount): (u8, u64), exchanges: &[Value]) -> anyhow::Result<Action> {
        let who = account(payer);
        let request = json!({
            "id": hex(&token_of(id)), "payer": who, "merchant": who, "asset": self.asset, "amount": amount, "parts": [],
            "strategy": "Priority", "fall_over": true, "apps": [], "max_legs": 3, "deadline_ms": now_ms() + 20 * HOUR_MS,
            "exchanges": exchanges,
        });
        self.payments.call("pay", json!({ "request": request }))
    }

    /// Units on the first two vouchers; one that was never loaded holds none.
    pub fn left(&self, stage: &Stage<'_>) -> anyhow::Result<u64> {
        let left = |voucher: u8| {
            let card = stage.ask(&self.provider, "card", json!({ "token": hex(&token_of(voucher)) }))?;
            if card.is_null() { Ok(0) } else { number(&card["units"]) }
        };
        Ok(left(1)? + left(2)?)
    }

    /// Where units may be.
    pub fn contracts(&self) -> Vec<&Contract> {
        vec![&self.payments, &self.provider]
    }
}
