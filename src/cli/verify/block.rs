//! The block that stands below the lines on a terminal, and is drawn anew in place. Pure: what is shown, not how.

use std::time::Duration;

use super::follow::{Follower, Moment, capital, named};
use super::lines::{Subject, advised, clock, count, moves, seconds};
use crate::config::spelled;
use crate::model::time::{Timestamp, between};

/// Width of a bar.
const WIDTH: usize = 24;

/// The lines of the block.
pub(super) fn block(follower: &Follower, subject: &Subject, now: Moment) -> Vec<String> {
    let (spent, longest) = follower.spent(now);
    let mut lines = vec![String::new()];
    match (follower.operation(), follower.standing()) {
        (Some(operation), Some(standing)) => {
            let since = seconds(between(operation.begin, now.at));
            lines.push(format!("{}, begun {since} ago", capital(&named(subject.component, operation))));
            lines.push(format!("  stage    {}", standing.stage));
            let until = standing
                .verdict
                .until
                .map_or_else(String::new, |until| format!(", at the latest until {}", clock(until)));
            lines.push(format!("  verdict  {}{until}", advised(&standing.verdict)));
            let helm = match operation.end {
                Some(end) => format!("{} done after {}", bar(1.0), seconds(between(operation.begin, end))),
                None => run(operation.begin, operation.helm_deadline, now.at),
            };
            lines.push(format!("  helm     {helm}"));
            let ready = match operation.settle_deadline {
                Some(_) => format!("{} all pods Ready", bar(1.0)),
                None => run(operation.begin, operation.ready_deadline, now.at),
            };
            lines.push(format!("  ready    {ready}"));
            let settle = match operation.settle_deadline {
                Some(deadline) => format!("{} left", seconds(between(now.at, deadline))),
                None => "begins when all pods are Ready".to_owned(),
            };
            lines.push(format!("  settle   {settle}"));
            lines.extend(standing.trend.as_ref().map(|trend| format!("  latency  {}", moves(trend))));
            lines.push(format!("  checks   {}", count(&standing.checks)));
        }
        _ => lines.push(format!("{}: nothing to follow yet", subject.place())),
    }
    lines.extend(follower.blindness().map(|why| format!("  blind    {why}")));
    lines.push(format!("  verify   {} {} of {}", bar(share(spent, longest)), seconds(spent), spelled(longest)));
    lines
}

fn run(begin: Timestamp, deadline: Timestamp, now: Timestamp) -> String {
    let (spent, longest) = (between(begin, now), between(begin, deadline));
    format!("{} {} of {}", bar(share(spent, longest)), seconds(spent), seconds(longest))
}

fn share(spent: Duration, longest: Duration) -> f64 {
    if longest.is_zero() { 1.0 } else { (spent.as_secs_f64() / longest.as_secs_f64()).min(1.0) }
}

fn bar(share: f64) -> String {
    let filled = (0..WIDTH).filter(|place| (*place as f64) < share * WIDTH as f64).count();
    format!("[{}{}]", "#".repeat(filled), "-".repeat(WIDTH - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fill_from_the_left_and_never_over() {
        assert_eq!(bar(0.0), "[------------------------]");
        assert_eq!(bar(0.5), "[############------------]");
        assert_eq!(bar(share(Duration::from_secs(9), Duration::from_secs(3))), "[########################]");
        assert_eq!(bar(share(Duration::ZERO, Duration::ZERO)), bar(1.0));
    }
}
