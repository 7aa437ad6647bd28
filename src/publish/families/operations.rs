//! Families of operations: the one that is of interest, its deadlines, and those that were completed.

use super::{Family, Yields};
use crate::assess::answer::DeadlineKind;
use crate::model::time::unix_seconds;

const WHEN_CURRENT: &str = "While an operation is of interest.";

pub(super) const FAMILIES: [Family; 6] = [
    Family::gauge(
        "gim_upgrade_operation",
        "What kind of operation made the newest revision; `none` once it is of interest no more.",
        Yields::Operations(|operations, series| series.state([operations.kind.as_str()])),
    )
    .labels(&["operation"]),
    Family::seconds(
        "gim_upgrade_operation_start_timestamp_seconds",
        "When the operation began: creation of the revision.",
        Yields::Operations(|operations, series| {
            if let Some(operation) = operations.current {
                series.put([], unix_seconds(operation.begin));
            }
        }),
    )
    .when(WHEN_CURRENT),
    Family::seconds(
        "gim_upgrade_operation_end_timestamp_seconds",
        "When Helm was done with the operation.",
        Yields::Operations(|operations, series| {
            series.put_some([], operations.current.and_then(|operation| operation.end).map(unix_seconds));
        }),
    )
    .when("While an operation is of interest that Helm is done with."),
    Family::seconds(
        "gim_upgrade_operation_deadline_timestamp_seconds",
        "Deadlines of the operation: for Helm, for all pods to be Ready, for signals to be normal.",
        Yields::Operations(|operations, series| {
            if let Some(operation) = operations.current {
                let deadlines = [
                    (DeadlineKind::Helm, Some(operation.helm_deadline)),
                    (DeadlineKind::Ready, Some(operation.ready_deadline)),
                    (DeadlineKind::Settle, operation.settle_deadline),
                ];
                for (deadline, at) in deadlines {
                    series.put_some([deadline.as_str()], at.map(unix_seconds));
                }
            }
        }),
    )
    .labels(&["deadline"])
    .when(WHEN_CURRENT),
    Family::seconds(
        "gim_upgrade_operation_stage_seconds",
        "Time that the last operation spent in each stage that it has left.",
        Yields::Operations(|operations, series| {
            for witness in operations.witness.into_iter().filter(|witness| witness.whole) {
                for (stage, spent) in &witness.spent {
                    series.put([stage], spent.as_secs_f64());
                }
            }
        }),
    )
    .labels(&["stage"])
    .when("Where the operation was witnessed from its begin."),
    Family::counter(
        "gim_upgrade_operations_total",
        "Operations completed while the exporter watched.",
        Yields::Operations(|operations, series| {
            for ((operation, outcome), count) in operations.completed {
                series.put([operation, outcome], *count as f64);
            }
        }),
    )
    .labels(&["operation", "outcome"])
    .when("Once one was completed."),
];
