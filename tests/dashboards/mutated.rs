//! Mutation: each metric and each label that a query names gets another name in turn, as if it had been renamed on the page, and then
//! an answer that is not as stated, or a panel that shows something else, must tell.

use std::collections::BTreeMap;

use crate::asked::Asked;
use crate::promql::{names, renamed};
use crate::shown::{Answered, Shown, is_instant, show, wrong};

/// What a name becomes.
const OTHER: &str = "_renamed";

/// Renames every name in turn. A panel that states several things need notice it in one of them.
pub async fn every_name_counts(asked: &Asked, answers: &[Answered], fields: &[Shown]) {
    let (mut noticed, mut told, mut of) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (answered, shown) in answers.iter().zip(fields) {
        let instant = is_instant(&answered.panel);
        for (nth, (query, _)) in answered.queries.iter().enumerate() {
            let found = names(query);
            for name in found.metrics().into_iter().chain(found.labels()) {
                let other = renamed(query, name, &format!("{name}{OTHER}"));
                assert_ne!(other, *query, "{name}");
                let place = (answered.stated.dashboard.as_str(), answered.stated.panel, nth, name.to_owned());
                let is_noticed = noticed.entry(place.clone()).or_insert(false);
                // One that Prometheus refuses shows nothing.
                match asked.query(&other, instant).await {
                    Some(series) if wrong(&answered.stated.answers[nth], &series, instant).is_none() => {
                        told.push(answered.told(Some((nth, &series))));
                        of.push((place, shown));
                    }
                    _ => *is_noticed = true,
                }
            }
        }
    }
    for ((place, shown), now) in of.into_iter().zip(show(&told)) {
        *noticed.get_mut(&place).unwrap() |= now != *shown;
    }
    println!("{} names were changed", noticed.len());
    assert!(noticed.len() > 300, "only {} names were changed", noticed.len());
    let unnoticed: Vec<_> = noticed.iter().filter(|(_, is_noticed)| !**is_noticed).map(|(place, _)| place).collect();
    assert!(unnoticed.is_empty(), "may be renamed with nobody noticing: {unnoticed:#?}");
}
