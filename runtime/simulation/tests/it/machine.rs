//! One step at a time: exactly as many signatures as decide and one fewer, and messages that are not what they seem.

use counterpart_consensus::{Message, Proposal, Record};
use counterpart_execution::Executor;
use counterpart_ledger::{
    Action, Address, Block, Certificate, ChainId, ClientApproval, Gas, Genesis, GenesisAccount, Hash, Height, Phase,
    SecretKey, SignedBy, SignedTransaction, Statement, Transaction, ValidatorSet, account_address,
};
use counterpart_module::Profile;
use counterpart_node::machine::{
    Ledger, Machine, MemoryLedger, Now, Setup, SharedMempool, Timing, To, verify_signature,
};
use counterpart_referee::WasmiEngine;
use std::collections::VecDeque;
use std::sync::Arc;

const CHAIN: ChainId = ChainId(5);
const DELAY_US: u64 = 1_000;

fn key(index: usize) -> SecretKey {
    SecretKey::from_seed([index as u8 + 1; 32])
}

fn transfer(nonce: u64) -> SignedTransaction {
    let sender = SecretKey::from_seed([99; 32]);
    let transaction = Transaction {
        chain: CHAIN,
        sender: sender.public_key(),
        nonce,
        gas_limit: Gas(1_000_000),
        gas_price: 1,
        expires_at: Height(u64::MAX),
        actions: vec![Action::Transfer { to: Address([3; 32]), amount: 1 }],
        authorizations: Vec::new(),
    };
    transaction.sign(&sender)
}

fn setup(ledger: MemoryLedger, index: usize) -> Setup<MemoryLedger> {
    Setup {
        ledger,
        executor: Executor::new(Arc::new(WasmiEngine::new()), Profile::v1()),
        key: key(index),
        records: Vec::new(),
        voted_blocks: Vec::new(),
        signs: true,
        approve_at: 3,
        mempool: SharedMempool::default(),
        timing: Timing { heartbeat_us: u64::MAX / 4, ..Timing::default() },
        verify: verify_signature,
    }
}

/// A replica with what is on its disk, after it ended at once.
fn restarted(
    machine: &Machine<MemoryLedger>,
    records: Vec<Record>,
    voted_blocks: Vec<Block>,
    now: Now,
) -> Machine<MemoryLedger> {
    let index = usize::from(machine.index().expect("a member"));
    let setup = Setup { records, voted_blocks, ..setup(machine.ledger().clone(), index) };
    Machine::new(setup, now).expect("it starts")
}

/// Four replicas of which three are the quorum; messages wait until somebody delivers them.
struct Net {
    machines: Vec<Machine<MemoryLedger>>,
    waiting: VecDeque<(usize, usize, Message)>,
    now: Now,
}

impl Net {
    fn new(approve_at: u16) -> Self {
        let now = Now { us: 1, wall_ms: 1_700_000_000_000 };
        let members = (0..4).map(|index| key(index).public_key()).collect();
        let funded = account_address(&SecretKey::from_seed([99; 32]).public_key());
        let genesis = Arc::new(Genesis {
            chain: CHAIN,
            time_ms: now.wall_ms - 1_000,
            profile: Profile::v1().hash(),
            validators: ValidatorSet { epoch: 0, members, quorum: 3 },
            fee_collector: Address([1; 32]),
            min_gas_price: 1,
            accounts: vec![GenesisAccount { address: funded, balance: 1 << 90 }],
        });
        let machine = |index: usize| {
            let setup = Setup { approve_at, ..setup(MemoryLedger::new(genesis.clone()), index) };
            Machine::new(setup, now).expect("it starts")
        };
        Self { machines: (0..4).map(machine).collect(), waiting: VecDeque::new(), now }
    }

    /// What a node does after each input.
    fn settle(&mut self, index: usize) {
        let machine = &mut self.machines[index];
        while !machine.records().is_empty() {
            machine.release(self.now).expect("it goes on");
        }
        for (to, message) in machine.messages() {
            for other in (0..4).filter(|other| *other != index) {
                let meant = match to {
                    To::All => true,
                    To::One(peer) => peer == key(other).public_key(),
                };
                if meant {
                    self.waiting.push_back((index, other, message.clone()));
                }
            }
        }
    }

    /// A client's transaction, through the leader of the view.
    fn submit(&mut self, index: usize, nonce: u64) {
        let signed = transfer(nonce);
        self.machines[index].take(signed.clone(), self.now.wall_ms).expect("it is valid");
        self.machines[index].submitted(signed, self.now).expect("it goes on");
        self.settle(index);
    }

