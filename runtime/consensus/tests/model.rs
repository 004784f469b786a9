//! Every behaviour of a few honest replicas among liars, over two or three views: the core itself under a model checker.
//!
//! Liars lead every view and have said everything that they can say, so that a certificate exists as soon as enough honest
//! replicas contribute to it. Whether and when anyone sees it is open. Honest replicas are alike, so a state is their sorted
//! list. With F liars every behaviour with fewer is covered: a liar may do what an honest replica does.

use counterpart_consensus::{Core, Effect, Event, Proposed, Said};
use counterpart_ledger::Phase;
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::hash::{Hash, Hasher};

/// A block: its view, and its parent by place in the table.
#[derive(Clone, Copy)]
struct Block {
    view: u64,
    parent: u8,
}

/// What is broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mutation {
    None,
    /// A final is given whatever the replica voted for.
    FinalIgnoresOwnVote,
    /// A final is given in a view that the replica skipped.
    FinalAfterSkip,
    /// Proposals need not show that the views between were skipped.
    NoSkipProofs,
    /// A view is skipped after a final was given in it.
    SkipAfterFinal,
    /// A second vote is given in a view.
    SecondVote,
}

#[derive(Clone)]
struct Liars {
    /// N, R, c.
    members: u16,
    quorum: u16,
    approval: u16,
    /// F.
    liars: u16,
    blocks: Vec<Block>,
    views: u64,
    mutation: Mutation,
    /// Whether replicas may give up the next view ahead and past ones late, as they do when a leader is away or lacks proof.
    any_time: bool,
}

/// What of an honest replica matters: its view and what it said in each. Which certificates it has seen does not, because
/// proposals carry what justifies them.
type Local = (u64, [Said<u8>; MOST_VIEWS]);

/// Most views that a model has.
const MOST_VIEWS: usize = 3;

/// Honest replicas, and second votes, which only mutants give.
#[derive(Clone, Debug)]
struct State {
    replicas: Vec<Core<u8, ()>>,
    second_votes: Vec<(u64, u8)>,
    views: u64,
}

impl State {
    fn local(&self, replica: &Core<u8, ()>, rename: impl Fn(u8) -> u8 + Copy) -> Local {
        let said = |view| {
            let Said { proposed, voted, finalized, skipped } = replica.said(view);
            Said { proposed, voted: voted.map(rename), finalized: finalized.map(rename), skipped }
        };
        (replica.view().min(self.views + 1), std::array::from_fn(|view| said(view as u64 + 1)))
    }

    /// The same for states that differ in the order of the replicas, or in which of the two first blocks is which.
    fn canonical(&self) -> (Vec<Local>, Vec<(u64, u8)>) {
        let renamed = |rename: fn(u8) -> u8| {
            let mut replicas: Vec<Local> = self.replicas.iter().map(|replica| self.local(replica, rename)).collect();
            let mut votes: Vec<_> = self.second_votes.iter().map(|(view, block)| (*view, rename(*block))).collect();
            replicas.sort_unstable();
            votes.sort_unstable();
            (replicas, votes)
        };
        renamed(|block| block).min(renamed(swap))
    }
}

/// Exchanges the two blocks of the first view and all that is built on them: see [`Liars::new`] for the order of blocks.
fn swap(block: u8) -> u8 {
    match block {
        // Children of 0, 1, 2 in the second view, then of 0 to 5 in the third.
        1 => 2,
        2 => 1,
        4 => 5,
        5 => 4,
        7 => 8,
        8 => 7,
        10 => 11,
        11 => 10,
        other => other,
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.canonical().hash(hasher);
    }
}

/// Certificates that exist: a bit for each block, and for each view.
#[derive(Clone, Copy)]
struct Exists {
    certified: u32,
    skipped: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    Certificate(u8),
    Skips(u64),
    Propose(u8),
    TimeOut(u64),
}

impl Liars {
    fn new(members: u16, quorum: u16, approval: u16, liars: u16, views: u64) -> Self {
        let mut blocks = vec![Block { view: 0, parent: 0 }];
        for view in 1..=views {
            let parents = 0..blocks.len() as u8;
            // Two blocks on one parent differ in nothing but their names: one view of such is enough.
            let twice = (view == 1) as usize;
            blocks.extend(parents.flat_map(|parent| std::iter::repeat_n(Block { view, parent }, 1 + twice)));
        }
        Self { members, quorum, approval, liars, blocks, views, mutation: Mutation::None, any_time: members <= 5 }
    }

