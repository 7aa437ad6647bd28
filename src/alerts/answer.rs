//! Answers: what a query says of the exporter's own series, as Prometheus would say it of them.
//!
//! One exporter's series have neither the cluster nor anything of a scrape; a label that is not there is empty, as it is for
//! Prometheus. Pure: the present is an argument. Not for how long something holds: that is `lifecycle`.

use std::collections::{BTreeMap, BTreeSet};

use super::query::{Aggregation, Compared, Comparison, Matcher, Query, Set};

/// Labels by name. One that is empty is not there.
pub type Labels = BTreeMap<&'static str, String>;

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels, without the family's name.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// The series by family, those of a component side by side: texts of many alerts ask for their own component's alone.
#[derive(Clone, Debug, Default)]
pub struct Series(BTreeMap<&'static str, Vec<Sample>>);

impl Series {
    /// Adds series of a family.
    pub fn extend(&mut self, family: &'static str, samples: impl IntoIterator<Item = Sample>) {
        let known = self.0.entry(family).or_default();
        for sample in samples {
            let component = component(&sample.labels);
            let place = match known.last() {
                Some(last) if component < self::component(&last.labels) => {
                    known.partition_point(|before| self::component(&before.labels) <= component)
                }
                _ => known.len(),
            };
            known.insert(place, sample);
        }
    }

    /// All of them, by family.
    pub fn families(&self) -> impl Iterator<Item = (&'static str, &[Sample])> {
        self.0.iter().map(|(family, samples)| (*family, samples.as_slice()))
    }

    /// Those of one family.
    #[must_use]
    pub fn of(&self, family: &str) -> &[Sample] {
        self.0.get(family).map_or(&[], Vec::as_slice)
    }

    /// Those of one component.
    fn of_component(&self, family: &str, wanted: (Option<&str>, Option<&str>)) -> &[Sample] {
        let series = self.of(family);
        let begin = series.partition_point(|sample| component(&sample.labels) < wanted);
        let end = series.partition_point(|sample| component(&sample.labels) <= wanted);
        series.get(begin..end).unwrap_or_default()
    }
}

fn component(labels: &Labels) -> (Option<&str>, Option<&str>) {
    (labels.get("suite").map(String::as_str), labels.get("component").map(String::as_str))
}

/// What a query is answered from.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The series.
    pub series: &'a Series,
    /// The present, in seconds since the Unix epoch.
    pub unix_seconds: f64,
    /// The labels of the alert that asks; none where a condition is asked.
    pub alert: &'a Labels,
}

impl Now<'_> {
    /// The answer, in the order of the series.
    #[must_use]
    pub fn answer(&self, query: &Query) -> Vec<Sample> {
        match query {
            Query::Number(value) => vec![Sample { labels: Labels::new(), value: *value }],
            Query::Select { family, matchers } => {
                let fits = |sample: &&Sample| matchers.iter().all(|matcher| self.matches(matcher, &sample.labels));
                self.candidates(family, matchers).iter().filter(fits).cloned().collect()
            }
            Query::Since(of) => {
                let passed = |sample: Sample| Sample { value: self.unix_seconds - sample.value, ..sample };
                self.answer(of).into_iter().map(passed).collect()
            }
            Query::Compare { of, how, number } => {
                let mut samples = self.answer(of);
                samples.retain(|sample| match how {
                    // As Prometheus does: NaN is equal to nothing.
                    #[expect(clippy::float_cmp, reason = "states are whole numbers, and meant exactly")]
                    Comparison::Equal => sample.value == *number,
                    Comparison::Above => sample.value > *number,
                });
                samples
            }
            Query::Exceeds(left, right) => {
                let limits = self.answer(right).into_iter().map(|limit| (limit.labels, limit.value));
                let limits: BTreeMap<Labels, f64> = limits.collect();
                let mut samples = self.answer(left);
                samples.retain(|sample| limits.get(&sample.labels).is_some_and(|limit| sample.value > *limit));
                samples
            }
            Query::Aggregate { how, by, of } => {
                let mut groups: BTreeMap<Labels, f64> = BTreeMap::new();
                for sample in self.answer(of) {
                    let group = groups.entry(only(&sample.labels, by)).or_insert(sample.value);
                    // A number beats NaN, as it does in Prometheus.
                    *group = match how {
                        Aggregation::Max => group.max(sample.value),
                        Aggregation::Min => group.min(sample.value),
                    };
                }
                groups.into_iter().map(|(labels, value)| Sample { labels, value }).collect()
            }
            Query::Set { of, how, by, other } => {
                let compared = |sample: &Sample| compared(&sample.labels, by);
                let others: BTreeSet<Labels> = self.answer(other).iter().map(compared).collect();
                let mut samples = self.answer(of);
                samples.retain(|sample| others.contains(&compared(sample)) == (*how == Set::And));
                samples
            }
        }
    }

    /// The series among which those are that match, as few as are easily told.
    fn candidates(&self, family: &str, matchers: &[Matcher]) -> &[Sample] {
        let all = self.series.of(family);
        let same = |label| matchers.contains(&Matcher::Same(label));
        // What has no component is everybody's.
        let owned = |labels: &Labels| matches!(component(labels), (Some(_), Some(_)));
        if same("suite") && same("component") && all.first().is_some_and(|first| owned(&first.labels)) {
            return self.series.of_component(family, component(self.alert));
        }
        all
    }

    fn matches(&self, matcher: &Matcher, labels: &Labels) -> bool {
        let value = |label| labels.get(label).map_or("", String::as_str);
        match matcher {
            Matcher::OneOf(label, values) => values.contains(&value(label)),
            Matcher::Not(label, other) => value(label) != *other,
            // The cluster is not on the exporter's own series, whatever the alert says.
            Matcher::Same(label) => !labels.contains_key(label) || Some(&value(label)) == self.alert(label).as_ref(),
        }
    }

    fn alert(&self, label: &str) -> Option<&str> {
        self.alert.get(label).map(String::as_str)
    }
}

