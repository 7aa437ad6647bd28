//! Families of Helm's release history: the newest revision of the component's release and of its companion's.

use super::{Family, Yields};
use crate::model::time::unix_seconds;

/// The labels that tell a release.
const RELEASE: &[&str] = &["target_namespace", "release", "role"];
const WHEN_READ: &str = "Once the newest revision's body was read.";
const WHEN_RELEASED: &str = "While there is a revision.";

pub(super) const FAMILIES: [Family; 8] = [
    Family::info(
        "gim_upgrade_release_info",
        "The chart that the newest revision installs.",
        Yields::Helm(|helm, series| {
            for release in helm.releases() {
                if let Some(body) = release.newest.body() {
                    let (chart, version) = (&*body.chart, &*body.chart_version);
                    let role = release.role.as_str();
                    series.state([release.namespace, release.name, role, chart, version, &body.app_version]);
                }
            }
        }),
    )
    .labels(&["target_namespace", "release", "role", "chart", "chart_version", "app_version"])
    .when(WHEN_READ),
    Family::gauge(
        "gim_upgrade_release_revision",
        "Number of the newest revision.",
        Yields::Helm(|helm, series| {
            for release in helm.releases() {
                series.put([release.namespace, release.name, release.role.as_str()], release.newest.revision.into());
            }
        }),
    )
    .labels(RELEASE)
    .when(WHEN_RELEASED),
    Family::seconds(
        "gim_upgrade_release_helm_timeout_seconds",
        "The time that Helm is given by the policy; the real --timeout is recorded nowhere.",
        Yields::Helm(|helm, series| {
            for release in helm.releases() {
                let seconds = release.helm_timeout.as_secs_f64();
                series.put([release.namespace, release.name, release.role.as_str()], seconds);
            }
        }),
    )
    .labels(RELEASE)
    .when(WHEN_RELEASED),
    Family::gauge(
        "gim_upgrade_release_status",
        "Helm's status of the newest revision; the current one only.",
        Yields::Helm(|helm, series| {
            for release in helm.releases() {
                let status = release.newest.status.as_str();
                series.state([release.namespace, release.name, release.role.as_str(), status]);
            }
        }),
    )
    .labels(&["target_namespace", "release", "role", "status"])
    .when(WHEN_RELEASED),
    Family::seconds(
        "gim_upgrade_release_updated_timestamp_seconds",
        "When Helm last wrote the newest revision, by the API server's clock.",
        Yields::Helm(|helm, series| {
            for release in helm.releases() {
                let updated = unix_seconds(release.newest.written);
                series.put([release.namespace, release.name, release.role.as_str()], updated);
            }
        }),
    )
    .labels(RELEASE)
    .when(WHEN_RELEASED),
    Family::seconds(
        "gim_upgrade_release_pending_since_timestamp_seconds",
        "When the newest revision was created, while Helm works on it or was killed while it did.",
        Yields::Helm(|helm, series| {
            for release in helm.releases().filter(|release| release.newest.status.is_pending()) {
                let since = unix_seconds(release.newest.created);
                series.put([release.namespace, release.name, release.role.as_str()], since);
            }
        }),
    )
    .labels(RELEASE)
    .when("While the newest revision's status is one of `pending-*`."),
    Family::gauge(
        "gim_upgrade_release_hook_status",
        "How a hook of the newest revision went; the current phase only.",
        Yields::Helm(|helm, series| {
            for release in helm.releases() {
                for hook in release.newest.body().into_iter().flat_map(|body| &body.hooks) {
                    let (role, phase) = (release.role.as_str(), hook.phase.as_str());
                    series.state([release.namespace, release.name, role, &hook.name, &hook.event, phase]);
                }
            }
        }),
    )
    .labels(&["target_namespace", "release", "role", "hook", "event", "phase"])
    .when(WHEN_READ),
    Family::gauge(
        "gim_upgrade_releases_behind",
        "How many of the listed releases the component is behind the newest; up to two are supported.",
        Yields::Judgement(|judgement, series| {
            series.put_some([], judgement.releases_behind.map(f64::from));
        }),
    )
    .when("Where releases are listed and the build is one of them or has an order."),
];
