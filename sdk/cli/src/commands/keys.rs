//! `counterpart keys`.

use crate::Context;
use crate::keystore::{Keystore, random};
use crate::output::{Exit, Failure, OrFail};
use counterpart_ledger::SecretKey;
use serde_json::json;
use std::io::IsTerminal;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Make and list keys; they are kept encrypted.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a key from the system's randomness.
    New {
        /// What to call it.
        name: String,
    },
    /// Take over a key from its 64 hex digits, read from standard input.
    Import {
        /// What to call it.
        name: String,
    },
    /// Names and addresses of all keys.
    List,
    /// The address of a key.
    Show {
        /// Its name.
        name: String,
    },
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    let store = keystore(context);
    match command {
        Command::New { name } => {
            let mut seed = Zeroizing::new([0; 32]);
            random(seed.as_mut_slice())?;
            let address = store.add(&name, &seed, &passphrase(true)?)?;
            context.output.result(&json!({ "name": name, "address": address.to_string() }), &address.to_string());
        }
        Command::Import { name } => {
            let mut text = Zeroizing::new(String::new());
            std::io::stdin().read_line(&mut text).or_fail(Exit::Input, "stdin", "standard input cannot be read")?;
            let bytes = Zeroizing::new(hex::decode(text.trim().trim_start_matches("0x")).unwrap_or_default());
            let seed = <[u8; 32]>::try_from(bytes.as_slice())
                .map_err(|_| Failure::new(Exit::Input, "key", "a secret key is 64 hex digits"))?;
            let address = store.add(&name, &Zeroizing::new(seed), &passphrase(true)?)?;
            context.output.result(&json!({ "name": name, "address": address.to_string() }), &address.to_string());
        }
        Command::List => {
            let keys = store.list()?;
            let documents: Vec<_> =
                keys.iter().map(|(name, address)| json!({ "name": name, "address": address.to_string() })).collect();
            let lines: Vec<String> = keys.iter().map(|(name, address)| format!("{name:20} {address}")).collect();
            context.output.result(&json!(documents), &lines.join("\n"));
        }
        Command::Show { name } => {
            let address = store.address(&name)?;
            context.output.result(&json!({ "name": name, "address": address.to_string() }), &address.to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The store of this user.
pub fn keystore(context: &Context) -> Keystore {
    Keystore::new(context.home.join("keys"))
}

/// Opens a key, asking for its passphrase.
pub fn open(context: &Context, name: &str) -> anyhow::Result<SecretKey> {
    let store = keystore(context);
    store.address(name)?;
    store.open(name, &passphrase(false)?)
}

/// From COUNTERPART_PASSPHRASE, or asked for on a terminal without echo.
fn passphrase(new: bool) -> anyhow::Result<Zeroizing<String>> {
    if let Ok(passphrase) = std::env::var("COUNTERPART_PASSPHRASE") {
        return Ok(Zeroizing::new(passphrase));
    }
    if !std::io::stdin().is_terminal() {
        let failure = Failure::new(Exit::Input, "no_passphrase", "there is no terminal to ask for the passphrase on");
        return Err(failure.hint("set COUNTERPART_PASSPHRASE").into());
    }
    let ask = |prompt: &str| {
        let answer =
            rpassword::prompt_password(prompt).or_fail(Exit::Input, "no_passphrase", "the passphrase cannot be read");
        answer.map(Zeroizing::new)
    };
    let passphrase = ask("Passphrase: ")?;
    if new && *ask("Once more: ")? != *passphrase {
        return Err(Failure::new(Exit::Input, "passphrase", "the passphrases differ").into());
    }
    Ok(passphrase)
}
