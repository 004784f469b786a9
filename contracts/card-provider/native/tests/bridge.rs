//! What the bridge reports, by what the network does.

use card_network::{Answer, Asked, Bridge, BridgeError, Card, Fault, Ledger, Network};
use counterpart_service::{Client, Handler, Limits, Server};
use counterpart_testing::{Random, mangled};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A ledger that notes reports and may have let go of holds.
#[derive(Default)]
struct Noted {
    open: BTreeMap<String, Asked>,
    reports: Vec<(String, Answer)>,
    let_go: bool,
}

impl Ledger for Noted {
    fn asked(&mut self) -> Result<Vec<Asked>, BridgeError> {
        Ok(self.open.values().cloned().collect())
    }

    fn report(&mut self, id: &str, answer: &Answer) -> Result<bool, BridgeError> {
        self.open.remove(id);
        self.reports.push((id.to_owned(), answer.clone()));
        Ok(*answer == Answer::Held && !self.let_go)
    }
}

struct Rig {
    network: Arc<Network>,
    _server: Server,
    bridge: Bridge<Noted>,
}

fn rig(fault: Fault) -> Rig {
    let network = Arc::new(Network::default());
    network.put("c", Card { units: 1_000, fault });
    let server = Server::start(([127, 0, 0, 1], 0).into(), network.clone(), None, Limits::default()).expect("a port");
    let mut ledger = Noted::default();
    ledger.open.insert("h".into(), Asked { id: "h".into(), card: "c".into(), units: 400 });
    let client = Client::new(&server.url()).patience(Duration::from_millis(200));
    Rig { network, _server: server, bridge: Bridge::new(ledger, client) }
}

impl Rig {
    fn on_card(&self) -> u128 {
        self.network.card("c").expect("there").units
    }

    fn reports(&mut self) -> Vec<Answer> {
        self.bridge.ledger().reports.iter().map(|(_, answer)| answer.clone()).collect()
    }
}

fn declined(word: &str) -> Vec<Answer> {
    vec![Answer::Declined(word.into())]
}

#[test]
fn what_the_network_says_is_reported_in_its_words() {
    for (fault, word) in [(Fault::Limit, "limit"), (Fault::Fraud, "fraud"), (Fault::Outage, "unavailable")] {
        let mut rig = rig(fault);
        assert_eq!(rig.bridge.step().expect("the ledger works"), 1);
        assert_eq!(rig.reports(), declined(word));
        assert_eq!(rig.on_card(), 1_000);
    }
    let mut rig = rig(Fault::None);
    rig.bridge.step().expect("the ledger works");
    assert_eq!((rig.reports(), rig.on_card()), (vec![Answer::Held], 600));
    let more = Asked { id: "i".into(), card: "c".into(), units: 601 };
    rig.bridge.ledger().open.insert("i".into(), more);
    let strange = Asked { id: "j".into(), card: "d".into(), units: 1 };
    rig.bridge.ledger().open.insert("j".into(), strange);
    rig.bridge.step().expect("the ledger works");
    let answers = rig.reports();
    assert_eq!(answers[1..], [declined("insufficient"), declined("unknown_card")].concat());
}

#[test]
fn a_lie_about_the_amount_is_declined_and_given_back() {
    let mut rig = rig(Fault::OtherAmount);
    rig.bridge.step().expect("the ledger works");
    assert_eq!((rig.reports(), rig.on_card()), (declined("other_amount"), 1_000));
}

#[test]
fn what_succeeds_too_late_is_given_back_and_never_held_twice() {
    let mut rig = rig(Fault::SlowSuccess(Duration::from_millis(600)));
    assert_eq!(rig.bridge.step().expect("the ledger works"), 0);
    assert_eq!((rig.bridge.unknown(), rig.on_card()), (1, 600), "held, and nobody was told");
    assert!(rig.reports().is_empty(), "nothing that is not known is reported");
    // Meanwhile the payment has let go; the network answers at the second asking.
    rig.bridge.ledger().let_go = true;
    rig.network.put("c", Card { units: rig.on_card(), fault: Fault::None });
    assert_eq!(rig.bridge.step().expect("the ledger works"), 1);
    assert_eq!((rig.reports(), rig.on_card(), rig.bridge.unknown()), (vec![Answer::Held], 1_000, 0));
    assert_eq!(rig.network.asked(), 2);
}

#[test]
fn requests_that_are_almost_right_neither_stop_the_network_nor_make_units() {
    let network = Network::default();
    network.put("c", Card { units: 1_000, fault: Fault::None });
    let mut random = Random::from_environment();
    let ask = serde_json::json!({ "id": "h", "card": "c", "units": "400" });
    for _ in 0..2_000 {
        let method = *random.pick(&["authorize", "release", "other"]);
        if let Err(error) = network.call(method, mangled(&ask, &mut random)) {
            assert_ne!(error.status, 500, "{error:?}");
        }
        assert!(network.card("c").is_some_and(|card| card.units <= 1_000));
    }
}
