//! What a scenario runs on: a chain in this process, or one that somebody else runs.

use counterpart_ledger::{Action, Address, Hash, Outcome, Receipt};
use counterpart_testing::{Account, Chain, Mode};
use serde_json::Value;

/// What became of a question.
pub enum Asked {
    /// The answer's bytes.
    Answer(Vec<u8>),
    /// It failed.
    Failed(Outcome),
    /// It failed, in the words of scenarios: `{"error": ..}` or the word of a class.
    Told(Value),
}

/// A chain that scenarios can drive. An error of its methods is trouble, not an outcome: the step cannot be tried.
pub trait Ground {
    /// The address of an actor, who can pay for transactions from now on.
    ///
    /// # Errors
    /// Why there is none, in words; so below.
    fn actor(&mut self, name: &str) -> Result<Address, String>;

    /// The Ed25519 key of an actor.
    ///
    /// # Errors
    /// When there is none.
    fn public_key(&mut self, name: &str) -> Result<[u8; 32], String>;

    /// What an actor's key signs, for a contract to check.
    ///
    /// # Errors
    /// When it cannot.
    fn sign(&mut self, name: &str, message: &[u8]) -> Result<[u8; 64], String>;

    /// Lets blocks and time pass.
    ///
    /// # Errors
    /// When it cannot.
    fn advance(&mut self, blocks: u64, ms: u64) -> Result<(), String>;

    /// A salt that no contract of these actors was made with.
    fn salt(&mut self) -> Hash;

    /// Executes actions in a transaction of an actor, to which others consent.
    ///
    /// # Errors
    /// When it cannot be sent.
    fn send(&mut self, sender: &str, signers: &[String], actions: Vec<Action>) -> Result<Receipt, String>;

    /// Asks a contract.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn ask(&self, contract: Address, input: Vec<u8>) -> Result<Asked, String>;
}

/// A chain in this process, that begins with the scenario.
pub struct Local {
    chain: Chain,
    deployed: u64,
}

impl Local {
    /// A chain at a height and time.
    pub fn new(height: u64, time_ms: u64) -> Self {
        let mut chain = Chain::new(Mode::Wasm);
        chain.advance_blocks(height.saturating_sub(chain.height().0));
        chain.advance_ms(time_ms.saturating_sub(chain.time_ms()));
        Self { chain, deployed: 0 }
    }
}

impl Ground for Local {
    fn actor(&mut self, name: &str) -> Result<Address, String> {
        Ok(self.chain.account(name).address)
    }

    fn public_key(&mut self, name: &str) -> Result<[u8; 32], String> {
        Ok(self.chain.account(name).public_key())
    }

    fn sign(&mut self, name: &str, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.chain.account(name).sign(message))
    }

    fn advance(&mut self, blocks: u64, ms: u64) -> Result<(), String> {
        self.chain.advance_blocks(blocks);
        self.chain.advance_ms(ms);
        Ok(())
    }

    fn salt(&mut self) -> Hash {
        self.deployed += 1;
        let mut salt = [0; 32];
        salt[..8].copy_from_slice(&self.deployed.to_be_bytes());
        Hash(salt)
    }

    fn send(&mut self, sender: &str, signers: &[String], actions: Vec<Action>) -> Result<Receipt, String> {
        let account = self.chain.account(sender);
        let signers: Vec<Account> = signers.iter().map(|name| self.chain.account(name)).collect();
        let authorizations = self.chain.consents(&account, &signers.iter().collect::<Vec<_>>(), &actions);
        let authorizations = authorizations.map_err(|name| format!("{name} signs, and nobody asked for it"))?;
        Ok(self.chain.send(&account, actions, authorizations))
    }

    fn ask(&self, contract: Address, input: Vec<u8>) -> Result<Asked, String> {
        let result = self.chain.ask(contract, input);
        Ok(match result.outcome {
            Outcome::Success => Asked::Answer(result.output),
            outcome => Asked::Failed(outcome),
        })
    }
}
