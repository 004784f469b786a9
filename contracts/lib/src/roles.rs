//! Who may do what: a role for each kind of message, and an admin who hands roles out and has none by itself.

use counterpart_sdk::prelude::*;

/// An account has a role from now on, or has it no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct RoleChanged {
    /// Whose.
    #[topic]
    pub account: Address,
    /// Which, by its number in the contract.
    #[topic]
    pub role: u8,
    /// Whether the account has it.
    pub has: bool,
}

/// Another admin was proposed, or the proposal was taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct AdminProposed {
    /// Who; nobody when it was taken back.
    pub admin: Option<Address>,
    /// From when it may be accepted, in ms since 1970.
    pub from_ms: u64,
}

/// Another admin took over.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct AdminChanged {
    /// The new one.
    #[topic]
    pub admin: Address,
}

/// Why a question of roles is answered no.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum RoleError {
    /// The caller is not the admin.
    NotAdmin,
    /// The caller is not who was proposed, or nobody was.
    NotProposed,
    /// The proposal cannot be accepted yet.
    TooEarly {
        /// From when it can, in ms since 1970.
        from_ms: u64,
    },
}

/// Roles of a contract, by number.
#[storage]
pub struct Roles {
    admin: Item<Address>,
    delay_ms: Item<u64>,
    proposed: Item<(Address, u64)>,
    holders: Map<(u8, Address), bool>,
}

impl Roles {
    /// Makes the first admin, and says how long another one waits.
    pub fn begin(&mut self, admin: &Address, delay_ms: u64) {
        self.admin.set(admin);
        self.delay_ms.set(&delay_ms);
    }

    /// Who hands roles out.
    pub fn admin(&self) -> Address {
        self.admin.get_or_default()
    }

    /// Whether an account has a role.
    pub fn has(&self, role: u8, account: &Address) -> bool {
        self.holders.get_or_default(&(role, *account))
    }

    /// Refuses unless the caller is the admin.
    ///
    /// # Errors
    /// [`RoleError::NotAdmin`].
    pub fn require_admin(&self) -> Result<(), RoleError> {
        if env::caller() == self.admin() { Ok(()) } else { Err(RoleError::NotAdmin) }
    }

    /// Gives a role or takes it, whoever asks.
    pub fn set(&mut self, role: u8, account: &Address, has: bool) {
        if has {
            self.holders.set(&(role, *account), &true);
        } else {
            self.holders.remove(&(role, *account));
        }
        RoleChanged { account: *account, role, has }.emit();
    }

    /// Proposes another admin, or takes the proposal back; the admin only. Nothing changes until the delay is over and the
    /// other accepts.
    ///
    /// # Errors
    /// [`RoleError::NotAdmin`].
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), RoleError> {
        self.require_admin()?;
        let from_ms = env::block_time_ms().saturating_add(self.delay_ms.get_or_default());
        self.proposed.remove();
        if let Some(admin) = admin {
            self.proposed.set(&(admin, from_ms));
        }
        AdminProposed { admin, from_ms }.emit();
        Ok(())
    }

    /// Takes over; only who was proposed, from the end of the delay on.
    ///
    /// # Errors
    /// [`RoleError`], the first that applies.
    pub fn accept_admin(&mut self) -> Result<(), RoleError> {
        let (admin, from_ms) = self.proposed.get().ok_or(RoleError::NotProposed)?;
        if env::caller() != admin {
            return Err(RoleError::NotProposed);
        }
        if env::block_time_ms() < from_ms {
            return Err(RoleError::TooEarly { from_ms });
        }
        self.proposed.remove();
        self.admin.set(&admin);
        AdminChanged { admin }.emit();
        Ok(())
    }
}