    fn extends(&self, mut block: u8, ancestor: u8) -> bool {
        while self.blocks[usize::from(block)].view > self.blocks[usize::from(ancestor)].view {
            block = self.blocks[usize::from(block)].parent;
        }
        block == ancestor
    }

    fn count(&self, state: &State, said: impl Fn(&Core<u8, ()>) -> bool) -> u16 {
        self.liars + state.replicas.iter().filter(|replica| said(replica)).count() as u16
    }

    fn certified(&self, state: &State, block: u8) -> bool {
        let view = self.blocks[usize::from(block)].view;
        let second = state.second_votes.iter().filter(|vote| **vote == (view, block)).count() as u16;
        second + self.count(state, |replica| replica.said(view).voted == Some(block)) >= self.quorum
    }

    fn skipped(&self, state: &State, view: u64) -> bool {
        self.count(state, |replica| replica.said(view).skipped) >= self.quorum
    }

    fn approved(&self, state: &State, block: u8) -> bool {
        let view = self.blocks[usize::from(block)].view;
        self.certified(state, block)
            && self.count(state, |replica| replica.said(view).finalized == Some(block)) >= self.approval
    }

    fn names(&self) -> impl Iterator<Item = u8> + '_ {
        1..self.blocks.len() as u8
    }

    fn proposed(&self, block: u8) -> Proposed<u8> {
        let Block { view, parent } = self.blocks[usize::from(block)];
        Proposed { view, block, parent, parent_view: self.blocks[usize::from(parent)].view }
    }

    /// What exists in a state, whether anyone has seen it or not.
    fn exists(&self, state: &State) -> Exists {
        let mut exists = Exists { certified: 1, skipped: 0 };
        for block in self.names().filter(|block| self.certified(state, *block)) {
            exists.certified |= 1 << block;
        }
        for view in (1..=self.views).filter(|view| self.skipped(state, *view)) {
            exists.skipped |= 1 << view;
        }
        exists
    }

    /// Whether a replica might vote for a proposal that carries what justifies it.
    fn might_vote(&self, exists: Exists, replica: &Core<u8, ()>, block: u8) -> bool {
        let Proposed { view, parent, parent_view, .. } = self.proposed(block);
        let said = replica.said(view);
        said.voted.is_none()
            && said.finalized.is_none()
            && replica.view() <= view
            && exists.certified & 1 << parent != 0
            && (parent_view + 1..view).all(|view| exists.skipped & 1 << view != 0)
    }

    /// The replica after its vote for a proposal that carries what justifies it; `None` if it does not vote.
    fn justified(&self, exists: Exists, replica: &Core<u8, ()>, block: u8) -> Option<Core<u8, ()>> {
        if !self.might_vote(exists, replica, block) {
            return None;
        }
        let proposed = self.proposed(block);
        let mut replica = replica.clone();
        replica.step(Event::Certified { view: proposed.parent_view, block: proposed.parent, proof: () });
        for view in proposed.parent_view + 1..proposed.view {
            replica.step(Event::Skipped { view, proof: () });
        }
        let effects = replica.step(Event::Proposed(proposed));
        (!effects.is_empty()).then_some(replica)
    }

    /// I1 and I2: nothing is certified beside what enough finals are given for.
    fn safe(&self, state: &State) -> bool {
        let later = |one: u8, other: u8| self.blocks[usize::from(other)].view >= self.blocks[usize::from(one)].view;
        self.names().filter(|block| self.approved(state, *block)).all(|approved| {
            let beside = |other: &u8| later(approved, *other) && !self.extends(*other, approved);
            !self.names().filter(beside).any(|other| self.certified(state, other))
        })
    }

    /// I3: no honest replica says two things that contradict each other.
    fn honest(&self, state: &State) -> bool {
        state.replicas.iter().all(|replica| {
            (1..=self.views).all(|view| {
                let said = replica.said(view);
                let agrees = said.voted.is_none() || said.finalized.is_none() || said.voted == said.finalized;
                agrees && !(said.skipped && said.finalized.is_some())
            })
        })
    }

    /// The step that a broken replica takes besides what the core did.
    fn mutate(&self, replica: &mut Core<u8, ()>, second_votes: &mut Vec<(u64, u8)>, action: Action) {
        match (self.mutation, action) {
            (Mutation::FinalIgnoresOwnVote | Mutation::FinalAfterSkip, Action::Certificate(block)) => {
                let view = self.blocks[usize::from(block)].view;
                let said = replica.said(view);
                let refused = match self.mutation {
                    Mutation::FinalAfterSkip => said.skipped && said.voted.is_none_or(|voted| voted == block),
                    _ => !said.skipped,
                };
                if said.finalized.is_none() && refused {
                    replica.recall(Phase::Final, view, block);
                }
            }
            (Mutation::NoSkipProofs, Action::Propose(block)) => {
                let proposed = self.proposed(block);
                let mut trusting = replica.clone();
                (proposed.parent_view + 1..proposed.view).for_each(|view| {
                    trusting.step(Event::Skipped { view, proof: () });
                });
                if trusting.would_vote(&proposed) {
                    replica.recall(Phase::Vote, proposed.view, block);
                }
            }
            (Mutation::SkipAfterFinal, Action::TimeOut(view)) if replica.said(view).finalized.is_some() => {
                replica.recall(Phase::Skip, view, 0);
            }
            (Mutation::SecondVote, Action::Propose(block)) => {
                let proposed = self.proposed(block);
                let voted = replica.said(proposed.view).voted;
                let second = (proposed.view, block);
                let other = voted.is_some_and(|voted| voted != block) && !second_votes.contains(&second);
                if replica.view() == proposed.view && other {
                    second_votes.push(second);
                    second_votes.sort_unstable();
                }
            }
            _ => {}
        }
    }
}

