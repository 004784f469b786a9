//! What is left of an amount from which parts are recovered each epoch, after any number of epochs at once.
//!
//! An amount is counted in 2^-32 units, so that what each epoch takes from a small amount is not lost in rounding: whoever
//! splits an amount into many small ones keeps less than one unit of each. Of each tier of an amount its own rate is taken.
//! While an amount stays within a tier, its part above the tier follows `u' = (1 - rate) * u - drain`, whose n-fold repetition
//! has a closed form: for each tier that the amount falls through, the cost is two products for each bit of the number of epochs.
//!
//! ```
//! use counterpart_contracts::recovery::{Held, Tier, Tiers};
//!
//! // 10 % of everything each epoch.
//! let tiers = Tiers::new(&[Tier { above: 0, rate: 100_000_000 }]).expect("tiers");
//! let left = tiers.after(Held::from_units(1_000).expect("small enough"), 2);
//! assert_eq!(left.units_begun(), 810);
//! assert_eq!(left.units(), 809); // what can be spent: rounding has taken 2^-32 units
//! ```
//!
//! - `tiers`: what rates leave of an amount,
//! - `policy`: what is recovered of the accounts of a class, and why a set of policies is refused,
//! - `holding`: an amount with its age, settled through any number of epochs and changes of policy.

mod holding;
mod policy;
mod tiers;

pub use holding::{Holding, Lot, MAX_CHECKPOINTS, MAX_EPOCHS, Moved};
pub use policy::{Checkpoint, Expiry, Idle, MAX_LIFETIME, Policies, PolicyError};
pub use tiers::{Held, MAX_TIERS, MAX_UNITS, RATE_ONE, Tier, Tiers, TiersError};
