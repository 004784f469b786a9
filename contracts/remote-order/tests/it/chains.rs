//! Two chains, each with a light client of the other, and validators that make their states final.

use counterpart_ledger::{
    Certificate, ChainId, ChainProof, EntryProof, Finality, Hash, Header, Height, LightClient, Phase, SecretKey,
    StateTrie, Statement, ValidatorSet, encode,
};
use counterpart_sdk::Address;
use counterpart_testing::{Account, Chain, Failure, Mode, Subject};
use light_client::{LightClientRef, native_lightclient};
use remote_desk::{DeskError, Fulfilment, OrderId, RemoteDeskRef, RemoteOrder, native_remotedesk};
use remote_order::{OrderError, RemoteOrdersRef, native_remoteorders};
use token::{TokenRef, native_token};
use trading::Asset;

pub const RESCUE_MS: u64 = 1_000_000;
pub const UNITS: u128 = 1_000;

/// A chain with the validators that sign for it.
pub struct Side {
    pub chain: Chain,
    id: ChainId,
    keys: Vec<SecretKey>,
    pub token: TokenRef,
    pub client: LightClientRef,
}

impl Side {
    fn set(&self) -> ValidatorSet {
        set(&self.keys)
    }

    /// A proof of an entry, or of its absence, in the state as it is now, in a block with the chain's present time.
    pub fn prove(&self, key: &[u8]) -> Vec<u8> {
        self.prove_as_of(key, self.chain.time_ms(), 0)
    }

    /// The same, of a block with another time; `fork` makes another block of the same height.
    pub fn prove_as_of(&self, key: &[u8], time_ms: u64, fork: u8) -> Vec<u8> {
        let state = self.chain.state().clone();
        let value = state.get(key).cloned();
        let trie = StateTrie::from_entries(state);
        let header = |height, parent, parent_state_root, time_ms| Header {
            chain: self.id,
            height: Height(height),
            view: height,
            parent,
            time_ms,
            proposer: 0,
            profile: Hash([fork; 32]),
            validator_set: self.set().hash(),
            transactions_root: Hash::ZERO,
            parent_state_root,
            parent_receipts_root: Hash::ZERO,
            parent_events_root: Hash::ZERO,
        };
        let height = self.chain.height().0;
        let block = header(height, Hash::ZERO, Hash::ZERO, time_ms);
        let next = header(height + 1, block.hash(), trie.root(), time_ms + 1);
        let finality = Finality { approval: self.approval(&next), header: next };
        encode(&ChainProof::Entry(EntryProof { finality, block, key: key.to_vec(), value, proof: trie.prove(key) }))
    }

    /// That a block is final, in the words of a light client.
    pub fn finality(&self, fork: u8) -> Vec<u8> {
        let ChainProof::Entry(proof) =
            counterpart_ledger::decode("proof", &self.prove_as_of(b"nothing", 5, fork)).expect("own")
        else {
            panic!("an entry was proved")
        };
        encode(&ChainProof::Finality(proof.finality))
    }

    fn approval(&self, header: &Header) -> Certificate {
        let statement =
            Statement { chain: self.id, epoch: 0, phase: Phase::Final, view: header.view, block: header.hash() };
        let signatures = (0..).zip(&self.keys).map(|(index, key)| statement.sign(index, key)).collect();
        Certificate { statement, signatures }
    }
}

fn set(keys: &[SecretKey]) -> ValidatorSet {
    ValidatorSet { epoch: 0, members: keys.iter().map(SecretKey::public_key).collect(), quorum: 3 }
}

/// The order's chain and the desk's.
pub struct Chains {
    pub a: Side,
    pub b: Side,
    pub orders: RemoteOrdersRef,
    pub desk: RemoteDeskRef,
    pub maker: Account,
    pub solver: Account,
}