impl Model for Liars {
    type State = State;
    type Action = (usize, Action);

    fn init_states(&self) -> Vec<State> {
        // Leaders are liars: a core's own place says only that it may sign.
        let honest = self.members - self.liars;
        let replicas = (0..honest).map(|_| Core::new(self.members, Some(self.members - 1), 0)).collect();
        vec![State { replicas, second_votes: Vec::new(), views: self.views }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Self::Action>) {
        let exists = self.exists(state);
        for (index, replica) in state.replicas.iter().enumerate() {
            let local = state.local(replica, |block| block);
            if state.replicas[..index].iter().any(|other| state.local(other, |block| block) == local) {
                continue;
            }
            // A certificate is delivered alone when it moves the replica or makes it sign; what a vote needs travels with the
            // proposal, as in the protocol.
            let moves = |event: Event<u8, ()>| {
                let effects = replica.clone().step(event);
                effects.iter().any(|effect| !matches!(effect, Effect::Forward { .. }))
            };
            for block in self.names() {
                let view = self.blocks[usize::from(block)].view;
                let said = replica.said(view);
                let unseen = exists.certified & 1 << block != 0 && !replica.is_certified(view, &block);
                // What a replica that is past the view and bound in it makes of a certificate is nothing.
                let bound = said.skipped || said.finalized.is_some() || said.voted.is_some_and(|voted| voted != block);
                let refused = self.mutation != Mutation::None;
                if unseen && (refused || !bound || view >= replica.view()) {
                    actions.push((index, Action::Certificate(block)));
                }
                let odd = matches!(self.mutation, Mutation::NoSkipProofs | Mutation::SecondVote);
                if odd || self.might_vote(exists, replica, block) {
                    actions.push((index, Action::Propose(block)));
                }
            }
            for view in 1..=self.views {
                let leaves = view >= replica.view() && view != replica.view() + 1;
                if exists.skipped & 1 << view != 0 && !replica.is_skipped(view) && leaves {
                    actions.push((index, Action::Skips(view)));
                }
                let near = view == replica.view() || self.any_time && view <= replica.view() + 1;
                let skips = near && !replica.said(view).skipped && moves(Event::TimedOut { view });
                if skips || self.mutation == Mutation::SkipAfterFinal {
                    actions.push((index, Action::TimeOut(view)));
                }
            }
        }
    }

    fn next_state(&self, state: &State, (index, action): Self::Action) -> Option<State> {
        let mut next = state.clone();
        let replica = &mut next.replicas[index];
        let effects: Vec<Effect<u8, ()>> = match action {
            Action::Certificate(block) => {
                replica.step(Event::Certified { view: self.blocks[usize::from(block)].view, block, proof: () })
            }
            Action::Skips(view) => replica.step(Event::Skipped { view, proof: () }),
            Action::Propose(block) => match self.justified(self.exists(state), replica, block) {
                Some(voted) => {
                    *replica = voted;
                    Vec::new()
                }
                None => Vec::new(),
            },
            Action::TimeOut(view) => replica.step(Event::TimedOut { view }),
        };
        drop(effects);
        self.mutate(&mut next.replicas[index], &mut next.second_votes, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is certified beside what is approved", |model: &Self, state| model.safe(state)),
            Property::always("no honest replica contradicts itself", |model: &Self, state| {
                model.mutation != Mutation::None || model.honest(state)
            }),
            Property::sometimes("something is approved", |model: &Self, state| {
                model.names().any(|block| model.approved(state, block))
            }),
        ]
    }
}

/// Whether the invariants hold in every state; the number of states.
fn explore(model: Liars) -> (bool, usize) {
    let name = format!("N {} R {} c {} F {}", model.members, model.quorum, model.approval, model.liars);
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_dfs().join();
    let safe = checker.discovery("nothing is certified beside what is approved").is_none();
    assert!(checker.discovery("no honest replica contradicts itself").is_none(), "{name}");
    let approved = checker.discovery("something is approved").is_some();
    assert!(approved || !safe, "{name}: the model never approves anything");
    (safe, checker.unique_state_count())
}

/// As [`explore`], for x = N - c and y = N - R with the most liars that c approvals survive, F = c + R - N - 1, and `more`.
///
/// N itself does not matter: there are x + y + 1 honest replicas, x + 1 of which make a certificate with the liars, and y + 1 an
/// approval. One state space stands for every N.
fn explore_class(x: u16, y: u16, views: u64, more: u16) -> (bool, usize) {
    let n = x + y + 3;
    let (r, c) = (n - y, n - x);
    let started = std::time::Instant::now();
    let (safe, states) = explore(Liars::new(n, r, c, c + r - n - 1 + more, views));
    eprintln!(
        "N - c {x}, N - R {y}, {more} liars more: safe {safe}, {states} states, {} ms",
        started.elapsed().as_millis()
    );
    (safe, states)
}

/// The classes of N up to 7 with 3 * R >= 2 * N + 1 and c >= R.
const CLASSES: [(u16, u16); 5] = [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2)];

