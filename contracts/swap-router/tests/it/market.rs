//! Apples and pears at three exchanges, with a router in front of them.

use book_handler::{BookHandlerRef, native_bookhandler};
use counterpart_sdk::codec::Encode;
use counterpart_sdk::{Address, Constructor, NativeContract};
use counterpart_testing::{Account, Chain, Failure, Subject};
use liquidity_pool::{LiquidityPoolRef, Terms, native_liquiditypool};
use order_book::{Force, Market as Book, NewOrder, OrderBookRef, SelfTrade, Side, native_orderbook};
use order_handler::{OrderHandlerRef, Signed, native_orderhandler};
use pool_handler::{PoolHandlerRef, native_poolhandler};
use signed_orders::{SignedOrder, SignedOrdersRef, native_signedorders};
use swap_router::{Collection, Hop, Outcome, Route, RouterError, SwapRouterRef, Trade, native_swaprouter};
use token::{TokenRef, native_token};
use trading::{Asset, Kind};
use transfer_proxy::{TransferProxyRef, native_transferproxy};

pub const PLENTY: u128 = 1_000_000_000;
pub const DELAY_MS: u64 = 60_000;

pub struct Market {
    pub router: SwapRouterRef,
    pub proxy: TransferProxyRef,
    pub pool: LiquidityPoolRef,
    pub book: OrderBookRef,
    pub orders: SignedOrdersRef,
    pub handlers: [Address; 3],
    /// Apples, pears, plums.
    pub fruit: [TokenRef; 3],
    pub owner: Account,
    pub maker: Account,
    pub alice: Account,
    pub partner: Account,
}

pub fn deploy(
    chain: &mut Chain,
    owner: &Account,
    name: &'static str,
    code: NativeContract,
    with: Constructor,
) -> Address {
    chain.deploy(owner, &Subject::new(name, code), with).unwrap_or_else(|outcome| panic!("{name}: {outcome:?}"))
}

pub fn apples(market: &Market) -> Asset {
    Asset::Token(market.fruit[0].address)
}

pub fn pears(market: &Market) -> Asset {
    Asset::Token(market.fruit[1].address)
}

impl Market {
    pub fn new(chain: &mut Chain) -> Self {
        let [owner, maker, alice, partner] = ["owner", "maker", "alice", "partner"].map(|name| chain.account(name));
        let fruit = ["APL", "PER", "PLM"].map(|name| {
            let token = TokenRef::at(deploy(
                chain,
                &owner,
                "token",
                native_token(),
                TokenRef::new(name.into(), name.into(), 0),
            ));
            for account in [&maker, &alice] {
                chain.call(&owner, token.mint(account.address, PLENTY)).expect("minted");
            }
            token
        });
        let [one, other] = [0, 1].map(|index: usize| Asset::Token(fruit[index].address));
        let terms = Terms { one, other, fee_ppm: 3_000 };
        let pool = deploy(chain, &owner, "liquidity-pool", native_liquiditypool(), LiquidityPoolRef::new(terms));
        let book = Book {
            base: one,
            quote: other,
            lot: 10,
            tick: 1,
            taker_ppm: 500,
            maker_ppm: 0,
            max_resting: 100,
            admin_delay_ms: 0,
        };
        let book = deploy(chain, &owner, "order-book", native_orderbook(), OrderBookRef::new(book));
        let orders = deploy(chain, &owner, "signed-orders", native_signedorders(), SignedOrdersRef::new());
        let handlers = [
            deploy(chain, &owner, "pool-handler", native_poolhandler(), PoolHandlerRef::new()),
            deploy(chain, &owner, "book-handler", native_bookhandler(), BookHandlerRef::new()),
            deploy(chain, &owner, "order-handler", native_orderhandler(), OrderHandlerRef::new()),
        ];
        let proxy = deploy(chain, &owner, "transfer-proxy", native_transferproxy(), TransferProxyRef::new(DELAY_MS));
        let router = deploy(chain, &owner, "swap-router", native_swaprouter(), SwapRouterRef::new(proxy, DELAY_MS));
        let (router, proxy) = (SwapRouterRef::at(router), TransferProxyRef::at(proxy));
        chain.call(&owner, proxy.propose_router(Some(router.address))).expect("proposed");
        chain.call(&alice, proxy.change_router()).expect("the first at once");
        for handler in handlers {
            chain.call(&owner, router.set_handler(handler, true)).expect("admitted");
        }
        chain.advance_ms(DELAY_MS);
        let (pool, book, orders) = (LiquidityPoolRef::at(pool), OrderBookRef::at(book), SignedOrdersRef::at(orders));
        let market = Self { router, proxy, pool, book, orders, handlers, fruit, owner, maker, alice, partner };
        market.stock(chain);
        market
    }

