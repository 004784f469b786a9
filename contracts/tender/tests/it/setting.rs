//! A borrower who asks for a thousand, and lenders.

use counterpart_sdk::Hash;
use counterpart_sealing::Sealed;
use counterpart_sealing::SecretKey;
use counterpart_sealing::tender::{Opening, Place, SealedParameter, open_parameter, seal_parameter};
use counterpart_testing::{Account, Chain, Failure, Subject};
use sealing_referee::{SealingRefereeRef, native_sealingreferee};
use tender::{Opened, Phase, Response, Selection, Status, TenderError, TendersRef, Terms, native_tenders};
use token::{TokenRef, native_token};
use trading::Asset;

pub const PLENTY: u128 = 1_000_000;
pub const BORROWER_BOND: u128 = 50;
pub const LENDER_BOND: u128 = 7;

pub struct Setting {
    pub tenders: TendersRef,
    pub referee: SealingRefereeRef,
    pub money: TokenRef,
    pub borrower: Account,
    pub lenders: Vec<Account>,
    pub key: SecretKey,
}

pub fn salt(lender: usize) -> [u8; 16] {
    [lender as u8 + 1; 16]
}

pub fn seed(lender: usize) -> [u8; 32] {
    [lender as u8 + 100; 32]
}

impl Setting {
    pub fn new(chain: &mut Chain, lenders: usize) -> Self {
        let borrower = chain.account("borrower");
        let lenders: Vec<_> = (0..lenders).map(|number| chain.account(&format!("lender {number}"))).collect();
        let subject = Subject::new("token", native_token());
        let money = chain.deploy(&borrower, &subject, TokenRef::new("Money".into(), "MNY".into(), 0));
        let money = TokenRef::at(money.expect("deployed"));
        for account in lenders.iter().chain([&borrower]) {
            chain.call(&borrower, money.mint(account.address, PLENTY)).expect("minted");
        }
        let referee = Subject::new("sealing-referee", native_sealingreferee());
        let referee = chain.deploy(&borrower, &referee, SealingRefereeRef::new()).expect("deployed");
        let subject = Subject::new("tender", native_tenders());
        let tenders = TendersRef::at(chain.deploy(&borrower, &subject, TendersRef::new(referee)).expect("deployed"));
        let referee = SealingRefereeRef::at(referee);
        Self { tenders, referee, money, borrower, lenders, key: SecretKey::from_seed(&[42; 32]) }
    }

    pub fn asset(&self) -> Asset {
        Asset::Token(self.money.address)
    }

    pub fn terms(&self, chain: &Chain) -> Terms {
        let now = chain.time_ms();
        Terms {
            initiator: self.borrower.address,
            asset: self.asset(),
            target: 1_000,
            threshold_ppm: 800_000,
            key: self.key.public_key(),
            committee: None,
            lowest_first: true,
            min_parameter: 1,
            max_parameter: 200_000,
            min_partial: 10,
            max_responses: 40,
            close_ms: now + 1_000_000,
            select_ms: now + 2_000_000,
            validate_ms: 100_000,
            max_rounds: 3,
            initiator_bond: BORROWER_BOND,
            responder_bond: LENDER_BOND,
        }
    }

    pub fn open(&self, chain: &mut Chain, terms: Terms) -> Result<u64, Failure<TenderError>> {
        chain.call_consenting(&self.borrower, self.tenders.open(terms))
    }

    pub fn place(&self, tender: u64, lender: usize, partial: u128) -> Place {
        let responder = self.lenders[lender].address.0;
        Place { chain: 1, contract: self.tenders.address.0, tender, responder, partial }
    }

    /// What a lender seals.
    pub fn sealed(&self, tender: u64, lender: usize, partial: u128, parameter: u64) -> SealedParameter {
        let opening = Opening { parameter, salt: salt(lender) };
        seal_parameter(&self.key.public_key(), &self.place(tender, lender, partial), &opening, &seed(lender))
            .expect("a key")
    }

    pub fn respond_with(
        &self,
        chain: &mut Chain,
        tender: u64,
        lender: usize,
        partial: u128,
        sealed: SealedParameter,
    ) -> Result<u32, Failure<TenderError>> {
        let SealedParameter { sealed: Sealed { enc, ciphertext }, commitment } = sealed;
        let who = &self.lenders[lender];
        let message = self.tenders.respond(tender, who.address, partial, enc, ciphertext, Hash(commitment));
        chain.call_consenting(who, message)
    }

