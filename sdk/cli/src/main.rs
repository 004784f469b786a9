//! The `counterpart` command: build, test, deploy, call, replay and run contracts.

use clap::{Parser, Subcommand};
use counterpart_cli::output::{Exit, Failure, Output};
use counterpart_cli::{Context, commands, config, default_home, start_logging};
use std::path::PathBuf;
use std::process::ExitCode;

/// Contracts executed in counterparts: build them, run them on a chain, replay what the chain did.
///
/// Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the answer is no (reverted, failed,
/// diverged), 2 usage or input, 3 network, 4 a bug. Defaults of flags: the environment, then counterpart.toml in this
/// folder or one above, then config.toml among the keys.
#[derive(Parser)]
#[command(name = "counterpart", version, max_term_width = 120)]
struct Arguments {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// Where keys and names are kept.
    #[arg(long, global = true, env = "COUNTERPART_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begin a contract: a folder with code, tests and a manifest that plain cargo builds.
    New(commands::new::Arguments),
    /// Build the contract in this folder to finished Wasm.
    Build(commands::build::Arguments),
    /// Build the contract in this folder and run its tests, natively and as Wasm.
    Test(commands::test::Arguments),
    /// Look at, run or meter a Wasm module without a chain.
    #[command(subcommand)]
    Module(commands::module::Command),
    /// Make and list keys; they are kept encrypted.
    #[command(subcommand)]
    Keys(commands::keys::Command),
    /// Seal a parameter for a tender, open responses, and rank them; nothing is sent.
    #[command(subcommand)]
    Tender(commands::tender::Command),
    /// Upload a contract and run its constructor.
    Deploy(commands::deploy::Arguments),
    /// Call a method of a contract.
    Call(commands::call::CallArguments),
    /// Ask a contract; changes nothing and costs nothing.
    Query(commands::call::QueryArguments),
    /// The interface of a deployed contract.
    Abi(commands::abi::Arguments),
    /// What a contract keeps, in its own words.
    Storage(commands::storage::Arguments),
    /// What a contract reported, from old to new.
    Events(commands::events::Arguments),
    /// Build a contract again and compare it with what a chain holds, or with a build record.
    Verify(commands::verify::Arguments),
    /// Deploy the version that takes over from a contract, and make both know each other.
    Upgrade(commands::upgrade::Arguments),
    /// Write a typed client of a contract, for other contracts in Rust or for programs in TypeScript.
    Bindings(commands::bindings::Arguments),
    /// Look at transactions, or send native currency.
    #[command(subcommand)]
    Tx(commands::tx::Command),
    /// What a transaction did: frames, host calls, and where its gas went.
    Trace(commands::trace::Arguments),
    /// Files from which a block executes again anywhere.
    #[command(subcommand)]
    Bundle(commands::bundle::Command),
    /// Execute blocks of a ledger again and compare each with what is stored and certified.
    Replay(commands::replay::Arguments),
    /// Where the gas of a transaction or a block went: by function, source line and host call.
    Profile(commands::profile::Arguments),
    /// Go through a transaction of a ledger, forward and back, or run one of its frames in a native debugger.
    Debug(commands::debug::Arguments),
    /// Run the last calls of a contract once more on other code, and tell what would have been otherwise.
    Rehearse(commands::rehearse::Arguments),
    /// Write blocks, transactions, actions, events or state of a ledger as Parquet or CSV.
    Export(commands::export::Arguments),
    /// What transactions of a ledger would cost under other prices.
    Reprice(commands::reprice::Arguments),
    /// Look after nodes: examine, prune, copy and move their ledgers.
    #[command(subcommand)]
    Node(commands::node::Command),
    /// Run scenarios: contract behaviour as data.
    #[command(subcommand)]
    Scenario(commands::scenario::Command),
    Simulate(commands::simulate::Arguments),
    #[command(subcommand)]
    Validators(commands::validators::Command),
    Relay(commands::relay::Arguments),
    /// Run a network of replicas in this process, with JSON-RPC on loopback.
    Devnet(commands::devnet::Arguments),
    /// Give an account native currency, on a development network.
    Faucet(commands::faucet::Arguments),
    /// Say what this machine has and lacks for building, deploying and running contracts.
    Doctor(commands::doctor::Arguments),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    start_logging();
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let json = words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let defaults = match config::read(&home_of(&words)) {
        Ok(defaults) => defaults,
        Err(error) => return Output { json }.fail(&error),
    };
    let command = config::with_defaults(<Arguments as clap::CommandFactory>::command(), &defaults);
    let parsed = command.try_get_matches_from(&words);
    let parsed = parsed.and_then(|mut matches| <Arguments as clap::FromArgMatches>::from_arg_matches_mut(&mut matches));
    let arguments = parsed.unwrap_or_else(|error| refuse(&error, json));
    let output = Output { json: arguments.json };
    let home = arguments.home.unwrap_or_else(default_home);
    let context = Context { output, home };
    match run(&context, arguments.command) {
        Ok(code) => code,
        Err(error) => output.fail(&error),
    }
}

