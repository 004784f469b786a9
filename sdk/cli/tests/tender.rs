//! `counterpart tender` from outside: what is sealed opens, what is ranked is what the contract would select.

use serde_json::{Value, json};
use std::process::{Command, Output};

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a folder"));
        home.run(&["keys", "new", "borrower"], 0);
        home
    }

    fn run(&self, arguments: &[&str], code: i32) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.arg("--json").args(arguments).env("COUNTERPART_HOME", self.0.path());
        let output = command.env("COUNTERPART_PASSPHRASE", "of a test").output().expect("the command starts");
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn document(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.run(arguments, 0).stdout).expect("JSON")
    }

    fn file(&self, name: &str, content: &Value) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content.to_string()).expect("the folder can be written");
        path.to_string_lossy().into_owned()
    }

    fn key(&self, label: &str) -> String {
        let document = self.document(&["tender", "key", "borrower", "--label", label]);
        document["key"].as_str().expect("a key").to_owned()
    }

    fn seal(&self, key: &str, responder: &str, partial: &str, parameter: &str) -> Value {
        let contract = format!("0x{}", "01".repeat(32));
        self.document(&[
            "tender",
            "seal",
            "--key",
            key,
            "--chain",
            "1337",
            "--contract",
            &contract,
            "--tender",
            "3",
            "--responder",
            responder,
            "--partial",
            partial,
            "--parameter",
            parameter,
        ])
    }
}

#[test]
fn what_lenders_seal_the_borrower_opens_and_ranks() {
    let home = Home::new();
    let key = home.key("loan 7");
    assert_eq!(home.key("loan 7"), key, "nothing has to be kept for it");
    assert_ne!(home.key("loan 8"), key, "each tender has its own");
    let sealed = [
        home.seal(&key, "dev:alice", "400", "50000"),
        home.seal(&key, "dev:bob", "300", "45000"),
        home.seal(&key, "dev:carol", "400", "40000"),
    ];
    let mut responses: Vec<Value> = sealed.iter().map(|sealed| sealed["respond"].clone()).collect();
    // Somebody copies a response and asks for more.
    let mut copied = responses[2].clone();
    copied["partial"] = json!("401");
    responses.push(copied);
    for (number, response) in (0..).zip(&mut responses) {
        response["response"] = json!(number);
    }
    let contract = format!("0x{}", "01".repeat(32));
    let all = json!({ "chain": 1337, "contract": contract, "tender": 3, "responses": responses });
    let file = home.file("responses.json", &all);
    let opened = home.document(&["tender", "open", "borrower", "--label", "loan 7", &file]);
    let parameters: Vec<&Value> =
        opened["rank"].as_array().expect("a list").iter().map(|line| &line["parameter"]).collect();
    assert_eq!(parameters, ["50000", "45000", "40000"]);
    assert_eq!(opened["select"]["invalid"], json!([3]));
    assert_eq!(opened["select"]["opened"][1]["salt"], sealed[1]["keep"]["salt"]);
    let ranked = home.file("ranked.json", &opened["rank"]);
    let selected = home.document(&["tender", "rank", "--target", "1000", &ranked]);
    assert_eq!(selected, json!({ "selected": [2, 1], "sum": "700" }));
    let highest = home.document(&["tender", "rank", "--target", "1000", "--highest-first", &ranked]);
    assert_eq!(highest, json!({ "selected": [0, 1], "sum": "700" }));
    let other = home.document(&["tender", "open", "borrower", "--label", "loan 8", &file]);
    assert_eq!(other["select"]["invalid"], json!([0, 1, 2, 3]));
}

#[test]
fn a_committee_of_keys_opens_what_was_sealed_once_more() {
    let home = Home::new();
    let names = ["ann", "ben", "cid"];
    let members: Vec<String> = names
        .iter()
        .map(|name| {
            home.run(&["keys", "new", name], 0);
            let key = home.document(&["tender", "key", name, "--label", "loan 7"]);
            key["key"].as_str().expect("a key").to_owned()
        })
        .collect();
    let (key, contract) = (home.key("loan 7"), format!("0x{}", "01".repeat(32)));
    let sealed = home.document(&[
        "tender",
        "seal",
        "--key",
        &key,
        "--chain",
        "1337",
        "--contract",
        &contract,
        "--tender",
        "3",
        "--responder",
        "dev:alice",
        "--partial",
        "400",
        "--parameter",
        "50000",
        "--member",
        &members[0],
        "--member",
        &members[1],
        "--member",
        &members[2],
        "--threshold",
        "2",
    ]);
    let mut response = sealed["respond"].clone();
    response["response"] = json!(0);
    let opened = |shown: &[usize]| {
        let show = |member: &usize| {
            let seed = home.document(&["tender", "show", names[*member], "--label", "loan 7"]);
            json!({ "member": member, "seed": seed["seed"] })
        };
        let shown: Vec<Value> = shown.iter().map(show).collect();
        let committee = json!({ "members": members, "threshold": 2, "shown": shown });
        let all = json!({
            "chain": 1337, "contract": contract, "tender": 3, "responses": [response], "committee": committee,
        });
        let file = home.file("responses.json", &all);
        home.document(&["tender", "open", "borrower", "--label", "loan 7", &file])["select"].clone()
    };
    assert_eq!(opened(&[1])["invalid"], json!([0]), "one of two");
    let select = opened(&[2, 0]);
    assert_eq!((&select["invalid"], &select["opened"][0]["parameter"]), (&json!([]), &json!("50000")));
    assert_eq!(select["opened"][0]["salt"], sealed["keep"]["salt"]);
}

#[test]
fn what_is_not_meant_is_an_error_of_input() {
    let home = Home::new();
    let key = home.key("loan 7");
    let wrong = ["tender", "seal", "--chain", "1", "--contract", "dev:a", "--tender", "1", "--responder", "dev:b"];
    let wrong = |key: &str, units: &str| {
        let rest = ["--partial", units, "--parameter", "1", "--key", key];
        let arguments: Vec<&str> = wrong.iter().copied().chain(rest).collect();
        home.run(&arguments, 2)
    };
    wrong("zz", "1");
    wrong(&key[..60], "1");
    wrong(&format!("0x{}", "00".repeat(32)), "1");
    wrong(&key, "many");
    let alone = ["tender", "seal", "--chain", "1", "--contract", "dev:a", "--tender", "1", "--responder", "dev:b"];
    let rest = ["--partial", "1", "--parameter", "1", "--key", &key, "--member", &key, "--threshold", "2"];
    home.run(&alone.iter().copied().chain(rest).collect::<Vec<_>>(), 2);
    let file = home.file("ranked.json", &json!({ "response": 1 }));
    home.run(&["tender", "rank", "--target", "5", &file], 2);
    home.run(&["tender", "open", "borrower", "--label", "loan 7", &file], 2);
    home.run(&["tender", "key", "nobody", "--label", "loan 7"], 2);
}
