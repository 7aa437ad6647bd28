//! Discovery: finds the releases of the charts of Genesys Info Mart, whatever they are called.
//!
//! Watches the metadata of Helm's storage, and reads one body of each release, once, for the name of its chart. Where any
//! of that is not to be read, or may not be, the label `helm.sh/chart` of workloads tells the same. Not for what all that
//! amounts to: that is `survey`. Not for making suites of what is found: that is `model::discovery`.

mod survey;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use self::survey::{Answer, Place, Survey};
use super::client::ApiClient;
use super::fetch::FetchError;
use super::helm::{GETS_AT_ONCE, Outcome, read_body};
use super::interest::Interest;
use super::targets::{all_revisions, deployments, stateful_sets};
use super::timing::Timing;
use super::watch::{Shared, Target, watch};
use super::{Ended, LISTS_AT_ONCE};
use crate::model::discovery::{Chart, Discovery, Found};
use crate::model::names::Name;
use crate::model::scope::{HelmAccess, HelmDriver};
use crate::model::source::ErrorKind;
use crate::model::wants::BodyWant;
use crate::model::workload::Workload;

/// How many changes may wait.
const CHANGES: usize = 64;

/// What the search is given.
pub struct Search {
    /// The client.
    pub api: ApiClient,
    /// Where Helm keeps its releases.
    pub driver: HelmDriver,
    /// Whether they may be read. Where not, none is asked for.
    pub access: HelmAccess,
    /// Where to look.
    pub discovery: Discovery,
    /// How long to wait for what.
    pub timing: Timing,
    /// What was found; `None` until all of it was looked at once.
    pub found: watch::Sender<Option<Arc<BTreeSet<Found>>>>,
}

/// A release, the object that was read of it, and what came of that.
type Answered = (Place, Name, Result<Outcome, FetchError>);

/// The search at work.
struct Finder {
    shared: Shared,
    driver: HelmDriver,
    survey: Survey,
    reads: FuturesUnordered<BoxFuture<'static, Answered>>,
    found: watch::Sender<Option<Arc<BTreeSet<Found>>>>,
}

/// Searches until something ends that must not. Dropping the future stops it.
pub async fn discover(search: Search) -> Ended {
    let Search { api, driver, access, discovery, timing, found } = search;
    let (changes, mut heard) = mpsc::channel(CHANGES);
    let shared = Shared {
        api,
        timing,
        interest: Arc::new(Interest::everything()),
        lists: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
        changes,
    };
    let scopes: Vec<Option<Name>> = match discovery.namespaces {
        namespaces if namespaces.is_empty() => vec![None],
        namespaces => namespaces.into_iter().map(Some).collect(),
    };
    let mut tasks: JoinSet<Ended> = JoinSet::new();
    if access == HelmAccess::Read {
        for scope in &scopes {
            start(&mut tasks, all_revisions(scope.clone(), driver), &shared);
        }
    }
    let survey = Survey::new(scopes, access);
    let mut finder = Finder { shared, driver, survey, reads: FuturesUnordered::new(), found };
    loop {
        for scope in finder.survey.take_blind() {
            start(&mut tasks, by_label(stateful_sets(scope.clone())), &finder.shared);
            start(&mut tasks, by_label(deployments(scope)), &finder.shared);
        }
        let again = finder.survey.next_try(finder.room());
        tokio::select! {
            Some(change) = heard.recv() => finder.survey.take(change),
            Some((place, object, outcome)) = finder.reads.next() => finder.finish(&place, object, outcome),
            () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {}
            Some(ended) = tasks.join_next() => return ended.unwrap_or_else(Ended::from),
        }
        finder.start_reads();
        finder.tell();
    }
}

fn start<T: Send + 'static>(tasks: &mut JoinSet<Ended>, target: Target<T>, shared: &Shared) {
    let shared = shared.clone();
    tasks.spawn(async move { watch(target, shared).await.into() });
}

/// The same workloads, of which the labels are enough.
fn by_label(target: Target<Workload>) -> Target<Workload> {
    Target { metadata_only: true, ..target }
}

impl Finder {
    /// How many more bodies may be read at once.
    fn room(&self) -> usize {
        GETS_AT_ONCE.saturating_sub(self.reads.len())
    }

    fn start_reads(&mut self) {
        for (place, object) in self.survey.start_reads(Instant::now(), self.room()) {
            let (shared, driver) = (self.shared.clone(), self.driver);
            let want = BodyWant {
                namespace: place.0.clone(),
                object: object.clone(),
                uid: "".into(),
                resource_version: "".into(),
            };
            self.reads.push(Box::pin(async move {
                let outcome = read_body(&shared, driver, &want).await;
                (place, object, outcome)
            }));
        }
    }

    fn finish(&mut self, place: &Place, object: Name, outcome: Result<Outcome, FetchError>) {
        // Gone while it was read, it is not brought back.
        let Some(failures) = self.survey.failures(place) else { return };
        let what = format!("{}/{object}", place.0);
        let answer = match outcome {
            Ok(Outcome::Read(Ok(body), _)) => Answer::Chart(Chart::parse(&body.chart)),
            Ok(Outcome::Read(Err(error), _)) => {
                tracing::warn!(%error, "{what}: its chart cannot be told");
                Answer::Unusable
            }
            // The watch will say so.
            Ok(Outcome::Gone) => Answer::Unusable,
            Err(error) => {
                let failures = failures.saturating_add(1);
                let timing = &self.shared.timing;
                let forbidden = error.kind() == ErrorKind::Forbidden;
                if failures == 1 {
                    tracing::warn!(%error, "{what}: its chart cannot be read");
                }
                let longest = if forbidden { timing.forbidden } else { timing.backoff_longest };
                let pause = timing.backoff_up_to(failures, longest).max(error.retry_after().unwrap_or_default());
                if forbidden { Answer::Forbidden(pause) } else { Answer::Failed(pause) }
            }
        };
        self.survey.answered(place, object, answer, Instant::now());
    }

    fn tell(&mut self) {
        let Some(found) = self.survey.finding() else { return };
        self.found.send_if_modified(|told| {
            let is_new = told.as_deref() != Some(&found);
            if is_new {
                *told = Some(Arc::new(found));
            }
            is_new
        });
    }
}
