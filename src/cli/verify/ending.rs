//! How following an operation ends, and with which exit code. Not for when: that is `follow`.

use crate::named;

named! {
    /// What came of it.
    pub enum Outcome {
        /// The operation is verified.
        Verified = "verified",
        /// Something is wrong: the verdict says what to do.
        Adverse = "adverse",
        /// The operation was undone, replaced or taken away.
        Undone = "undone",
        /// It was not decided in time.
        TimedOut = "timed_out",
        /// The cluster, or the exporter, cannot be observed.
        CannotObserve = "cannot_observe",
        /// There is no operation to follow.
        NothingToFollow = "nothing_to_follow",
        /// SIGINT came: somebody at the keyboard.
        Interrupted = "interrupted",
        /// SIGTERM came.
        Terminated = "terminated",
    }
}

impl Outcome {
    /// The exit code. What the shell itself says of a command that a signal ended is said of one that was told to end.
    pub(in crate::cli) const fn exit_code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Adverse | Self::Undone => 1,
            Self::TimedOut => 2,
            Self::CannotObserve | Self::NothingToFollow => CANNOT_OBSERVE,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl Outcome {
    /// What it means, for the reference.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Verified => "the operation is verified",
            Self::Adverse => {
                "something is wrong: what it is and what to do is said, with the revision to go back to where that is advised"
            }
            Self::Undone => {
                "it was undone, replaced or removed before it was verified, or it went back to an earlier build without `--rollback`"
            }
            Self::TimedOut => "not decided within `--timeout`",
            Self::CannotObserve => {
                "nothing can be said: cluster or exporter cannot be observed, evidence is missing when the time is over, or the configuration or the usage is wrong"
            }
            Self::NothingToFollow => "no operation is there to follow, or none began",
            Self::Interrupted => "stopped by SIGINT (Ctrl-C)",
            Self::Terminated => "stopped by SIGTERM",
        }
    }
}

/// The exit codes in Markdown.
pub(in crate::cli) fn reference() -> String {
    let row = |outcome: &Outcome| format!("| {} | `{outcome}` | {} |\n", outcome.exit_code(), outcome.meaning());
    let rows: String = Outcome::ALL.iter().map(row).collect();
    format!("| Exit code | Outcome | Means |\n|---|---|---|\n{rows}")
}

/// The exit codes below the help.
pub(in crate::cli) fn help() -> String {
    let line = |outcome: &Outcome| format!("\n  {:<4} {}", outcome.exit_code(), outcome.meaning());
    format!("Exit codes:{}", Outcome::ALL.iter().map(line).collect::<String>())
}

/// The exit code where nothing can be said; so also of wrong usage, which must not look like an operation that takes long.
pub(in crate::cli) const CANNOT_OBSERVE: u8 = 3;

/// An end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// What came of it.
    pub(super) outcome: Outcome,
    /// The same for people, in a sentence or two.
    pub(super) text: String,
}

impl Ending {
    /// An end.
    pub(super) fn new(outcome: Outcome, text: impl Into<String>) -> Self {
        Self { outcome, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_verified_operation_ends_with_0_and_only_what_is_not_decided_with_2() {
        let of =
            |code: u8| Outcome::ALL.iter().filter(|outcome| outcome.exit_code() == code).copied().collect::<Vec<_>>();
        assert_eq!(of(0), [Outcome::Verified]);
        assert_eq!(of(1), [Outcome::Adverse, Outcome::Undone]);
        assert_eq!(of(2), [Outcome::TimedOut]);
        assert_eq!(
            Outcome::ALL.iter().filter_map(|outcome| Outcome::parse(outcome.as_str())).count(),
            Outcome::ALL.len()
        );
    }
}
