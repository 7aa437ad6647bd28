//! Policy: the times and values by which an upgrade is judged. All are configurable, all stand in the status JSON.
//!
//! Defaults follow the upgrade guide where it speaks; the rest is said beside each field. Not for where things are
//! found: that is `suite`.

use std::time::Duration;

use super::names::{Component, Name, PerComponent};
use super::version::BuildVersion;

/// Declares a struct of which every duration is named once: told by its name, and divided with the others.
macro_rules! timed {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            durations { $($(#[$doc:meta])+ $duration:ident,)+ }
            others { $($(#[$note:meta])+ $other:ident: $kind:ty,)* }
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[$doc])+ pub $duration: Duration,)+
            $($(#[$note])+ pub $other: $kind,)*
        }

        impl $name {
            /// Every duration of it with its name.
            #[must_use]
            pub const fn named(&self) -> [(&'static str, Duration); [$(stringify!($duration)),+].len()] {
                [$((stringify!($duration), self.$duration)),+]
            }

            fn divide(&mut self, speed: f64) {
                $(self.$duration = self.$duration.div_f64(speed);)+
            }
        }
    };
}

timed! {
    /// Times by which one component is judged.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Times {
        durations {
            /// The `--timeout` that the operation is run with (upgrade guide, Rolling Update: Upgrade: 15 minutes for GIM and
            /// GSP, Helm's default of 5 minutes for GCA). Helm records the real one nowhere.
            helm_timeout,
            /// The same for the companion release.
            companion_helm_timeout,
            /// How long a pod may be without a node, or without its image where no error is told.
            pending_timeout,
            /// How long pulling an image may fail before it counts: a registry's hiccup.
            image_grace,
            /// From the operation's begin to all pods Ready. GIM's migration and first transformation job come before Ready.
            ready_timeout,
            /// How long pods must be Ready without a restart before they are believed.
            soak,
            /// From Ready to signals normal.
            settle_timeout,
            /// From Ready, before which a rising backlog is not held against the operation.
            growth_timeout,
            /// From Ready to the schema migrated.
            migration_timeout,
            /// How long a Ready pod may be without a sample.
            metrics_grace,
        }
        others {}
    }
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
}

timed! {
    /// Everything by which suites are judged.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Policy {
        durations {
            /// How long after its end an operation is the suspect when its component is unhealthy.
            suspect_window,
            /// Operations of one suite closer together than this belong to one upgrade cycle.
            cycle,
            /// Latency up to which Kafka consumption counts as low.
            latency_ok,
            /// Latency below which no rise counts as growth.
            growth_floor,
            /// Length of the window of samples that the trend is read from.
            trend_window,
            /// How often metrics endpoints are read.
            signal_interval,
            /// How long a failing signal must fail before it counts, how long restarts are remembered, and the longest time
            /// by which a restart of the exporter may delay a verdict.
            hold,
            /// How long a stale pod must be so before it is told.
            stale_pod_hold,
            /// How long after Helm's last write the workloads' own word is not yet trusted: Helm may be done before their
            /// controllers have seen the change.
            propagation,
            /// How long Flink may be without a completed checkpoint.
            checkpoint_timeout,
            /// How old the newest configuration event may be that GSP took from GCA.
            config_stale_after,
            /// How old the newest backup of the Info Mart database may be.
            backup_max_age,
            /// How often dependencies are asked.
            probe_interval,
            /// How long a dependency that answered before must fail before it counts as down, where one failure is no proof.
            probe_hold,
            /// How often the Info Mart database is read.
            database_interval,
        }
        others {
            /// Times of each component.
            times: PerComponent<Times>,
            /// Topics whose latency does not count, sorted.
            ignored_topics: Vec<Name>,
            /// The lowest `gim_server_state` that is well: Genesys's own dashboard alarms below it.
            server_state_min: f64,
            /// The releases that there are of each component, oldest first; empty where they are not configured.
            releases: PerComponent<Vec<BuildVersion>>,
        }
    }
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
        let mut faster = self.clone();
        faster.divide(speed);
        for &component in Component::ALL {
            faster.times.get_mut(component).divide(speed);
        }
        faster
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
        let times = |policy: &Policy| {
            let of_components = policy.times.iter().flat_map(|(_, times)| times.named()).collect::<Vec<_>>();
            [policy.named().to_vec(), of_components].concat()
        };
        for ((name, fast), (_, slow)) in times(&fast).into_iter().zip(times(&policy)) {
            assert!((fast * 60).abs_diff(slow) < Duration::from_micros(1), "{name}: {fast:?} {slow:?}");
        }
    }
}