    fn give(&mut self, from: usize, to: usize, message: Message) {
        self.machines[to].receive(key(from).public_key(), message, self.now).expect("it goes on");
        self.settle(to);
    }

    /// Delivers what passes until nothing more does; the rest is lost.
    fn deliver(&mut self, passes: impl Fn(usize, usize, &Message) -> bool) {
        while let Some((from, to, message)) = self.waiting.pop_front() {
            self.now.us += DELAY_US;
            if passes(from, to, &message) {
                self.give(from, to, message);
            }
        }
    }

    /// Delivers what passes and keeps the rest.
    fn deliver_only(&mut self, passes: impl Fn(usize, usize, &Message) -> bool) {
        let mut kept = VecDeque::new();
        while let Some((from, to, message)) = self.waiting.pop_front() {
            match passes(from, to, &message) {
                true => self.give(from, to, message),
                false => kept.push_back((from, to, message)),
            }
        }
        self.waiting = kept;
    }

    /// Time passes.
    fn pass(&mut self, us: u64) {
        self.now.us += us;
        for index in 0..4 {
            self.machines[index].tick(self.now).expect("it goes on");
            self.settle(index);
        }
    }

    fn heights(&self) -> Vec<u64> {
        self.machines.iter().map(|machine| machine.ledger().head().height.0).collect()
    }

    fn certified(&self) -> Vec<u64> {
        self.machines.iter().map(Machine::certified_view).collect()
    }

    /// The proposal of view 1, which is on its way.
    fn proposal(&self) -> Proposal {
        let found = self.waiting.iter().find_map(|(_, _, message)| match message {
            Message::Proposal(proposal) => Some(Proposal::clone(proposal)),
            _ => None,
        });
        found.expect("a proposal is on its way")
    }
}

fn is_signed(message: &Message, wanted: Phase) -> bool {
    matches!(message, Message::Signed(statement, _) if statement.phase == wanted)
}

#[test]
fn one_vote_fewer_than_the_quorum_certifies_nothing() {
    let mut net = Net::new(3);
    net.submit(1, 0);
    // Replica 0 alone hears the proposal: with the leader's there are two votes.
    net.deliver_only(|_, to, message| !matches!(message, Message::Proposal(_)) || to == 0);
    net.deliver_only(|_, _, message| is_signed(message, Phase::Vote));
    assert_eq!((net.certified(), net.heights()), (vec![0; 4], vec![0; 4]));
    // The third.
    net.deliver_only(|_, to, message| !matches!(message, Message::Proposal(_)) || to == 2);
    net.deliver_only(|_, _, message| is_signed(message, Phase::Vote));
    net.deliver(|_, _, _| true);
    // Replica 3 was told of approvals before it had the blocks: it asks again.
    net.pass(2_000_000);
    net.deliver(|_, _, _| true);
    assert!(net.certified().iter().all(|view| *view >= 1), "{:?}", net.certified());
    assert!(net.heights().iter().all(|height| *height >= 1), "{:?}", net.heights());
}

#[test]
fn a_voter_keeps_the_block_it_voted_for_and_has_it_after_a_restart() {
    let mut net = Net::new(3);
    net.submit(1, 0);
    let (proposal, now) = (net.proposal(), net.now);
    let machine = &mut net.machines[0];
    machine.receive(key(1).public_key(), Message::Proposal(Box::new(proposal.clone())), now).expect("it goes on");
    let (blocks, records) = (machine.voted_blocks(), machine.records());
    assert_eq!(blocks, std::slice::from_ref(&proposal.block), "before its vote leaves");
    assert!(machine.messages().iter().all(|(_, message)| !is_signed(message, Phase::Vote)));
    net.machines[0] = restarted(&net.machines[0], records, blocks, now);
    net.give(3, 0, Message::WantBlock { hash: proposal.block.hash() });
    let answers: Vec<&Message> =
        net.waiting.iter().filter(|(from, _, _)| *from == 0).map(|(_, _, said)| said).collect();
    assert!(answers.contains(&&Message::Block(Box::new(proposal.block))), "{answers:?}");
}

