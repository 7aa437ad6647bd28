//! Policy: the times and values by which an upgrade is judged. All are configurable, all stand in the status JSON.
//!
//! Defaults follow the upgrade guide where it speaks; the rest is said beside each field. Not for where things are
//! found: that is `suite`.

use std::time::Duration;

use super::names::{Component, Name, PerComponent};
use super::version::BuildVersion;

/// Times by which one component is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The `--timeout` that the operation is run with (upgrade guide, Rolling Update: Upgrade: 15 minutes for GIM and
    /// GSP, Helm's default of 5 minutes for GCA). Helm records the real one nowhere.
    pub helm_timeout: Duration,
    /// The same for the companion release.
    pub companion_helm_timeout: Duration,
    /// How long a pod may be without a node, or without its image where no error is told.
    pub pending_timeout: Duration,
    /// How long pulling an image may fail before it counts: a registry's hiccup.
    pub image_grace: Duration,
    /// From the operation's begin to all pods Ready. GIM's migration and first transformation job come before Ready.
    pub ready_timeout: Duration,
    /// How long pods must be Ready without a restart before they are believed.
    pub soak: Duration,
    /// From Ready to signals normal.
    pub settle_timeout: Duration,
    /// From Ready, before which a rising backlog is not held against the operation.
    pub growth_timeout: Duration,
    /// From Ready to the schema migrated.
    pub migration_timeout: Duration,
    /// How long a Ready pod may be without a sample.
    pub metrics_grace: Duration,
}

impl Times {
    /// The defaults for a component.
    #[must_use]
    pub const fn default_for(component: Component) -> Self {
        let (helm, ready) = match component {
            Component::Gim => (15, 60),
            Component::Gsp => (15, 15),
            Component::Gca => (5, 10),
        };
        Self {
            helm_timeout: Duration::from_mins(helm),
            companion_helm_timeout: Duration::from_mins(5),
            pending_timeout: Duration::from_mins(10),
            image_grace: Duration::from_mins(2),
            ready_timeout: Duration::from_mins(ready),
            soak: Duration::from_mins(2),
            settle_timeout: Duration::from_hours(2),
            growth_timeout: Duration::from_mins(30),
            migration_timeout: Duration::from_hours(1),
            metrics_grace: Duration::from_mins(5),
        }
    }

    /// Every time with its name in the configuration.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, Duration); 10] {
        [
            ("helm_timeout", self.helm_timeout),
            ("companion_helm_timeout", self.companion_helm_timeout),
            ("pending_timeout", self.pending_timeout),
            ("image_grace", self.image_grace),
            ("ready_timeout", self.ready_timeout),
            ("soak", self.soak),
            ("settle_timeout", self.settle_timeout),
            ("growth_timeout", self.growth_timeout),
            ("migration_timeout", self.migration_timeout),
            ("metrics_grace", self.metrics_grace),
        ]
    }

    fn divided(self, speed: f64) -> Self {
        let by = |span: Duration| span.div_f64(speed);
        Self {
            helm_timeout: by(self.helm_timeout),
            companion_helm_timeout: by(self.companion_helm_timeout),
            pending_timeout: by(self.pending_timeout),
            image_grace: by(self.image_grace),
            ready_timeout: by(self.ready_timeout),
            soak: by(self.soak),
            settle_timeout: by(self.settle_timeout),
            growth_timeout: by(self.growth_timeout),
            migration_timeout: by(self.migration_timeout),
            metrics_grace: by(self.metrics_grace),
        }
    }
}