    pub fn respond(&self, chain: &mut Chain, tender: u64, lender: usize, partial: u128, parameter: u64) -> u32 {
        let sealed = self.sealed(tender, lender, partial, parameter);
        self.respond_with(chain, tender, lender, partial, sealed).expect("it comes in time")
    }

    /// What the borrower does when the tender has closed: opens all it can, and calls the others invalid.
    pub fn openings(&self, chain: &Chain, tender: u64) -> (Vec<Opened>, Vec<u32>) {
        let (mut opened, mut invalid) = (Vec::new(), Vec::new());
        let found = chain.query(self.tenders.tender(tender)).expect("answered").expect("there");
        for number in 0..found.responses {
            let response = chain.query(self.tenders.response(tender, number)).expect("answered").expect("there");
            if response.status == Status::Locked {
                match self.opening(tender, number, &response) {
                    Some(opening) => opened.push(opening),
                    None => invalid.push(number),
                }
            }
        }
        (opened, invalid)
    }

    fn opening(&self, tender: u64, number: u32, response: &Response) -> Option<Opened> {
        let Response { responder, partial, enc, ciphertext, commitment, .. } = response.clone();
        let place = Place { responder: responder.0, partial, ..self.place(tender, 0, 0) };
        let sealed = SealedParameter { sealed: Sealed { enc, ciphertext }, commitment: commitment.0 };
        let Opening { parameter, salt } = open_parameter(&self.key, &place, &sealed).ok()?;
        (1..=200_000).contains(&parameter).then_some(Opened { response: number, parameter, salt })
    }

    pub fn close(&self, chain: &mut Chain, tender: u64) {
        let close_ms = self.found(chain, tender).0.close_ms;
        chain.advance_ms(close_ms.saturating_sub(chain.time_ms()));
    }

    /// Closes and selects.
    pub fn select(&self, chain: &mut Chain, tender: u64) -> Selection {
        self.close(chain, tender);
        let (opened, invalid) = self.openings(chain, tender);
        chain.call(&self.borrower, self.tenders.select(tender, opened, invalid)).expect("selected")
    }

    pub fn found(&self, chain: &Chain, tender: u64) -> (Terms, Phase, Option<Selection>) {
        let found = chain.query(self.tenders.tender(tender)).expect("answered").expect("there");
        (found.terms, found.phase, found.selection)
    }

    /// Whose response has a number.
    pub fn lender_of(&self, chain: &Chain, tender: u64, response: u32) -> &Account {
        let found = chain.query(self.tenders.response(tender, response)).expect("answered").expect("there");
        self.lenders.iter().find(|lender| lender.address == found.responder).expect("known")
    }

    pub fn validate(&self, chain: &mut Chain, tender: u64, response: u32) -> Result<Phase, Failure<TenderError>> {
        let bundle = self.found(chain, tender).2.map_or(Hash::ZERO, |selection| selection.bundle);
        let lender = self.lender_of(chain, tender, response).clone();
        chain.call(&lender, self.tenders.validate(tender, response, bundle))
    }

    pub fn claim(&self, chain: &mut Chain, who: &Account) -> u128 {
        chain.call(who, self.tenders.claim(who.address, self.asset())).expect("claimed")
    }

    pub fn held(&self, chain: &Chain, who: &Account) -> u128 {
        chain.query(self.money.balance_of(who.address)).expect("answered")
    }

    /// L1: what the contract holds is what it locks and owes.
    pub fn balances(&self, chain: &Chain, tenders: u64) {
        let claims = self
            .lenders
            .iter()
            .chain([&self.borrower])
            .map(|account| chain.query(self.tenders.claim_of(account.address, self.asset())).expect("answered"));
        let mut owed: u128 = claims.sum();
        for number in 0..tenders {
            let found = chain.query(self.tenders.tender(number)).expect("answered").expect("there");
            owed += found.bond;
            for response in 0..found.responses {
                let response = chain.query(self.tenders.response(number, response)).expect("answered").expect("there");
                if matches!(response.status, Status::Locked | Status::Invalid) {
                    owed += response.partial + found.terms.responder_bond;
                }
            }
        }
        assert_eq!(chain.query(self.money.balance_of(self.tenders.address)), Ok(owed));
    }
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<TenderError>>) -> TenderError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