impl Chains {
    pub fn new(mode: Mode) -> Self {
        let keys = |first: u8| (first..first + 4).map(|seed| SecretKey::from_seed([seed; 32])).collect::<Vec<_>>();
        let (a_keys, b_keys) = (keys(1), keys(11));
        let side = |id: u64, own: &[SecretKey], other: (u64, &[SecretKey])| {
            let mut chain = Chain::numbered(mode, id);
            let [maker, solver] = ["maker", "solver"].map(|name| chain.account(name));
            let subject = Subject::new("token", native_token());
            let token =
                chain.deploy(&maker, &subject, TokenRef::new("Acorn".into(), "ACN".into(), 0)).expect("deployed");
            let token = TokenRef::at(token);
            for account in [&maker, &solver] {
                chain.call(&maker, token.mint(account.address, UNITS)).expect("minted");
            }
            let trusted = LightClient::trusting(ChainId(other.0), set(other.1)).to_bytes();
            let subject = Subject::new("light-client", native_lightclient());
            let client = chain.deploy(&maker, &subject, LightClientRef::new(trusted, 4, 1)).expect("deployed");
            Side { chain, id: ChainId(id), keys: own.to_vec(), token, client: LightClientRef::at(client) }
        };
        let mut a = side(21, &a_keys, (22, &b_keys));
        let mut b = side(22, &b_keys, (21, &a_keys));
        let [maker, solver] = ["maker", "solver"].map(Account::named);
        let subject = Subject::new("remote-order", native_remoteorders());
        let orders = a.chain.deploy(&maker, &subject, RemoteOrdersRef::new(a.client.address, RESCUE_MS));
        let subject = Subject::new("remote-desk", native_remotedesk());
        let desk = b.chain.deploy(&maker, &subject, RemoteDeskRef::new(b.client.address));
        let orders = RemoteOrdersRef::at(orders.expect("deployed"));
        let desk = RemoteDeskRef::at(desk.expect("deployed"));
        Self { a, b, orders, desk, maker, solver }
    }

    pub fn order(&self) -> RemoteOrder {
        RemoteOrder {
            maker: self.maker.address,
            sell: Asset::Token(self.a.token.address),
            units: 300,
            desk_chain: 22,
            desk: self.desk.address,
            buy: Asset::Token(self.b.token.address),
            min_buy: 200,
            receiver: self.maker.address,
            deadline_ms: self.b.chain.time_ms() + 100_000,
        }
    }

    pub fn id(&self, order: u64) -> OrderId {
        OrderId { chain: 21, contract: self.orders.address, order }
    }

    pub fn lock(&mut self, order: RemoteOrder) -> Result<u64, Failure<OrderError>> {
        let maker = self.maker.clone();
        let lock = self.orders.lock(order);
        self.a.chain.call_consenting(&maker, lock)
    }

    pub fn fulfil(&mut self, order: u64, proof: Vec<u8>) -> Result<Fulfilment, Failure<DeskError>> {
        let (solver, id) = (self.solver.clone(), self.id(order));
        let fulfil = self.desk.fulfil(solver.address, id, proof, solver.address, None);
        self.b.chain.call_consenting(&solver, fulfil)
    }

    /// Proof of chain A's state that an order is locked.
    pub fn locked(&self, order: u64) -> Vec<u8> {
        self.a.prove(&remote_desk::locked_key(&self.id(order)))
    }

    /// Proof of chain B's state that an order is fulfilled, or is not.
    pub fn fulfilled(&self, order: u64) -> Vec<u8> {
        self.b.prove(&remote_desk::fulfilled_key(&self.desk.address, &self.id(order)))
    }

    /// Units of maker and solver on both chains: A's, then B's.
    pub fn held(&self) -> [u128; 4] {
        let of = |side: &Side, who: Address| side.chain.query(side.token.balance_of(who)).expect("answered");
        [
            of(&self.a, self.maker.address),
            of(&self.a, self.solver.address),
            of(&self.b, self.maker.address),
            of(&self.b, self.solver.address),
        ]
    }
}