#[test]
fn all_go_on_after_a_restart_in_a_late_view() {
    let mut net = Net::new(3);
    let mut nonce = 0;
    // Far more views than single signatures are counted ahead of.
    while net.certified()[0] < 600 {
        net.submit(1, nonce);
        net.deliver(|_, _, _| true);
        nonce += 1;
    }
    let before = net.heights()[0];
    net.waiting.clear();
    for index in 0..4 {
        net.machines[index] = restarted(&net.machines[index], Vec::new(), Vec::new(), net.now);
    }
    net.submit(1, nonce);
    for _ in 0..20 {
        net.deliver(|_, _, _| true);
        net.pass(1_000_000);
    }
    assert!(net.heights().iter().all(|height| *height > before), "{before}: {:?}", net.heights());
}

#[test]
fn one_final_fewer_than_a_rule_asks_approves_nothing() {
    // A node that executes on all four finals, while the quorum is three.
    let mut net = Net::new(4);
    net.submit(1, 0);
    let of_replica_3 = |message: &Message| matches!(message, Message::Signed(statement, signed) if statement.phase == Phase::Final && signed.signer == 3);
    net.deliver_only(|_, _, message| !of_replica_3(message));
    assert_eq!(net.certified()[..3], [2, 2, 2], "certified, and the block after it with its results");
    // It hears the others, and its own makes four.
    assert_eq!(net.heights()[..3], [0, 0, 0]);
    net.deliver(|_, _, _| true);
    assert!(net.heights().iter().all(|height| *height >= 1), "{:?}", net.heights());
}

#[test]
fn certificates_of_elsewhere_change_nothing() {
    let mut net = Net::new(3);
    net.submit(1, 0);
    let statement = Statement { phase: Phase::Vote, ..net.proposal().statement };
    let signed = |statement: Statement, indices: &[usize], keys: usize| -> Certificate {
        let sign = |index: &usize| statement.sign(*index as u16, &key(*index + keys));
        Certificate { statement, signatures: indices.iter().map(sign).collect() }
    };
    let good = signed(statement, &[0, 1, 2], 0);
    let twice = Certificate { signatures: [0, 0, 1].map(|place| good.signatures[place]).to_vec(), ..good.clone() };
    let moved: Vec<SignedBy> =
        good.signatures.iter().map(|signed| SignedBy { signer: signed.signer + 1, ..*signed }).collect();
    let wrong = [
        ("another chain", signed(Statement { chain: ChainId(6), ..statement }, &[0, 1, 2], 0)),
        (
            "signed for another chain",
            Certificate { statement, ..signed(Statement { chain: ChainId(6), ..statement }, &[0, 1, 2], 0) },
        ),
        ("another epoch", signed(Statement { epoch: 1, ..statement }, &[0, 1, 2], 0)),
        (
            "signed for another epoch",
            Certificate { statement, ..signed(Statement { epoch: 1, ..statement }, &[0, 1, 2], 0) },
        ),
        (
            "signed for another view",
            Certificate { statement, ..signed(Statement { view: 2, ..statement }, &[0, 1, 2], 0) },
        ),
        (
            "finals as votes",
            Certificate { statement, ..signed(Statement { phase: Phase::Final, ..statement }, &[0, 1, 2], 0) },
        ),
        ("other validators", signed(statement, &[0, 1, 2], 10)),
        ("one vote fewer", signed(statement, &[0, 1], 0)),
        ("one vote twice", twice),
        ("not in order", signed(statement, &[1, 0, 2], 0)),
        ("signatures of others", Certificate { statement, signatures: moved }),
        ("a skip of a block", signed(Statement { phase: Phase::Skip, ..statement }, &[0, 1, 2], 0)),
        ("proposals", signed(Statement { phase: Phase::Propose, ..statement }, &[0, 1, 2], 0)),
    ];
    let before = net.machines[0].standing();
    for (what, certificate) in wrong {
        net.give(1, 0, Message::Certificate(certificate));
        let after = net.machines[0].standing();
        assert_eq!((after.view, after.certified_view, after.height), (1, 0, 0), "{what}");
        assert_eq!(after.accused, before.accused, "{what}: nobody is framed");
    }
    net.give(1, 0, Message::Certificate(good));
    assert_eq!(net.certified()[0], 1);
}