/// The folder of keys, looked up before the command line is understood: its file says what flags default to.
fn home_of(words: &[std::ffi::OsString]) -> PathBuf {
    let given = words.iter().enumerate().find_map(|(index, word)| {
        let word = word.to_str()?;
        let next = || words.get(index + 1).map(PathBuf::from);
        word.strip_prefix("--home=").map(PathBuf::from).or_else(|| if word == "--home" { next() } else { None })
    });
    given.or_else(|| std::env::var_os("COUNTERPART_HOME").map(PathBuf::from)).unwrap_or_else(default_home)
}

/// Ends with what is wrong with the command line, or with the help that was asked for.
fn refuse(error: &clap::Error, json: bool) -> ! {
    if !json || !error.use_stderr() {
        error.exit();
    }
    let text = error.to_string();
    let failure = Failure::new(Exit::Input, "usage", text.trim_start_matches("error: ").trim_end());
    Output { json }.fail(&failure.hint("--help says what the command takes").into());
    std::process::exit(Exit::Input as i32);
}

fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::New(arguments) => commands::new::run(context, arguments),
        Command::Test(arguments) => commands::test::run(context, arguments),
        Command::Storage(arguments) => commands::storage::run(context, arguments),
        Command::Events(arguments) => commands::events::run(context, arguments),
        Command::Verify(arguments) => commands::verify::run(context, arguments),
        Command::Upgrade(arguments) => commands::upgrade::run(context, arguments),
        Command::Bindings(arguments) => commands::bindings::run(context, arguments),
        Command::Faucet(arguments) => commands::faucet::run(context, arguments),
        Command::Doctor(arguments) => commands::doctor::run(context, arguments),
        Command::Build(arguments) => commands::build::run(context, arguments),
        Command::Module(command) => commands::module::run(context, command),
        Command::Keys(command) => commands::keys::run(context, command),
        Command::Relay(arguments) => commands::relay::run(context, arguments),
        Command::Tender(command) => commands::tender::run(context, command),
        Command::Deploy(arguments) => commands::deploy::run(context, arguments),
        Command::Call(arguments) => commands::call::run(context, arguments),
        Command::Query(arguments) => commands::call::query(context, arguments),
        Command::Abi(arguments) => commands::abi::run(context, arguments),
        Command::Tx(command) => commands::tx::run(context, command),
        Command::Trace(arguments) => commands::trace::run(context, arguments),
        Command::Bundle(command) => commands::bundle::run(context, command),
        Command::Replay(arguments) => commands::replay::run(context, arguments),
        Command::Profile(arguments) => commands::profile::run(context, arguments),
        Command::Debug(arguments) => commands::debug::run(context, arguments),
        Command::Rehearse(arguments) => commands::rehearse::run(context, arguments),
        Command::Export(arguments) => commands::export::run(context, arguments),
        Command::Reprice(arguments) => commands::reprice::run(context, arguments),
        Command::Node(command) => commands::node::run(context, command),
        Command::Scenario(command) => commands::scenario::run(context, command),
        Command::Validators(command) => commands::validators::run(context, command),
        Command::Simulate(arguments) => commands::simulate::run(context, &arguments),
        Command::Devnet(arguments) => commands::devnet::run(context, arguments),
        Command::Completions { shell } => {
            let mut command = <Arguments as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "counterpart", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}
