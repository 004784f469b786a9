//! Client rules: what a client believes about faults, and what it needs to see.

use counterpart_ledger::ValidatorSet;
use std::fmt;
use std::str::FromStr;

/// One million: ratios are kept as parts of it, so that no rounding depends on floats.
const WHOLE: u32 = 1_000_000;

/// When a client takes a block for final.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitRule {
    /// At least this share of all replicas certified it (parts of a million), and never fewer than R.
    Quorum {
        /// Parts of a million.
        share: u32,
    },
    /// R replicas certified it, and 2 * Delta passed without a sign of conflict.
    Synchronous {
        /// Share that certified it, parts of a million; never fewer than R.
        share: u32,
        /// Delta, the longest that a message between honest parties takes, in ms.
        delta_ms: u64,
    },
}

/// A rule that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is no rule: write `quorum:0.8` or `synchronous:0.67,500ms`")]
pub struct RuleError(pub String);

/// What a client may conclude.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Final under the client's rule.
    Final,
    /// More certifications are needed.
    Waiting {
        /// Certifications seen.
        have: u16,
        /// Certifications needed.
        need: u16,
    },
    /// Time has to pass.
    Undisturbed {
        /// ms still to wait.
        wait_ms: u64,
    },
    /// A conflict was seen: the synchronous rule no longer holds for this block.
    Disturbed,
}

/// Which faults a number of certifications tolerates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Strength {
    /// Certifications.
    pub finals: u16,
    /// Liars, of both kinds, that cannot undo the block: T1 = c + R - N - 1.
    pub tolerated: u16,
    /// Silent replicas with which so many certifications can still be had: N - c.
    pub silent: u16,
    /// Liars that cannot undo it if messages arrive within Delta: R - 1.
    pub tolerated_synchronous: u16,
}

/// What `finals` certifications are worth in a set; `None` below R.
pub fn strength(set: &ValidatorSet, finals: u16) -> Option<Strength> {
    let (n, r) = (set.size(), set.quorum);
    if finals < r || finals > n || r == 0 {
        return None;
    }
    Some(Strength {
        finals,
        tolerated: (finals + r).saturating_sub(n + 1),
        silent: n - finals,
        tolerated_synchronous: r - 1,
    })
}

impl CommitRule {
    /// Certifications that the rule needs in a set: the share rounded up, at least R.
    pub fn needed(&self, set: &ValidatorSet) -> u16 {
        let share = match self {
            Self::Quorum { share } | Self::Synchronous { share, .. } => *share,
        };
        let needed = (u64::from(share) * u64::from(set.size())).div_ceil(u64::from(WHOLE));
        (needed as u16).max(set.quorum)
    }

    /// Decides: by the certifications seen, by the ms since R of them were seen, and by whether a conflict was.
    pub fn decide(&self, set: &ValidatorSet, finals: u16, since_quorum_ms: u64, conflict: bool) -> Decision {
        let need = self.needed(set);
        if finals < need {
            return Decision::Waiting { have: finals, need };
        }
        match self {
            Self::Quorum { .. } => Decision::Final,
            Self::Synchronous { .. } if conflict => Decision::Disturbed,
            Self::Synchronous { delta_ms, .. } => match delta_ms.saturating_mul(2).saturating_sub(since_quorum_ms) {
                0 => Decision::Final,
                wait_ms => Decision::Undisturbed { wait_ms },
            },
        }
    }
}

impl FromStr for CommitRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let error = || RuleError(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(error)?;
        match kind {
            "quorum" => Ok(Self::Quorum { share: share(rest).ok_or_else(error)? }),
            "synchronous" => {
                let (ratio, delta) = rest.split_once(',').ok_or_else(error)?;
                let delta = delta.strip_suffix("ms").and_then(|digits| digits.parse().ok()).ok_or_else(error)?;
                Ok(Self::Synchronous { share: share(ratio).ok_or_else(error)?, delta_ms: delta })
            }
            _ => Err(error()),
        }
    }
}

/// A decimal in (0, 1] with at most six digits after the point, as parts of a million.
fn share(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let fraction: u32 = format!("{fraction:0<6}").parse().ok()?;
    Some(whole * WHOLE + fraction).filter(|share| (1..=WHOLE).contains(share))
}

impl fmt::Display for CommitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = |share: u32| {
            let text = format!("{}.{:06}", share / WHOLE, share % WHOLE);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        match self {
            Self::Quorum { share } => write!(f, "quorum:{}", ratio(*share)),
            Self::Synchronous { share, delta_ms } => write!(f, "synchronous:{},{delta_ms}ms", ratio(*share)),
        }
    }
}