fn compared(labels: &Labels, by: &Compared) -> Labels {
    match by {
        Compared::On(names) => only(labels, names),
        Compared::Ignoring(names) => {
            let left = labels.iter().filter(|(name, _)| !names.contains(name));
            left.map(|(name, value)| (*name, value.clone())).collect()
        }
    }
}

fn only(labels: &Labels, names: &[&'static str]) -> Labels {
    names.iter().filter_map(|name| Some((*name, labels.get(name)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::query::{select, since};

    fn series() -> Series {
        let mut series = Series::default();
        let mut put = |family, labels: &[(&'static str, &str)], value| {
            let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            series.extend(family, [Sample { labels, value }]);
        };
        for (component, check, value) in [("gim", "a", 0.0), ("gim", "b", 1.0), ("gsp", "a", f64::NAN)] {
            put("check", &[("suite", "s"), ("component", component), ("check", check)], value);
        }
        for (component, verdict) in [("gim", "roll_back"), ("gsp", "wait")] {
            put("verdict", &[("suite", "s"), ("component", component), ("verdict", verdict)], 1.0);
        }
        put("began", &[("suite", "s"), ("component", "gim")], 100.0);
        put("limit", &[("suite", "s"), ("component", "gim")], 50.0);
        series
    }

    /// The answer as `component value`, at second 160.
    fn answered(query: &Query) -> Vec<String> {
        let alert = [("component", "gsp".to_owned())].into();
        let now = Now { series: &series(), unix_seconds: 160.0, alert: &alert };
        let line = |sample: Sample| {
            let component = sample.labels.get("component").map_or("-", String::as_str);
            format!("{component} {}", sample.value)
        };
        now.answer(query).into_iter().map(line).collect()
    }

    /// Of many components the own one's are found, in whatever order they came.
    #[test]
    fn texts_ask_for_their_own_component() {
        let mut series = Series::default();
        for (suite, value) in [("c", 3.0), ("a", 1.0), ("b", 2.0), ("a", 4.0)] {
            for component in ["gsp", "gim"] {
                let labels = [("suite", suite), ("component", component)].map(|(name, value)| (name, value.to_owned()));
                series.extend("check", [Sample { labels: labels.into(), value }]);
            }
        }
        series.extend("source", [Sample { labels: Labels::new(), value: 7.0 }]);
        let values = |family, suite: &str| -> Vec<f64> {
            let alert = [("suite", suite.to_owned()), ("component", "gim".to_owned())].into();
            let now = Now { series: &series, unix_seconds: 0.0, alert: &alert };
            now.answer(&select(family).of_same(&["suite", "component"])).iter().map(|sample| sample.value).collect()
        };
        assert_eq!(values("check", "a"), [1.0, 4.0]);
        assert_eq!(values("check", "c"), [3.0]);
        assert_eq!(values("check", "d"), [0.0; 0]);
        assert_eq!(values("source", "a"), [7.0], "what has no component is everybody's");
    }

    #[test]
    fn queries_are_answered_as_prometheus_does() {
        let check = || select("check");
        let cases: &[(Query, &[&str])] = &[
            (Query::Number(1.0), &["- 1"]),
            (check().is("check", "a"), &["gim 0", "gsp NaN"]),
            (check().is_not("check", "a"), &["gim 1"]),
            (check().is("nothing", "a"), &[]),
            (check().of_same(&["component"]), &["gsp NaN"]),
            (check().equals(0.0), &["gim 0"]),
            (check().max_by(&[]), &["gim 1", "gsp NaN"]),
            (check().min_by(&["check"]), &["gim 0", "gsp NaN", "gim 1"]),
            (check().is("check", "a").and(select("verdict").is("verdict", "wait")), &["gsp NaN"]),
            (check().is("check", "a").unless(select("verdict").is("verdict", "wait")), &["gim 0"]),
            (
                check().unless_of_same_exporter(&["check", "verdict"], select("verdict").is("verdict", "wait")),
                &["gim 0", "gim 1"],
            ),
            (since(select("began")), &["gim 60"]),
            (since(select("began")).above(60.0), &[]),
            (since(select("began")).exceeds(select("limit")), &["gim 60"]),
            (since(select("began")).exceeds(select("nothing")), &[]),
            (select("limit").exceeds(since(select("began"))), &[]),
        ];
        for (query, expected) in cases {
            assert_eq!(answered(query), *expected, "{}", query.promql("cluster"));
        }
    }
}
