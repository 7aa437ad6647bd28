//! Families that say which components there are and where.

use super::{Family, Yields};

pub(super) const FAMILIES: [Family; 2] = [
    Family::info(
        "gim_upgrade_component_info",
        "A component that is watched, the namespace it is in, and how it came to be watched.",
        Yields::Place(|place, series| series.state([&*place.member.namespace, place.member.origin.as_str()])),
    )
    .labels(&["target_namespace", "origin"])
    .when("Under the suite that owns the component, as all families but the next."),
    Family::gauge(
        "gim_upgrade_suite_member",
        "The suite under which a component of a suite is judged and exposed.",
        Yields::Member(|place, series| series.state([place.member.owner.as_ref().unwrap_or(place.suite)])),
    )
    .labels(&["owner"]),
];
