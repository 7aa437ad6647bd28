//! Rules that concern the whole configuration: nothing is named twice, and times fit each other.
//!
//! Not for rules of one value (`values`) or of one section (`resolve`).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Problem;
use super::span::spell;
use super::{Config, MAX_SUITES};
use crate::model::dependency::{AskAt, BackupAt, Dependency};
use crate::model::memory::{MAX_INTERVALS, MAX_TOPICS};
use crate::model::names::Component;
use crate::model::policy::Policy;
use crate::model::suite::{Endpoint, Member, Suite};
use crate::model::version::BuildVersion;

/// The shortest interval of signals: endpoints that are read more often do more serving than work.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// The shortest interval of reads of the Info Mart database, which serves others.
const MIN_DATABASE_INTERVAL: Duration = Duration::from_secs(1);
/// The most releases of one component that are listed: ten years of one a month.
const MAX_RELEASES: usize = 120;
/// The fewest samples that a trend can be read from.
const MIN_SAMPLES: u32 = 4;

/// Checks a configuration whose values are each valid.
pub(super) fn check(config: &Config) -> Result<(), Problem> {
    if config.suites.is_empty() && config.discovery.is_none() {
        return Err(Problem::new("suites", "the list is empty; write at least one suite, or leave `suites` out"));
    }
    suites(&config.suites)?;
    queries(config)?;
    policy(&config.policy)
}

fn suites(suites: &[Suite]) -> Result<(), Problem> {
    if suites.len() > MAX_SUITES {
        return Err(Problem::new(
            "suites",
            format!("more than {MAX_SUITES} suites; share them among several exporters"),
        ));
    }
    let mut names = BTreeMap::new();
    for (at, suite) in suites.iter().enumerate() {
        if let Some(first) = names.insert(&*suite.name, at) {
            let name = &suite.name;
            let what = format!("{name:?} is the name of suites[{first}] too; give each suite a name of its own");
            return Err(Problem::new(format!("suites[{at}].name"), what));
        }
    }
    releases(suites)
}

/// No release may be watched as two things, but a GSP may serve several suites.
fn releases(suites: &[Suite]) -> Result<(), Problem> {
    let mut seen = BTreeMap::new();
    for (at, suite) in suites.iter().enumerate() {
        for (component, member) in suite.members.iter() {
            let default = Member::default_for(component);
            let companion = member.companion.as_ref().map(|release| ("companion", release));
            for (role, release) in std::iter::once(("release", &member.release)).chain(companion) {
                let here = (at, component, role);
                let &mut (first, other, other_role) = seen.entry((&*member.namespace, &**release)).or_insert(here);
                let shared = component == Component::Gsp && first != at && (component, role) == (other, other_role);
                if (first, other, other_role) != here && !shared {
                    let what = format!(
                        "release {release} in namespace {} is suites[{first}].{other}.{other_role} already; \
                         name another one (only a gsp may be shared by suites)",
                        member.namespace
                    );
                    return Err(Problem::new(format!("suites[{at}].{component}.{role}"), what));
                }
                let owner = suites.get(first).map(|suite| suite.members.get(other));
                let says = |owner: &Member| member.endpoint != owner.endpoint && member.endpoint != default.endpoint;
                if shared && owner.is_some_and(says) {
                    let what = format!(
                        "suites[{first}], which has the same {component}, says where its metrics are read; leave it out here"
                    );
                    return Err(Problem::new(format!("suites[{at}].{component}.metrics"), what));
                }
            }
        }
    }
    Ok(())
}

/// Releases stand in their order, and none twice.
fn listed(releases: &[BuildVersion], field: &str) -> Result<(), Problem> {
    if releases.len() > MAX_RELEASES {
        return Err(Problem::new(field, format!("more than {MAX_RELEASES} releases; leave the oldest out")));
    }
    for (at, pair) in releases.windows(2).enumerate() {
        let [older, newer] = pair else { continue };
        let wrong = !matches!(older.compare(newer), None | Some(Ordering::Less));
        if wrong || releases.iter().skip(at.saturating_add(1)).any(|other| other.same_build(older)) {
            let what = format!("{} stands before {}; write the oldest first, each once", older.text(), newer.text());
            return Err(Problem::new(field, what));
        }
    }
    Ok(())
}

/// Whatever is asked of Prometheus needs one.
fn queries(config: &Config) -> Result<(), Problem> {
    if config.prometheus.is_some() {
        return Ok(());
    }
    for (at, suite) in config.suites.iter().enumerate() {
        let around = &suite.surroundings;
        let asked = |at: Option<&AskAt>| matches!(at, Some(AskAt::Query(_)));
        let dependency = Dependency::ALL.iter().copied().find(|&which| asked(around.dependency(which)));
        let member = suite.members.iter().find(|(_, at)| matches!(at.endpoint, Some(Endpoint::Prometheus(_))));
        let field = if let Some(dependency) = dependency {
            format!("dependencies.{dependency}.query")
        } else if matches!(around.backup, Some(BackupAt::Query(_))) {
            "backup.query".to_owned()
        } else if asked(around.aggregation.as_ref().map(|aggregation| &aggregation.at)) {
            "aggregation.query".to_owned()
        } else if let Some((component, _)) = member {
            format!("{component}.metrics.prometheus")
        } else {
            continue;
        };
        let what = "no Prometheus is configured; write `prometheus: {url: http://…}`";
        return Err(Problem::new(format!("suites[{at}].{field}"), what));
    }
    Ok(())
}

fn policy(policy: &Policy) -> Result<(), Problem> {
    if policy.signal_interval < MIN_INTERVAL {
        let what = format!("{} is too short; write {} or more", spell(policy.signal_interval), spell(MIN_INTERVAL));
        return Err(Problem::new("signals.interval", what));
    }
    for (field, interval, least) in [
        ("policy.probe_interval", policy.probe_interval, MIN_INTERVAL),
        ("policy.database_interval", policy.database_interval, MIN_DATABASE_INTERVAL),
    ] {
        if interval < least {
            let what = format!("{} is too short; write {} or more", spell(interval), spell(least));
            return Err(Problem::new(field, what));
        }
    }
    let most = u32::try_from(MAX_INTERVALS).unwrap_or(u32::MAX);
    let (shortest, longest) =
        (policy.signal_interval.saturating_mul(MIN_SAMPLES), policy.signal_interval.saturating_mul(most));
    if !(shortest..=longest).contains(&policy.trend_window) {
        let what = format!(
            "{} does not hold {MIN_SAMPLES} to {most} samples, one every {}; write {} to {}, or change signals.interval",
            spell(policy.trend_window),
            spell(policy.signal_interval),
            spell(shortest),
            spell(longest)
        );
        return Err(Problem::new("policy.trend_window", what));
    }
    for (component, releases) in policy.releases.iter() {
        listed(releases, &format!("policy.releases.{component}"))?;
    }
    if policy.ignored_topics.len() > MAX_TOPICS {
        return Err(Problem::new("policy.ignored_topics", format!("more than {MAX_TOPICS} topics; leave some out")));
    }
    Ok(())
}