#[test]
fn what_is_approved_stays_with_as_many_liars_as_stated() {
    for (x, y) in CLASSES {
        assert!(explore_class(x, y, 2, 0).0, "N - c {x}, N - R {y}");
    }
    for (x, y) in [(0, 1), (1, 1)] {
        assert!(explore_class(x, y, 3, 0).0, "N - c {x}, N - R {y}, three views");
    }
}

#[test]
fn with_one_liar_more_what_is_approved_can_be_undone() {
    for (x, y) in [(0, 1), (1, 1), (0, 2)] {
        assert!(!explore_class(x, y, 2, 1).0, "N - c {x}, N - R {y}");
    }
}

#[test]
fn each_broken_rule_is_found() {
    let broken = [
        // Visible only where approvals ask for more than the quorum.
        (Mutation::FinalIgnoresOwnVote, 0, 1),
        (Mutation::FinalAfterSkip, 1, 1),
        (Mutation::NoSkipProofs, 1, 1),
        (Mutation::SkipAfterFinal, 1, 1),
        (Mutation::SecondVote, 1, 1),
    ];
    for (mutation, x, y) in broken {
        let n = x + y + 3;
        let (r, c) = (n - y, n - x);
        let model = Liars { mutation, ..Liars::new(n, r, c, c + r - n - 1, 2) };
        assert!(!explore(model).0, "{mutation:?} is not found");
    }
    let unseen = Liars { mutation: Mutation::FinalIgnoresOwnVote, ..Liars::new(5, 4, 4, 2, 2) };
    assert!(explore(unseen).0, "a final against the own vote shows only with c > R");
}