/// Everything by which suites are judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Times of each component.
    pub times: PerComponent<Times>,
    /// How long after its end an operation is the suspect when its component is unhealthy.
    pub suspect_window: Duration,
    /// Operations of one suite closer together than this belong to one upgrade cycle.
    pub cycle: Duration,
    /// Latency up to which Kafka consumption counts as low.
    pub latency_ok: Duration,
    /// Latency below which no rise counts as growth.
    pub growth_floor: Duration,
    /// Length of the window of samples that the trend is read from.
    pub trend_window: Duration,
    /// How often metrics endpoints are read.
    pub signal_interval: Duration,
    /// How long a failing signal must fail before it counts, how long restarts are remembered, and the longest time
    /// by which a restart of the exporter may delay a verdict.
    pub hold: Duration,
    /// How long a stale pod must be so before it is told.
    pub stale_pod_hold: Duration,
    /// How long after Helm's last write the workloads' own word is not yet trusted: Helm may be done before their
    /// controllers have seen the change.
    pub propagation: Duration,
    /// Topics whose latency does not count, sorted.
    pub ignored_topics: Vec<Name>,
    /// The lowest `gim_server_state` that is well: Genesys's own dashboard alarms below it.
    pub server_state_min: f64,
    /// How long Flink may be without a completed checkpoint.
    pub checkpoint_timeout: Duration,
    /// How old the newest configuration event may be that GSP took from GCA.
    pub config_stale_after: Duration,
    /// How old the newest backup of the Info Mart database may be.
    pub backup_max_age: Duration,
    /// How often dependencies are asked.
    pub probe_interval: Duration,
    /// How long a dependency that answered before must fail before it counts as down, where one failure is no proof.
    pub probe_hold: Duration,
    /// How often the Info Mart database is read.
    pub database_interval: Duration,
    /// The releases that there are of each component, oldest first; empty where they are not configured.
    pub releases: PerComponent<Vec<BuildVersion>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            times: PerComponent::from_fn(Times::default_for),
            suspect_window: Duration::from_hours(24),
            cycle: Duration::from_hours(24),
            latency_ok: Duration::from_mins(5),
            growth_floor: Duration::from_mins(5),
            trend_window: Duration::from_mins(10),
            signal_interval: Duration::from_secs(15),
            hold: Duration::from_mins(10),
            stale_pod_hold: Duration::from_mins(1),
            propagation: Duration::from_secs(5),
            ignored_topics: Vec::new(),
            server_state_min: -2.0,
            checkpoint_timeout: Duration::from_mins(15),
            config_stale_after: Duration::from_hours(24),
            backup_max_age: Duration::from_hours(24),
            probe_interval: Duration::from_secs(15),
            probe_hold: Duration::from_mins(2),
            database_interval: Duration::from_mins(1),
            releases: PerComponent::default(),
        }
    }
}

impl Policy {
    /// The same policy with every time divided by `speed`, for a cluster that is played faster than real time.
    #[must_use]
    pub fn divided(&self, speed: f64) -> Self {
        let by = |span: Duration| span.div_f64(speed);
        Self {
            times: self.times.map(|_, times| times.divided(speed)),
            suspect_window: by(self.suspect_window),
            cycle: by(self.cycle),
            latency_ok: by(self.latency_ok),
            growth_floor: by(self.growth_floor),
            trend_window: by(self.trend_window),
            signal_interval: by(self.signal_interval),
            hold: by(self.hold),
            stale_pod_hold: by(self.stale_pod_hold),
            propagation: by(self.propagation),
            ignored_topics: self.ignored_topics.clone(),
            server_state_min: self.server_state_min,
            checkpoint_timeout: by(self.checkpoint_timeout),
            config_stale_after: by(self.config_stale_after),
            backup_max_age: by(self.backup_max_age),
            probe_interval: by(self.probe_interval),
            probe_hold: by(self.probe_hold),
            database_interval: by(self.database_interval),
            releases: self.releases.clone(),
        }
    }

    /// How long a signal may be silent before it counts as silent: three intervals.
    #[must_use]
    pub fn signal_silence(&self) -> Duration {
        self.signal_interval.saturating_mul(3)
    }

    /// How long a dependency may be without a probe before nothing is known of it: three intervals.
    #[must_use]
    pub fn probe_silence(&self) -> Duration {
        self.probe_interval.saturating_mul(3)
    }

    /// How long the Info Mart database may be unread before nothing is known of it: three intervals.
    #[must_use]
    pub fn database_silence(&self) -> Duration {
        self.database_interval.saturating_mul(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_timeouts_are_the_defaults() {
        let policy = Policy::default();
        assert_eq!(policy.times.gim.helm_timeout, Duration::from_mins(15));
        assert_eq!(policy.times.gsp.helm_timeout, Duration::from_mins(15));
        assert_eq!(policy.times.gca.helm_timeout, Duration::from_mins(5));
    }

    #[test]
    fn dividing_divides_every_time() {
        let policy = Policy::default();
        let fast = policy.divided(60.0);
        for ((component, times), (_, slow)) in fast.times.iter().zip(policy.times.iter()) {
            for ((name, fast), (_, slow)) in times.named().into_iter().zip(slow.named()) {
                assert_eq!(fast * 60, slow, "{component} {name}");
            }
        }
        assert_eq!(fast.suspect_window * 60, policy.suspect_window);
        assert_eq!(fast.hold * 60, policy.hold);
        assert_eq!(fast.signal_interval * 60, policy.signal_interval);
    }
}
