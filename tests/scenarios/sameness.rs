//! Whether two runs of a scenario said the same, one turn after the other.
//!
//! The runs read metrics at different moments of a signal interval, so a turn that rests on a sample comes up to an interval
//! sooner or later in one than in the other. What one run says for less than that between two such turns, the other may never
//! come to say. That alone is forgiven: turns that last longer must be in both runs, in the same order.

use std::time::Duration;

use gim_upgrade_exporter::model::time::{Timestamp, between};

use super::held::Said;

/// What was said, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub said: Said,
    pub lasted: Duration,
}

/// The turns of a sequence that was followed until `ends`, in scenario time: `speed` times as long as they lasted.
pub fn turns(sequence: &[(Timestamp, Said)], ends: Timestamp, speed: f64) -> Vec<Turn> {
    let until = sequence.iter().skip(1).map(|(at, _)| *at).chain([ends]);
    let lasted =
        |((at, said), until): (&(Timestamp, Said), _)| Turn { said: *said, lasted: between(*at, until).mul_f64(speed) };
    sequence.iter().zip(until).map(lasted).collect()
}

/// Whether two runs said the same, but for turns shorter than `short` that only one of them has.
pub fn same(one: &[Turn], other: &[Turn], short: Duration) -> bool {
    aligned(one, other, None, short)
}

/// `last` is what both runs said before: to say it again, after something that was left out, is no turn.
fn aligned(one: &[Turn], other: &[Turn], last: Option<Said>, short: Duration) -> bool {
    match (one, other) {
        ([], []) => true,
        ([turn, rest @ ..], _) if Some(turn.said) == last => aligned(rest, other, last, short),
        (_, [turn, rest @ ..]) if Some(turn.said) == last => aligned(one, rest, last, short),
        _ => {
            let both = || match (one, other) {
                ([turn, rest @ ..], [twin, others @ ..]) if turn.said == twin.said => {
                    aligned(rest, others, Some(turn.said), short)
                }
                _ => false,
            };
            let without = |turns: &[Turn]| turns.first().is_some_and(|turn| turn.lasted < short);
            both()
                || (without(one) && aligned(&one[1..], other, last, short))
                || (without(other) && aligned(one, &other[1..], last, short))
        }
    }
}

#[cfg(test)]
mod tests {
    use gim_upgrade_exporter::assess::assessment::{Stage, VerdictKind};

    use super::*;

    /// Turns by a letter for what is said and the seconds it lasts: `w60 p5`.
    fn parse(text: &str) -> Vec<Turn> {
        let turn = |word: &str| {
            let (letter, seconds) = word.split_at(1);
            let verdict = match letter {
                "w" => VerdictKind::Wait,
                "p" => VerdictKind::Proceed,
                _ => VerdictKind::RollBack,
            };
            let said = Said { stage: Stage::Verifying, verdict };
            Turn { said, lasted: Duration::from_secs(seconds.parse().unwrap()) }
        };
        text.split_whitespace().map(turn).collect()
    }

    #[test]
    fn only_short_turns_may_be_missing() {
        let cases = [
            ("w60 p60", "w80 p40", true),
            ("w60 p60", "w60", false),
            ("w60 p60", "p60", false),
            ("w60 p60", "p60 w60", false),
            ("w60 p14", "w60", true),
            ("w60 p15", "w60", false),
            ("w60 p5 w60", "w120", true),
            ("w60 r20 w60", "w120", false),
            ("w60 p5 r60", "w60 r60", true),
            ("w60 p5 r60", "w60 p60 r60", true),
            ("w60 p5 w5 p60", "w60 p60", true),
            ("w60 r5", "w60 p5", true),
            ("w60 r50", "w60 p50", false),
            ("", "", true),
            ("", "w60", false),
        ];
        for (one, other, expected) in cases {
            let (one_turns, other_turns) = (parse(one), parse(other));
            for (a, b) in [(&one_turns, &other_turns), (&other_turns, &one_turns)] {
                assert_eq!(same(a, b, Duration::from_secs(15)), expected, "{one} | {other}");
            }
        }
    }
}
