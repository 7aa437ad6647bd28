//! What is made of what watches and reads tell, and charts by their labels.

use super::*;
use crate::model::source::SourceId;

fn turned(survey: &mut Survey, kind: SourceKind, scope: Option<&str>, condition: SourceCondition) {
    survey.take(Change::SourceCondition(SourceId { kind, namespace: scope.map(Name::from) }, condition));
}

#[test]
fn a_scope_that_may_not_be_read_is_told_once() {
    let mut survey = Survey::new([Some("one".into()), Some("two".into())]);
    for condition in [SourceCondition::Forbidden, SourceCondition::Synced, SourceCondition::Forbidden] {
        turned(&mut survey, SourceKind::Helm, Some("one"), condition);
    }
    assert_eq!(survey.take_blind(), [Some("one".into())]);
    turned(&mut survey, SourceKind::Helm, Some("one"), SourceCondition::Synced);
    turned(&mut survey, SourceKind::Helm, Some("one"), SourceCondition::Forbidden);
    turned(&mut survey, SourceKind::Helm, Some("two"), SourceCondition::Forbidden);
    assert_eq!(survey.take_blind(), [Some("two".into())]);
}

#[test]
fn the_label_names_chart_and_version() {
    let cases = [
        ("gim-100.0.116_2900", Some(Chart::Gim)),
        ("gim-monitoring-100.0.1", Some(Chart::GimMonitoring)),
        ("gca-100.0.100-rc.1", Some(Chart::Gca)),
        ("gim", None),
        ("gim-monitoring", None),
        ("gimlet-1.0", None),
        ("postgresql-12.1", None),
    ];
    for (label, chart) in cases {
        assert_eq!(chart_of_label(label), chart, "{label}");
    }
}
