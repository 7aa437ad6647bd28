//! Is the schema of the Info Mart database the target's? Where the schema changes, GIM migrates it by itself, and new tables
//! and columns exist and are being populated (upgrade guide, Rolling Update: Verify the upgrade). Told by the label
//! `schema_version` of GIM's state, by the database itself, or by both.

use std::cmp::Ordering;

use super::{Context, heard};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::assessment::OperationKind;
use crate::model::database::{DatabaseReading, ObjectState};
use crate::model::names::{Component, Name};
use crate::model::source::{Freshness, SourceKind};
use crate::model::time::{Timestamp, after};
use crate::model::version::BuildVersion;

/// Answers `schema_migrated`: behind is pending until the migration timeout after Ready, and for as long as nothing needs
/// the target's schema. Does not apply where neither a version nor objects of the database are configured.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.component != Component::Gim || context.rollout.desired == 0 {
        return None;
    }
    context.facts.operation_began()?;
    let expected = &context.suite.suite.schema;
    let version = expected.version.as_ref().map(|version| by_version(context, version));
    let is_read = context.suite.suite.surroundings.info_mart.is_some() && !expected.objects.is_empty();
    let objects = is_read.then(|| by_objects(context));
    let parts: Vec<_> = [version, objects].into_iter().flatten().collect();
    let says = |state| parts.iter().any(|(says, _)| *says == state);
    let order = [CheckState::Fail, CheckState::Unknown, CheckState::Pending, CheckState::Pass];
    let found = order.into_iter().find(|state| says(*state))?;
    // What decided comes first.
    let (first, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(state, _)| *state == found);
    let due = due(context);
    let in_time = !is_required(context) || due.is_none_or(|due| !context.horizon.passed(due));
    let state = if found == CheckState::Fail && in_time { CheckState::Pending } else { found };
    let due = due.filter(|_| found == CheckState::Fail).map(|at| Evidence::MigrationDue { at });
    let evidence = first.into_iter().chain(rest).flat_map(|(_, evidence)| evidence);
    Some(Answer::new(state, due.into_iter().chain(evidence)))
}

/// Whether the build that was installed needs the target's schema: the target where one is configured; else what the
/// operation of interest installs, unless it goes back to where the schema may be older. GIM works with an older schema too.
#[must_use]
pub fn is_required(context: &Context<'_>) -> bool {
    let build = context.facts.build();
    let stands = context.suite.target(context.component).zip(build).and_then(|(target, build)| build.compare(target));
    let undoes = |kind| matches!(kind, OperationKind::Rollback | OperationKind::Downgrade);
    match stands {
        Some(order) => order != Ordering::Less,
        None => context.operation.is_some_and(|operation| operation.in_window && !undoes(operation.kind)),
    }
}

/// By when the migration must be done: Ready plus its timeout; `None` while Helm works or not all pods are Ready.
fn due(context: &Context<'_>) -> Option<Timestamp> {
    let works = context.facts.release.newest().is_some_and(|newest| newest.status.is_pending());
    let ready = context.rollout.ready_since.filter(|_| !works)?;
    Some(after(ready, context.times.migration_timeout))
}

/// By the version that GIM tells of the schema; a newer one than the target's does as well.
fn by_version(context: &Context<'_>, expected: &Name) -> (CheckState, Vec<Evidence>) {
    let readings = match heard(context) {
        Some(Ok(readings)) => readings,
        Some(Err(answer)) => return (answer.state, answer.evidence),
        None => return (CheckState::Unknown, vec![Evidence::LastSample { at: None }]),
    };
    let wanted = BuildVersion::new(expected);
    let compared = |found: &Name| BuildVersion::new(found).compare(&wanted);
    let is_behind = |found: &Name| compared(found) == Some(Ordering::Less);
    // One that has no order is neither behind nor ahead.
    let is_strange = |found: &Name| compared(found).is_none();
    let found: Vec<&Name> = readings.iter().filter_map(|reading| reading.schema_version.as_ref()).collect();
    let told = |found: &Name| vec![Evidence::Schema { found: found.clone(), expected: expected.clone() }];
    match (found.iter().find(|found| is_behind(found)), found.first()) {
        (Some(behind), _) => (CheckState::Fail, told(behind)),
        (None, Some(found)) if is_strange(found) => (CheckState::Unknown, told(found)),
        (None, Some(found)) => (CheckState::Pass, told(found)),
        (None, None) => {
            let at = readings.last().map(|reading| reading.at);
            (CheckState::Unknown, vec![Evidence::LastSample { at }])
        }
    }
}

/// By the tables and columns of the database: missing is behind, empty is not yet, not read is not known.
fn by_objects(context: &Context<'_>) -> (CheckState, Vec<Evidence>) {
    let reading = match reading(context) {
        Ok(reading) => reading,
        Err(why) => return (CheckState::Unknown, vec![why]),
    };
    let mut found: Vec<(CheckState, u8, Evidence)> = Vec::new();
    for expected in &context.suite.suite.schema.objects {
        let state = reading.objects.iter().find(|(object, _)| object == expected).map(|(_, state)| *state);
        let (says, weight) = match state {
            Some(ObjectState::Populated) => continue,
            Some(ObjectState::Missing) => (CheckState::Fail, 3),
            Some(ObjectState::Empty) => (CheckState::Pending, 1),
            _ => (CheckState::Unknown, 2),
        };
        found.push((says, weight, Evidence::SchemaObject { object: expected.spelled(), state }));
    }
    found.sort_by_key(|(_, weight, _)| std::cmp::Reverse(*weight));
    let worst = found.first().map_or(CheckState::Pass, |(says, ..)| *says);
    (worst, found.into_iter().map(|(.., evidence)| evidence).collect())
}

/// The newest read of the database, unless it is too old; else what is told of its source.
pub(super) fn reading<'a>(context: &Context<'a>) -> Result<&'a DatabaseReading, Evidence> {
    let silent = |freshness| Evidence::Source { source: SourceKind::InfoMart, freshness };
    let reading = context.suite.surroundings.info_mart.as_deref().ok_or_else(|| silent(Freshness::Starting))?;
    if context.horizon.lasted(reading.at, context.policy.database_silence()) {
        return Err(silent(Freshness::Stale));
    }
    Ok(reading)
}

/// Whether a migration may run: an index is being built, or the database that would tell is silent. Where none is configured it
/// has had its time.
#[must_use]
pub fn is_building(context: &Context<'_>) -> bool {
    let asked = context.suite.suite.surroundings.info_mart.is_some();
    reading(context).map_or(asked, |reading| reading.building_index)
}