    /// The pool has two pears for an apple, and so do the book, in steps, and the maker's signed orders.
    fn stock(&self, chain: &mut Chain) {
        let maker = &self.maker;
        let add = self.pool.add(maker.address, 1_000_000, 2_000_000, 1, u64::MAX);
        chain.call_with(maker, &[maker], add).expect("filled");
        for asset in [apples(self), pears(self)] {
            let deposit = self.book.deposit(maker.address, asset, PLENTY / 4);
            chain.call_with(maker, &[maker], deposit).expect("brought");
        }
        for (side, price, lots) in
            [(Side::Buy, 20, 300), (Side::Buy, 19, 900), (Side::Sell, 21, 300), (Side::Sell, 22, 900)]
        {
            let order = NewOrder {
                side,
                price: Some(price),
                lots,
                budget: None,
                force: Force::Rest,
                self_trade: SelfTrade::CancelTaking,
                expires_ms: None,
            };
            chain.call(maker, self.book.place(maker.address, order)).expect("rests");
        }
        for fruit in &self.fruit {
            chain.call(maker, fruit.approve(maker.address, self.orders.address, PLENTY)).expect("allowed");
            chain.call(&self.alice, fruit.approve(self.alice.address, self.proxy.address, PLENTY)).expect("allowed");
        }
    }

    /// The maker sells so many of one for so many of another; signed.
    pub fn signed(&self, chain: &Chain, sell: (Asset, u128), buy: (Asset, u128), salt: u64) -> Signed {
        let order = SignedOrder::at_price(self.maker.public_key(), sell, buy, salt);
        let digest = chain.query(self.orders.digest(order)).expect("answered");
        Signed { contract: self.orders.address, order, signature: self.maker.sign(&digest.0) }
    }

    pub fn by_pool(&self, buy: Asset) -> Hop {
        Hop { handler: self.handlers[0], buy, data: self.pool.address.0.to_vec() }
    }

    pub fn by_book(&self, buy: Asset) -> Hop {
        Hop { handler: self.handlers[1], buy, data: self.book.address.0.to_vec() }
    }

    pub fn by_order(&self, buy: Asset, signed: &Signed) -> Hop {
        Hop { handler: self.handlers[2], buy, data: signed.encode() }
    }

    pub fn collection(&self, trades: Vec<Trade>) -> Collection {
        Collection {
            account: self.alice.address,
            receiver: self.alice.address,
            deadline_ms: u64::MAX,
            partner: None,
            max_fee_ppm: 0,
            trades,
        }
    }

    /// Trades as alice; what was quoted before is what is done, and the router keeps nothing.
    pub fn swap(&self, chain: &mut Chain, collection: Collection) -> Result<Vec<Outcome>, Failure<RouterError>> {
        let quote = chain.query(self.router.quote(collection.clone()));
        let before = self.all(chain);
        let done = chain.call(&self.alice, self.router.swap_collection(collection));
        if let (Ok(quote), Ok(done)) = (&quote, &done) {
            assert_eq!(quote, done, "a quote is what is done");
        }
        assert_eq!(quote.is_ok(), done.is_ok(), "{quote:?} {done:?}");
        assert_eq!(self.all(chain), before, "nothing comes from nowhere");
        self.empty(chain);
        done
    }

    /// T1: neither the router, nor the proxy, nor a handler holds anything.
    pub fn empty(&self, chain: &Chain) {
        for fruit in &self.fruit {
            for address in self.handlers.iter().chain([&self.router.address, &self.proxy.address]) {
                assert_eq!(chain.query(fruit.balance_of(*address)), Ok(0));
            }
        }
    }

    /// Units of each fruit that everybody holds together (T2).
    fn all(&self, chain: &Chain) -> [u128; 3] {
        let accounts = [&self.maker, &self.alice, &self.partner, &self.owner].map(|account| account.address);
        let venues = [self.pool.address, self.book.address, self.orders.address];
        [0, 1, 2].map(|index: usize| {
            let held = |address| chain.query(self.fruit[index].balance_of(address)).expect("answered");
            accounts.into_iter().chain(venues).map(held).sum()
        })
    }

    pub fn held(&self, chain: &Chain, of: &Account) -> [u128; 3] {
        [0, 1, 2].map(|index: usize| chain.query(self.fruit[index].balance_of(of.address)).expect("answered"))
    }
}

pub fn route(units: u128, hops: Vec<Hop>) -> Route {
    Route { units, optional: false, hops }
}

pub fn trade(sell: Asset, buy: Asset, kind: Kind, routes: Vec<Route>) -> Trade {
    Trade { sell, buy, kind, partial: false, even_ppm: None, routes }
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<RouterError>>) -> RouterError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
