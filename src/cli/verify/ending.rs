//! How following an operation ends, and with which exit code. Not for when: that is `follow`.

use serde::{Serialize, Serializer};

/// The exit code where nothing can be said; so also of wrong usage, which must not look like an operation that takes long.
pub(in crate::cli) const CANNOT_OBSERVE: u8 = 3;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Outcome {
    /// The operation is verified.
    Verified,
    /// Something is wrong: the verdict says what to do.
    Adverse,
    /// The operation was undone, replaced or taken away.
    Undone,
    /// It was not decided in time.
    TimedOut,
    /// The cluster, or the exporter, cannot be observed.
    CannotObserve,
    /// There is no operation to follow.
    NothingToFollow,
    /// SIGINT came: somebody at the keyboard.
    Interrupted,
    /// SIGTERM came.
    Terminated,
}

impl Outcome {
    const ALL: [Self; 8] = [
        Self::Verified,
        Self::Adverse,
        Self::Undone,
        Self::TimedOut,
        Self::CannotObserve,
        Self::NothingToFollow,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Its spelling, its exit code, and what it means. What a shell says of a command that a signal ended is said of one that was
    /// told to end.
    const fn row(self) -> (&'static str, u8, &'static str) {
        match self {
            Self::Verified => ("verified", 0, "the operation is verified"),
            Self::Adverse => {
                ("adverse", 1, "something is wrong; told with what to do, such as the revision to go back to")
            }
            Self::Undone => {
                ("undone", 1, "undone, replaced or removed before it was verified, or gone back without --rollback")
            }
            Self::TimedOut => ("timed_out", 2, "not decided within --timeout"),
            Self::CannotObserve => {
                let meaning = "nothing can be said: cluster or exporter is not heard, evidence is missing, wrong usage";
                ("cannot_observe", CANNOT_OBSERVE, meaning)
            }
            Self::NothingToFollow => {
                ("nothing_to_follow", CANNOT_OBSERVE, "no operation is there to follow, or none began")
            }
            Self::Interrupted => ("interrupted", 130, "stopped by SIGINT (Ctrl-C)"),
            Self::Terminated => ("terminated", 143, "stopped by SIGTERM"),
        }
    }

    /// The exit code.
    pub(in crate::cli) const fn exit_code(self) -> u8 {
        self.row().1
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.row().0)
    }
}

/// The exit codes in Markdown.
pub(in crate::cli) fn reference() -> String {
    let row = |outcome: Outcome| {
        let (name, code, meaning) = outcome.row();
        format!("| {code} | `{name}` | {meaning} |\n")
    };
    let rows: String = Outcome::ALL.into_iter().map(row).collect();
    format!("| Exit code | Outcome | Means |\n|---|---|---|\n{rows}")
}

/// The exit codes below the help.
pub(in crate::cli) fn help() -> String {
    let line = |outcome: Outcome| {
        let (_, code, meaning) = outcome.row();
        format!("\n  {code:<4} {meaning}")
    };
    format!("Exit codes:{}", Outcome::ALL.into_iter().map(line).collect::<String>())
}

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
        let of = |code: u8| Outcome::ALL.into_iter().filter(|outcome| outcome.exit_code() == code).collect::<Vec<_>>();
        assert_eq!(of(0), [Outcome::Verified]);
        assert_eq!(of(1), [Outcome::Adverse, Outcome::Undone]);
        assert_eq!(of(2), [Outcome::TimedOut]);
    }
}
