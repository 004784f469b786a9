//! Verbs of auditors, on a ledger of token transfers.

use counterpart_abi::ContractAbi;
use counterpart_audit_tests::{Maker, address, wasmi};
use counterpart_execution::code_hash;
use counterpart_ledger::{Action, Address, Hash, Height, contract_address};
use counterpart_module::Profile;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn contracts() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders below the top");
    top.join("target/contracts")
}

struct Ledger {
    folder: tempfile::TempDir,
    token: Address,
    /// Of the transfer that succeeds, and of the one that fails.
    transfers: [Hash; 2],
    head: u64,
}

fn input(abi: &ContractAbi, method: &str, arguments: &Value) -> Vec<u8> {
    let method = abi.method(method).expect("the token has the method");
    abi.encode_call(method, arguments.as_object().expect("an object")).expect("arguments fit")
}

impl Ledger {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
        let path = contracts().join("token.wasm");
        let code = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask contracts`", path.display()));
        let module = counterpart_module::prepare(&code, &Profile::v1()).expect("a module");
        let abi = ContractAbi::from_section(&module.metadata.expect("an interface")).expect("an interface");
        let hash = code_hash(&code);
        let new = input(&abi, "new", &json!({ "name": "Acorn", "symbol": "ACN", "decimals": 2 }));
        let deploy = Action::Deploy { code_hash: hash, salt: Hash::ZERO, input: new, value: 0 };
        let made = maker.signed("ada", 60_000_000, vec![Action::Upload { code }, deploy]);
        maker.block(vec![made]);
        let token = contract_address(&address("ada"), &hash, &Hash::ZERO);
        let call = |method: &str, arguments: Value| Action::Call {
            contract: token,
            input: input(&abi, method, &arguments),
            value: 0,
        };
        let mint = call("mint", json!({ "to": address("ada").to_string(), "units": "500" }));
        let transfer = |units: &str| {
            call(
                "transfer",
                json!({ "from": address("ada").to_string(), "to": address("grace").to_string(), "units": units }),
            )
        };
        let minted = maker.signed("ada", 3_000_000, vec![mint]);
        maker.block(vec![minted]);
        let good = maker.signed("ada", 3_000_000, vec![transfer("120")]);
        let bad = maker.signed("ada", 3_000_000, vec![transfer("9999")]);
        let transfers = [good.hash(), bad.hash()];
        maker.block(vec![good, bad]);
        for _ in 0..5 {
            maker.block(Vec::new());
        }
        let head = maker.store.head().height.0;
        maker.store.settle().expect("all is written");
        Self { folder, token, transfers, head }
    }

    fn path(&self) -> String {
        self.folder.path().join("ledger").display().to_string()
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs a verb that takes the ledger by name.
    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.arg("--json").args(words).args(["--data-dir", &self.path()]);
        command.current_dir(self.folder.path()).output().expect("the command starts")
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(words);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {text}");
        serde_json::from_slice(&output.stdout).expect("one JSON document")
    }

    /// The exit code and the error's word.
    fn refused(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(words);
        let error: Value = serde_json::from_slice(&output.stderr).expect("one JSON document");
        (output.status.code(), error["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

fn source() -> String {
    contracts().join("token.source.json").display().to_string()
}

#[test]
fn replays_of_parts_say_what_a_replay_of_all_says() {
    let ledger = Ledger::new();
    let whole = ledger.json(&["replay"]);
    assert_eq!((&whole["equal"], &whole["blocks"]), (&json!(true), &json!(ledger.head)));
    let parallel = ledger.json(&["replay", "--threads", "3", "--engine", "winch"]);
    assert_eq!(parallel["state_root"], whole["state_root"]);

    // As on many machines: a plan, a report for each span, and all of them put together.
    let plan = ledger.json(&["replay", "--plan", "3"]);
    let mut files = Vec::new();
    for (number, span) in plan.as_array().expect("spans").iter().enumerate() {
        let (from, to) = (span["from"].to_string(), span["to"].to_string());
        let report = ledger.json(&["replay", "--from", &from, "--to", &to]);
        let file = ledger.file(&format!("report-{number}"));
        std::fs::write(&file, report.to_string()).expect("written");
        files.push(file);
    }
    let join = |files: &[String]| {
        let mut words = vec!["replay", "--join"];
        words.extend(files.iter().map(String::as_str));
        let output =
            Command::new(env!("CARGO_BIN_EXE_counterpart")).arg("--json").args(&words).output().expect("it starts");
        (output.status.code(), output.stdout)
    };
    let (code, out) = join(&files);
    assert_eq!((code, serde_json::from_slice::<Value>(&out).expect("a report")), (Some(0), whole.clone()));
    assert_eq!(join(&[files[0].clone(), files[2].clone()]).0, Some(1), "a gap");

    assert_eq!(ledger.json(&["replay", "--block", "3"])["transactions"], 2);
    let hash = ledger.transfers[0].to_string();
    assert_eq!(ledger.json(&["replay", "--transaction", &hash])["from"], 3);
    let life = ledger.json(&["replay", "--contract", &ledger.token.to_string()]);
    assert_eq!(life["touches"].as_array().map(Vec::len), Some(4), "made, minted, two transfers");
    assert_eq!((&life["blocks"], &life["equal"]), (&json!(3), &json!(true)));

    assert_eq!(ledger.refused(&["replay", "--block", "99"]), (Some(2), "no_blocks".into()));
    assert_eq!(ledger.refused(&["replay", "--from", "5", "--to", "2"]), (Some(2), "no_blocks".into()));
    assert_eq!(ledger.refused(&["replay", "--transaction", "12"]), (Some(2), "bad_hash".into()));
    assert_eq!(
        ledger.refused(&["replay", "--transaction", &Hash::ZERO.to_string()]),
        (Some(2), "no_transaction".into())
    );
    assert_eq!(ledger.refused(&["replay", "--contract", &Address::ZERO.to_string()]), (Some(2), "no_contract".into()));
}

#[test]
fn an_interrupted_replay_goes_on_where_it_was() {
    let ledger = Ledger::new();
    let file = ledger.file("journal");
    let whole = ledger.json(&["replay", "--resume", &file]);
    let lines: Vec<String> = std::fs::read_to_string(&file).expect("there").lines().map(str::to_owned).collect();
    assert_eq!(lines.len() as u64, 1 + ledger.head, "a line for the ledger and one for each span");
    // Cut off in the middle of a line, as a crash leaves it.
    let cut = format!("{}\n{}\n{}", lines[0], lines[2], &lines[3][..lines[3].len() / 2]);
    std::fs::write(&file, cut).expect("written");
    assert_eq!(ledger.json(&["replay", "--resume", &file]), whole);
    let again = std::fs::read_to_string(&file).expect("there");
    assert_eq!(again.lines().count() as u64, 1 + ledger.head);

    assert_eq!(ledger.refused(&["replay", "--resume", &file, "--engine", "winch"]), (Some(2), "other_replay".into()));
    std::fs::write(&file, format!("{}\nno report\n", lines[0])).expect("written");
    assert_eq!(ledger.refused(&["replay", "--resume", &file]), (Some(2), "bad_journal".into()));
}

#[test]
fn an_altered_ledger_is_told_by_its_place() {
    let ledger = Ledger::new();
    let database = fjall::Database::builder(ledger.path()).open().expect("the database opens");
    let table = database.keyspace("receipts", fjall::KeyspaceCreateOptions::default).expect("the table");
    let key = 3u64.to_be_bytes();
    let bytes = table.get(key).expect("readable").expect("there");
    let mut receipts: Vec<counterpart_ledger::Receipt> =
        counterpart_ledger::decode("receipts", &bytes).expect("receipts");
    receipts[1].gas_used.0 += 1;
    table.insert(key, counterpart_ledger::encode(&receipts)).expect("writable");
    database.persist(fjall::PersistMode::SyncAll).expect("the disk takes it");
    drop((table, database));
    let output = ledger.run(&["replay"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let divergence = &report["divergence"];
    assert_eq!((&divergence["height"], &divergence["kind"]), (&json!(3), &json!("receipt")));
    assert_eq!(divergence["place"]["agrees_with"], "cranelift", "both engines agree: the record was altered");
    assert!(
        divergence["difference"]
            .as_str()
            .is_some_and(|text| text.starts_with("transaction 1 had another result (gas)"))
    );
}

#[test]
fn gas_is_told_by_line_and_in_the_formats_of_other_tools() {
    let ledger = Ledger::new();
    let (hash, source) = (ledger.transfers[0].to_string(), source());
    let files: Vec<String> =
        ["svg", "folded", "speedscope", "pprof", "lcov"].iter().map(|name| ledger.file(name)).collect();
    let mut words = vec!["profile", &hash, "--source", &source];
    for (flag, file) in ["--svg", "--folded", "--speedscope", "--pprof", "--lcov"].iter().zip(&files) {
        words.extend([flag, file.as_str()]);
    }
    let profile = ledger.json(&words);
    let number = |name: &str| profile[name].as_u64().expect("a number");
    assert_eq!(number("instructions") + number("host") + number("instances") + number("outside"), number("gas"));
    let lines = profile["lines"].as_array().expect("lines");
    let own: u64 = lines.iter().map(|line| line["gas"].as_u64().expect("gas")).sum();
    assert_eq!(own, number("instructions"), "every instruction has its line");
    let host: u64 = lines.iter().map(|line| line["host_gas"].as_u64().expect("gas")).sum();
    assert_eq!(host, number("host"), "every host call has its line");
    assert!(
        lines
            .iter()
            .any(|line| line["file"] == "contracts/token/src/lib.rs" && line["total"].as_u64() > line["gas"].as_u64())
    );
    let read = |index: usize| std::fs::read(&files[index]).expect("written");
    let folded = String::from_utf8(read(1)).expect("text");
    let sum: u64 =
        folded.lines().map(|line| line.rsplit(' ').next().expect("gas").parse::<u64>().expect("a number")).sum();
    assert_eq!(sum, number("gas"));
    assert!(folded.contains("Token.transfer") && folded.contains("contracts/token/src/lib.rs:"));
    assert!(read(0).starts_with(b"<svg") && !read(3).is_empty());
    let speedscope: Value = serde_json::from_slice(&read(2)).expect("JSON");
    assert_eq!(speedscope["profiles"][0]["endValue"], profile["gas"]);
    let lcov = String::from_utf8(read(4)).expect("text");
    assert!(lcov.contains("SF:contracts/token/src/lib.rs") && lcov.contains("end_of_record"));
    // A whole block, and code without its source.
    std::fs::create_dir(ledger.file("nothing")).expect("a folder");
    let block = ledger.json(&["profile", "--block", "3", "--source", &ledger.file("nothing")]);
    assert!(block["lines"].as_array().is_some_and(Vec::is_empty) && block["gas"].as_u64() > profile["gas"].as_u64());
    assert_eq!(ledger.refused(&["profile", "--block", "0"]), (Some(2), "no_block".into()));
    std::fs::write(ledger.file("bad.source.json"), "{}").expect("written");
    assert_eq!(
        ledger.refused(&["profile", &hash, "--source", &ledger.file("bad.source.json")]),
        (Some(2), "bad_source".into())
    );
}

#[test]
fn a_transaction_is_gone_through_forward_and_back() {
    let ledger = Ledger::new();
    let (hash, source) = (ledger.transfers[0].to_string(), source());
    let debug = |commands: &[&str]| {
        let mut words = vec!["debug", &hash, "--source", &source];
        commands.iter().for_each(|command| words.extend(["-x", command]));
        ledger.json(&words)
    };
    let answers = debug(&["start", "next", "next", "back", "step", "gas 20000", "end", "calls", "changes"]);
    let position = |index: usize| answers[index]["position"].as_u64().expect("a place");
    let text = |index: usize| answers[index]["answer"].as_str().expect("words").to_owned();
    assert!(text(0).contains("Token.transfer") && text(1).contains("host call 0: input"));
    assert!(position(1) < position(2) && position(3) == position(1), "back is where it was");
    assert!(text(4).contains(".rs:"), "{}", text(4));
    let used = text(5).split(", ").nth(1).and_then(|words| words.split(' ').next().map(str::to_owned)).expect("gas");
    assert!(used.parse::<u64>().expect("a number") >= 20_000);
    assert!(text(6).contains("Success"));
    assert!(text(7).contains("storage_set") && text(7).contains("emit"));
    let changes = text(8);
    let line = changes.lines().find(|line| line.contains("balances")).expect("balances change");
    assert!(line.contains("380"), "{line}");

    let watched =
        debug(&["watch balances", "state balances", "start", "state balances", "stack", "step 40", "memory 0 32"]);
    let text = |index: usize| watched[index]["answer"].as_str().expect("words").to_owned();
    assert!(text(0).contains("storage_set"));
    assert!(text(1).contains("= 380") && text(3).contains("= 500"), "after and before: {} {}", text(1), text(3));
    assert!(text(4).contains("frame 0") && text(6).lines().count() == 2);
    assert_eq!(ledger.refused(&["debug", &hash, "-x", "fly"]), (Some(2), "bad_command".into()));
    assert_eq!(ledger.refused(&["debug", &Hash::ZERO.to_string()]), (Some(2), "no_transaction".into()));

    // Commands come from stdin, too.
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
    command.args(["debug", &hash, "--data-dir", &ledger.path()]).current_dir(ledger.folder.path());
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), b"next\nnonsense\nquit\nnext\n")
        .expect("written");
    let output = child.wait_with_output().expect("it ends");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && out.matches("host call").count() == 1 && err.contains("no command `nonsense`"),
        "{out}{err}"
    );
}

#[test]
fn other_code_and_other_prices_are_tried_on_what_was_done() {
    let ledger = Ledger::new();
    let token = ledger.token.to_string();
    let same = contracts().join("token.wasm").display().to_string();
    let rehearsed = ledger.json(&["rehearse", &token, &same]);
    assert_eq!(
        (&rehearsed["calls"], &rehearsed["otherwise"], &rehearsed["more_gas"]),
        (&json!(3), &json!(0), &json!(0))
    );
    let other = contracts().join("empty.wasm").display().to_string();
    let output = ledger.run(&["rehearse", &token, &other, "--last", "2"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!((output.status.code(), &report["calls"]), (Some(1), &json!(2)));
    assert!(report["otherwise"].as_u64() > Some(0));
    let text = ledger.file("text.wasm");
    std::fs::write(&text, "no module").expect("written");
    assert_eq!(ledger.refused(&["rehearse", &token, &text]).0, Some(1));

    let schedule = ledger.file("schedule.toml");
    std::fs::write(&schedule, "").expect("written");
    let price = ledger.json(&["reprice", &schedule]);
    assert_eq!(price["gas"], price["repriced"], "no change of prices changes nothing");
    std::fs::write(&schedule, "[host.storage_set]\nbase = 19000\n").expect("written");
    let dearer = ledger.json(&["reprice", &schedule, "--from", "3", "--to", "3"]);
    // The one that succeeds writes two balances.
    let more = |index: usize| {
        let row = &dearer["transactions"][index];
        row["repriced"].as_u64().expect("gas") - row["gas"].as_u64().expect("gas")
    };
    assert_eq!((more(0), more(1)), (20_000, 0));
    std::fs::write(&schedule, "[host.storage_set]\nbase = 4000000000\n").expect("written");
    let output = ledger.run(&["reprice", &schedule]);
    assert_eq!(output.status.code(), Some(1), "some no longer fit their limits");
    for (text, code) in [
        ("[operators]\nNope = 1\n", "unknown_operation"),
        ("nonsense", "bad_schedule"),
        ("local = 99999999999", "bad_schedule"),
    ] {
        std::fs::write(&schedule, text).expect("written");
        assert_eq!(ledger.refused(&["reprice", &schedule]), (Some(2), code.into()));
    }
}

#[test]
fn tables_hold_what_the_ledger_holds() {
    let ledger = Ledger::new();
    let export = |what: &str, extension: &str| {
        let file = ledger.file(&format!("{what}.{extension}"));
        let document = ledger.json(&["export", what, "--out", &file]);
        (document, file)
    };
    for (what, rows) in [("blocks", ledger.head), ("transactions", 4), ("actions", 5), ("events", 2)] {
        let (document, file) = export(what, "csv");
        assert_eq!(document["rows"], rows, "{what}");
        let text = std::fs::read_to_string(&file).expect("written");
        let names: Vec<&str> = text.lines().next().expect("names").split(',').collect();
        assert_eq!(document["columns"], json!(names));
        assert_eq!(text.lines().count() as u64, rows + 1, "{what}");
        assert_eq!(export(what, "parquet").0["rows"], rows, "{what}");
        assert!(std::fs::read(ledger.file(&format!("{what}.parquet"))).is_ok_and(|bytes| bytes.starts_with(b"PAR1")));
        assert!(!Path::new(&ledger.file(&format!("{what}.csv.part"))).exists());
    }
    let actions = std::fs::read_to_string(ledger.file("actions.csv")).expect("written");
    assert!(actions.contains("Token,transfer,\"{\"\"from\"\":"), "{actions}");
    let transactions = std::fs::read_to_string(ledger.file("transactions.csv")).expect("written");
    assert!(transactions.contains("InsufficientBalance") || transactions.contains("revert"), "{transactions}");
    let (_, state) = export("state", "csv");
    let text = std::fs::read_to_string(state).expect("written");
    assert!(text.contains(",Token,balances,") && text.contains("120"), "{text}");
    let before = ledger.file("before.csv");
    ledger.json(&["export", "state", "--out", &before, "--height", "2"]);
    assert!(!std::fs::read_to_string(before).expect("written").contains("\"120\""));
    assert_eq!(ledger.refused(&["export", "blocks", "--out", &ledger.file("x.txt")]), (Some(2), "format".into()));
    let (out, nowhere) = (ledger.file("x.csv"), ledger.file("no/such/folder/x.csv"));
    assert_eq!(ledger.refused(&["export", "blocks", "--out", &out, "--to", "99"]), (Some(2), "no_blocks".into()));
    assert_eq!(ledger.refused(&["export", "blocks", "--out", &nowhere]), (Some(2), "file".into()));
}

#[test]
fn a_bundle_is_made_verified_and_told_to_the_line_without_a_node() {
    let ledger = Ledger::new();
    let (file, hash, source) = (ledger.file("block.bundle"), ledger.transfers[0].to_string(), source());
    let made = ledger.json(&["bundle", "make", &hash, "--out", &file, "--with-source", "--source", &source]);
    assert_eq!(made["height"], 3);
    let genesis = made["genesis"].as_str().expect("a hash").to_owned();
    // What follows knows nothing of the ledger.
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        let output = command.arg("--json").args(words).current_dir(ledger.folder.path()).output().expect("it starts");
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default())
    };
    let (code, verified) = run(&["bundle", "verify", &file, "--genesis", &genesis]);
    assert_eq!((code, &verified["holds"]), (Some(0), &json!(true)));
    let (code, profile) = run(&["bundle", "profile", &file, "--genesis", &genesis, "--engine", "winch"]);
    let number = |name: &str| profile[name].as_u64().expect("a number");
    assert_eq!((code, number("gas")), (Some(0), verified["gas"].as_u64().expect("gas")));
    let lines: u64 = profile["lines"].as_array().expect("lines").iter().filter_map(|line| line["gas"].as_u64()).sum();
    assert_eq!(lines, number("instructions"), "the bundle brings its lines");
    let mut bytes = std::fs::read(&file).expect("written");
    let last = bytes.len() - 40;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    assert_eq!(run(&["bundle", "verify", &file, "--genesis", &genesis]).0, Some(1), "a source map that was damaged");
    let head = ledger.head.to_string();
    let refused = |block: &str| ledger.refused(&["bundle", "make", block, "--out", &file]);
    assert_eq!(refused(&head), (Some(2), "no_bundle".into()), "its results are not certified yet");
    assert_eq!(refused("0"), (Some(2), "no_bundle".into()));
    assert_eq!(refused("12ab"), (Some(2), "bad_hash".into()));
}

/// Builds a contract as a native program, which takes minutes: `COUNTERPART_LONG=1` asks for it. The playback itself is
/// tested without.
#[test]
fn a_frame_runs_as_native_code_on_the_host_calls_of_the_chain() {
    use counterpart_audit::{Inputs, Timeline};
    let ledger = Ledger::new();
    let store = counterpart_storage::Store::open(&ledger.folder.path().join("ledger")).expect("it opens");
    let block = store.block(Height(3)).expect("readable").expect("there");
    let context = counterpart_execution::BlockContext::new(store.genesis(), &block.header);
    let state = store.state_at(Height(2)).expect("kept");
    let inputs = Inputs { context, transactions: &block.transactions, state, codes: store.codes() };
    for index in 0..2 {
        let timeline = Timeline::record(&inputs, &wasmi(), index).expect("recorded");
        let mut recording = counterpart_cli::commands::debug::record(&timeline, 0).expect("a frame");
        let bytes = recording.to_bytes();
        assert_eq!(counterpart_testing::playback::Recording::from_bytes(&bytes), Ok(recording.clone()));
        let played = recording.play(token::native_token());
        let calls = recording.calls.len();
        assert!(played.to_string().starts_with(&format!("{calls} host calls were as recorded")), "{played}");
        // Another answer leads to other questions.
        let call = recording.calls.iter_mut().find(|call| call.function == "storage_get").expect("one");
        call.answer = Some(-1);
        call.writes.clear();
        let played = recording.play(token::native_token());
        assert!(played.to_string().contains("is not as recorded"), "{played}");
    }
    drop(store);
    if std::env::var("COUNTERPART_LONG").is_ok() {
        let folder = contracts().ancestors().nth(2).expect("the top").join("contracts/token").display().to_string();
        let hash = ledger.transfers[0].to_string();
        let document = ledger.json(&["debug", &hash, "--native", &folder, "--debugger", "none"]);
        assert_eq!(document["equal"], true);
    }
}
