//! Whether two runs of a scenario said the same, one turn after the other, at about the same instants of the scenario.
//!
//! The runs read metrics at different moments of a signal interval, so a turn that rests on a sample comes sooner or later in
//! one than in the other. What one run says for less than an interval between two such turns, the other may never come to
//! say. That alone is forgiven: turns that last longer must be in both runs, in the same order.

use std::time::Duration;

use gim_upgrade_exporter::model::time::{Timestamp, between};

use super::held::Said;

/// What was said, from when after the scenario's start, and for how long, in scenario time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub said: Said,
    pub began: Duration,
    pub lasted: Duration,
}

/// How much two runs may differ.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Turns shorter than this may be in one run only.
    pub short: Duration,
    /// How far apart the same turn may begin in both.
    pub apart: Duration,
}

/// The turns of a sequence from `start` to `ends`, played `speed` times faster than written. What was said before the start
/// counts from there.
pub fn turns(sequence: &[(Timestamp, Said)], start: Timestamp, ends: Timestamp, speed: f64) -> Vec<Turn> {
    let until = sequence.iter().skip(1).map(|(at, _)| *at).chain([ends]);
    let turn = |((at, said), until): (&(Timestamp, Said), Timestamp)| Turn {
        said: *said,
        began: between(start, *at).mul_f64(speed),
        lasted: between((*at).max(start), until).mul_f64(speed),
    };
    sequence.iter().zip(until).map(turn).collect()
}

/// Whether two runs said the same.
pub fn same(one: &[Turn], other: &[Turn], tolerance: Tolerance) -> bool {
    aligned(one, other, None, tolerance)
}

/// `last` is what both runs said before: to say it again, after something that was left out, is no turn.
fn aligned(one: &[Turn], other: &[Turn], last: Option<Said>, tolerance: Tolerance) -> bool {
    match (one, other) {
        ([], []) => true,
        ([turn, rest @ ..], _) if Some(turn.said) == last => aligned(rest, other, last, tolerance),
        (_, [turn, rest @ ..]) if Some(turn.said) == last => aligned(one, rest, last, tolerance),
        _ => {
            let both = || match (one, other) {
                ([turn, rest @ ..], [twin, others @ ..]) => {
                    turn.said == twin.said
                        && turn.began.abs_diff(twin.began) <= tolerance.apart
                        && aligned(rest, others, Some(turn.said), tolerance)
                }
                _ => false,
            };
            let may_lack = |turns: &[Turn]| turns.first().is_some_and(|turn| turn.lasted < tolerance.short);
            both()
                || (may_lack(one) && aligned(&one[1..], other, last, tolerance))
                || (may_lack(other) && aligned(one, &other[1..], last, tolerance))
        }
    }
}

#[cfg(test)]
mod tests {
    use gim_upgrade_exporter::assess::assessment::{Stage, VerdictKind};

    use super::*;

    /// Turns by a letter for what is said and the seconds it lasts: `w60 p5`.
    fn parse(text: &str) -> Vec<Turn> {
        let mut began = Duration::ZERO;
        let turn = |word: &str| {
            let (letter, seconds) = word.split_at(1);
            let verdict = match letter {
                "w" => VerdictKind::Wait,
                "p" => VerdictKind::Proceed,
                _ => VerdictKind::RollBack,
            };
            let said = Said { stage: Stage::Verifying, verdict };
            let turn = Turn { said, began, lasted: Duration::from_secs(seconds.parse().unwrap()) };
            began += turn.lasted;
            turn
        };
        text.split_whitespace().map(turn).collect()
    }

    #[test]
    fn only_short_turns_may_be_missing_and_instants_little_apart() {
        let tolerance = Tolerance { short: Duration::from_secs(15), apart: Duration::from_secs(30) };
        let cases = [
            ("w60 p60", "w80 p40", true),
            ("w60 p60", "w91 p29", false),
            ("w60 p60", "w60", false),
            ("w60 p60", "p60", false),
            ("w60 p60", "p60 w60", false),
            ("w60 p14", "w60", true),
            ("w60 p15", "w60", false),
            ("w60 p5 w60", "w120", true),
            ("w60 r20 w60", "w120", false),
            ("w60 p5 r60", "w60 r60", true),
            ("w60 p5 r60", "w60 p30 r60", true),
            ("w60 p5 w5 p60", "w60 p60", true),
            ("w60 r5", "w60 p5", true),
            ("w60 r50", "w60 p50", false),
            ("", "", true),
            ("", "w60", false),
        ];
        for (left, right, expected) in cases {
            for (one, other) in [(left, right), (right, left)] {
                assert_eq!(same(&parse(one), &parse(other), tolerance), expected, "{one} | {other}");
            }
        }
    }
}
