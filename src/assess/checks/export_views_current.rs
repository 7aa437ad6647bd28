//! Do the export views show the target's schema? After a migration they stay as they were until GIM's job is run by hand with
//! `-make-export-views` (upgrade guide, Update export views). An advisory: nothing but exports suffers.

use super::{Context, schema_migrated};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::database::SchemaObject;
use crate::model::names::Component;

/// Answers `export_views_current`; does not apply where no export views are configured, or before the schema is the
/// target's.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let suite = &context.suite.suite;
    let expected = &suite.schema.export_views;
    if context.component != Component::Gim || suite.surroundings.info_mart.is_none() || expected.is_empty() {
        return None;
    }
    let migrated = schema_migrated::answer(context)
        .map_or(schema_migrated::is_required(context), |answer| answer.state == CheckState::Pass);
    if !migrated {
        return None;
    }
    let reading = match schema_migrated::reading(context) {
        Ok(reading) => reading,
        Err(why) => return Some(Answer::new(CheckState::Unknown, [why])),
    };
    let exists =
        |wanted: &SchemaObject| reading.export_views.iter().find(|(view, _)| view == wanted).map(|(_, exists)| *exists);
    let of = |state: Option<bool>| {
        let views = expected.iter().filter(move |view| exists(view) == state);
        views.map(move |view| Evidence::ExportView { view: view.spelled(), exists: state })
    };
    let state = if of(Some(false)).next().is_some() {
        CheckState::Fail
    } else if of(None).next().is_some() {
        CheckState::Unknown
    } else {
        CheckState::Pass
    };
    Some(Answer::new(state, of(Some(false)).chain(of(None))))
}
