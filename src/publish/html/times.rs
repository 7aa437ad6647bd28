//! Instants on the page: absolute in UTC, with the age or the time left beside them where the reader's clock can follow.
//!
//! `page.js` spells ages as [`Times::ago`] does, every second.

use std::time::Duration;

use maud::{Markup, html};

use super::words::{machine, span};
use crate::model::time::{Timestamp, between};

/// Bytes of an instant in a sentence, such as `2027-01-15T08:16:40Z`.
const INSTANT_BYTES: usize = 20;

/// How instants are told.
#[derive(Clone, Copy)]
pub struct Times {
    /// The day whose instants are told without their date.
    pub judged: Timestamp,
    /// Now; `None` where ages are left to whoever shows them.
    pub now: Option<Timestamp>,
}

impl Times {
    /// The instant alone.
    pub fn at(self, at: Timestamp) -> Markup {
        let same_day = at.as_second().div_euclid(86_400) == self.judged.as_second().div_euclid(86_400);
        let form = if same_day { "%H:%M:%S UTC" } else { "%-d %b %Y %H:%M:%S UTC" };
        html! { time datetime=(machine(at)) { (at.strftime(form).to_string()) } }
    }

    /// The instant, and how long ago or ahead it is.
    pub fn both(self, at: Timestamp) -> Markup {
        html! { (self.at(at)) " " (self.ago(at)) }
    }

    /// How long ago or ahead an instant is.
    pub fn ago(self, at: Timestamp) -> Markup {
        let told = self.now.map(|now| {
            if is_ahead(at, now) {
                format!("in {}", span(between(now, at)))
            } else {
                format!("{} ago", span(between(at, now)))
            }
        });
        html! { span.ago data-at=(machine(at)) { (told.unwrap_or_default()) } }
    }

    /// How long it is until an instant, as a countdown.
    pub fn left(self, at: Timestamp) -> Markup {
        let told = self.now.map(|now| {
            if at > now {
                format!("{} left", span(between(now, at)))
            } else {
                format!("over for {}", span(between(at, now)))
            }
        });
        html! { span.left data-left=(machine(at)) { (told.unwrap_or_default()) } }
    }

    /// A sentence, the instants in it told as all others are.
    pub fn sentence(self, sentence: &str) -> Markup {
        let mut rest = sentence;
        html! {
            @while let Some((before, at, after)) = first_instant(rest) {
                (before) (self.both(at))
                ({ rest = after; "" })
            }
            (rest)
        }
    }
}

/// Whether an instant is yet to come: clocks differ by a moment, and what was just judged was not judged in the future.
fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    between(now, at) > Duration::from_secs(1)
}

/// What stands before the first instant, the instant, and what stands after it.
fn first_instant(text: &str) -> Option<(&str, Timestamp, &str)> {
    text.match_indices("20").find_map(|(begin, _)| {
        let at = text.get(begin..begin + INSTANT_BYTES).filter(|word| word.ends_with('Z'))?.parse().ok()?;
        Some((text.get(..begin)?, at, text.get(begin + INSTANT_BYTES..)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::fixture::at;

    #[test]
    fn instants_are_told_with_their_age() {
        let times = Times { judged: at(0), now: Some(at(100)) };
        let both = |seconds| times.both(at(seconds)).into_string();
        assert_eq!(
            both(40),
            "<time datetime=\"2027-01-15T08:00:40Z\">08:00:40 UTC</time> \
             <span class=\"ago\" data-at=\"2027-01-15T08:00:40Z\">1 min ago</span>"
        );
        assert!(both(101).ends_with(">0 s ago</span>"), "{}", both(101));
        assert!(both(3_750).ends_with(">in 1 h</span>"), "{}", both(3_750));
        assert!(both(-86_400).contains(">14 Jan 2027 08:00:00 UTC</time>"), "{}", both(-86_400));
        assert!(times.left(at(190)).into_string().ends_with(">1 min 30 s left</span>"));
        assert!(times.left(at(90)).into_string().ends_with(">over for 10 s</span>"));
        let untold = Times { now: None, ..times };
        assert!(untold.both(at(40)).into_string().ends_with("\"></span>"));
    }

    #[test]
    fn sentences_keep_all_but_their_instants() {
        let times = Times { judged: at(0), now: None };
        let told = |sentence: &str| times.sentence(sentence).into_string();
        assert_eq!(
            told("Pod 2020 <b> of 20.x is 2027-01-15T99:00:00Z."),
            "Pod 2020 &lt;b&gt; of 20.x is 2027-01-15T99:00:00Z."
        );
        let two = told("From 2027-01-15T08:00:00Z to 2027-01-15T08:01:00Z, ü20");
        assert_eq!(two.matches("<time").count(), 2);
        assert!(two.starts_with("From <time") && two.ends_with("</span>, ü20"), "{two}");
    }
}