#[test]
fn other_transactions_under_a_certified_header_and_blocks_of_far_heights_are_not_kept() {
    let mut net = Net::new(3);
    net.submit(1, 0);
    let good = net.proposal();
    let statement = |block: &Block| Statement { block: block.hash(), ..good.statement };
    let mut others = good.clone();
    others.block.transactions.push(transfer(1));
    assert_eq!(others.block.hash(), good.block.hash(), "the header names the transactions, the hash is the header's");
    let mut far = good.clone();
    far.block.header.height.0 += 1_000;
    far.statement = statement(&far.block);
    far.signed = far.statement.sign(1, &key(1));
    for wrong in [others, far] {
        net.give(1, 0, Message::Proposal(Box::new(wrong.clone())));
        assert_eq!(net.machines[0].standing().waiting_blocks, 0);
        // Nobody asked for it.
        net.give(1, 0, Message::Block(Box::new(wrong.block)));
        assert_eq!(net.machines[0].standing().waiting_blocks, 0);
    }
    // Who is certified is asked for, and what comes under its name is looked at.
    let votes = Statement { phase: Phase::Vote, ..good.statement };
    let signatures = (0..3).map(|index| votes.sign(index, &key(usize::from(index)))).collect();
    net.give(1, 0, Message::Certificate(Certificate { statement: votes, signatures }));
    let mut false_answer = good.block.clone();
    false_answer.transactions.clear();
    net.give(1, 0, Message::Block(Box::new(false_answer)));
    assert_eq!(net.machines[0].standing().waiting_blocks, 0);
    net.give(1, 0, Message::Block(Box::new(good.block)));
    assert_eq!(net.machines[0].standing().waiting_blocks, 1);
}

#[test]
fn a_client_s_approval_is_recorded_once_and_only_for_the_block_that_is_there() {
    let mut net = Net::new(3);
    net.submit(1, 0);
    net.deliver(|_, _, _| true);
    let head = net.machines[0].ledger().head();
    let client = SecretKey::from_seed([50; 32]);
    let approval = |chain, height, block| ClientApproval::sign(&client, chain, height, block, "quorum:0.8".into());
    let good = approval(CHAIN, head.height, head.hash);
    let wrong = [
        approval(ChainId(6), head.height, head.hash),
        approval(CHAIN, Height(head.height.0 + 1), head.hash),
        approval(CHAIN, head.height, Hash([1; 32])),
        ClientApproval { rule: "quorum:0.9".into(), ..good.clone() },
    ];
    for wrong in wrong {
        assert!(!net.machines[0].approve(wrong.clone()).expect("it goes on"), "{wrong:?}");
    }
    assert!(net.machines[0].approve(good.clone()).expect("it goes on"));
    assert!(!net.machines[0].approve(good.clone()).expect("it goes on"), "replayed");
    net.settle(0);
    net.deliver(|_, _, _| true);
    for machine in &net.machines {
        assert_eq!(machine.ledger().client_approvals(head.height), std::slice::from_ref(&good));
    }
}

#[test]
fn an_equivocation_during_the_wait_is_seen_by_who_decides_by_time() {
    let mut net = Net::new(3);
    net.submit(1, 0);
    let proposal = net.proposal();
    let (view, block) = (proposal.statement.view, proposal.statement.block);
    net.deliver(|_, _, _| true);
    let set = net.machines[0].validators().clone();
    let delta_ms = 100;
    let tolerated = |net: &Net, after_ms: u64| {
        let now = Now { us: net.now.us + after_ms * 1_000, ..net.now };
        let sight = net.machines[0].sight(view, &block, now).expect("it forwarded the certificate");
        (sight.elapsed_ms, sight.tolerated(&set, delta_ms))
    };
    let (already, early) = tolerated(&net, 0);
    assert_eq!(early, None);
    assert_eq!(tolerated(&net, 2 * delta_ms - already - 1), (2 * delta_ms - 1, None));
    assert_eq!(tolerated(&net, 2 * delta_ms - already), (2 * delta_ms, Some(2)));
    // Replica 1 voted for another block too, and replica 3 skipped.
    let other = Statement { phase: Phase::Vote, block: Hash([9; 32]), ..proposal.statement };
    net.give(1, 0, Message::Signed(other, other.sign(1, &key(1))));
    assert_eq!(tolerated(&net, 2 * delta_ms).1, Some(1));
    assert_eq!(net.machines[0].standing().accused, [1]);
    let skip = Statement { phase: Phase::Skip, block: Hash::ZERO, ..proposal.statement };
    for index in [2, 3] {
        net.give(index, 0, Message::Signed(skip, skip.sign(index as u16, &key(index))));
    }
    assert_eq!(tolerated(&net, 2 * delta_ms).1, Some(0), "the worse of both counts, not the sum");
}
