//! What goes wrong in the simulated cluster, switched while it runs, and a count of what was asked of it.
//!
//! A test sets a [`Fault`] for the requests that [`On`] describes; the API server looks it up at each request. The
//! cluster's own misfortunes (a broken image, a failed hook) are no faults: the scenario plays those.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::store::Kind;

/// How many faults may be set at once: more than any test sets, few enough to be looked through at each request.
pub const FAULTS_MAX: usize = 64;

/// What a request asks, in the words of Kubernetes's access rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// A collection, once.
    List,
    /// A collection, and its changes.
    Watch,
    /// One object.
    Get,
}

impl Verb {
    /// The verb as access rules and error messages spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Watch => "watch",
            Self::Get => "get",
        }
    }
}

/// One request, as far as faults and counts tell requests apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// What is asked.
    pub verb: Verb,
    /// Of which kind.
    pub kind: Kind,
    /// In which namespace; `None` is the whole cluster.
    pub namespace: Option<String>,
}

/// Which requests a fault is for. Every part that is not set holds for all.
#[derive(Clone, Debug, Default)]
pub struct On {
    verb: Option<Verb>,
    kind: Option<Kind>,
    scope: Scope,
    name: Option<String>,
    times: Option<u32>,
}

#[derive(Clone, Debug, Default)]
enum Scope {
    #[default]
    Any,
    Cluster,
    Namespace(String),
}

impl On {
    /// All requests.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The requests of one verb.
    #[must_use]
    pub fn verb(verb: Verb) -> Self {
        Self { verb: Some(verb), ..Self::default() }
    }

    /// Only those for this kind.
    #[must_use]
    pub const fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only those for this namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.scope = Scope::Namespace(namespace.to_owned());
        self
    }

    /// Only those for the whole cluster, as where the account has Roles and no `ClusterRole`.
    #[must_use]
    pub fn cluster_wide(mut self) -> Self {
        self.scope = Scope::Cluster;
        self
    }

    /// Only those for the object of this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only the next so many of them.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn holds(&self, asked: &Asked, name: Option<&str>) -> bool {
        self.verb.is_none_or(|verb| verb == asked.verb)
            && self.kind.is_none_or(|kind| kind == asked.kind)
            && self.times != Some(0)
            && self.name.as_deref().is_none_or(|wanted| Some(wanted) == name)
            && match &self.scope {
                Scope::Any => true,
                Scope::Cluster => asked.namespace.is_none(),
                Scope::Namespace(namespace) => asked.namespace.as_ref() == Some(namespace),
            }
    }
}

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is read and never answered.
    SilentBeforeHead,
    /// Its head comes, its body never begins.
    SilentAfterHead,
    /// Half of its body comes, then nothing. A watch, also one that runs already, falls silent for ever.
    SilentMidway,
    /// It is answered with this HTTP status and a `Status` object (500, 503; 429 says `Retry-After: 1`).
    Status(u16),
    /// It is answered 403 in a real server's words.
    Forbidden,
    /// The connection is closed instead of an answer.
    Disconnect,
    /// Its body is cut in the middle, and ends there as if that were all.
    Malformed,
    /// It is answered 200 with this body, whatever the store holds.
    Body(Bytes),
}

/// A fault that was set, to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(u64);

/// The switches and counts of one API server.
pub struct Faults {
    state: Mutex<State>,
    connections: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    rules: Vec<(FaultId, On, Fault)>,
    last_id: u64,
    token: Option<String>,
    counts: BTreeMap<Asked, u64>,
}

/// Shows neither the token nor a body that was set.
impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Faults").field("set", &self.lock().rules.len()).finish_non_exhaustive()
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self { state: Mutex::default(), connections: watch::Sender::new(0) }
    }
}

impl Faults {
    /// Sets a fault. Where several hold for a request, the one set last does; beyond [`FAULTS_MAX`] the oldest goes.
    pub fn set(&self, on: On, fault: Fault) -> FaultId {
        let mut state = self.lock();
        state.last_id += 1;
        let id = FaultId(state.last_id);
        state.rules.push((id, on, fault));
        if state.rules.len() > FAULTS_MAX {
            state.rules.remove(0);
        }
        id
    }

    /// Takes one fault back. Requests that fell silent stay so: their client must end them.
    pub fn unset(&self, id: FaultId) {
        self.lock().rules.retain(|(other, _, _)| *other != id);
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// From now on each request must carry this bearer token; any other is answered 401. `None` asks for none.
    pub fn require_token(&self, token: Option<&str>) {
        self.lock().token = token.map(str::to_owned);
    }

    /// Closes every open connection, running watches included.
    pub fn drop_connections(&self) {
        self.connections.send_modify(|count| *count += 1);
    }

    /// How often each thing was asked since the start or [`Faults::reset_counts`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Asked, u64> {
        self.lock().counts.clone()
    }

    /// How often this was asked, over all namespaces and cluster-wide.
    #[must_use]
    pub fn count(&self, verb: Verb, kind: Kind) -> u64 {
        let state = self.lock();
        state.counts.iter().filter(|(asked, _)| asked.verb == verb && asked.kind == kind).map(|(_, count)| count).sum()
    }

    /// Begins to count anew.
    pub fn reset_counts(&self) {
        self.lock().counts.clear();
    }

    /// Counts a request and tells what goes wrong with it.
    pub(super) fn meet(&self, asked: &Asked, name: Option<&str>) -> Option<Fault> {
        let mut state = self.lock();
        *state.counts.entry(asked.clone()).or_default() += 1;
        let (_, on, fault) = state.rules.iter_mut().rev().find(|(_, on, _)| on.holds(asked, name))?;
        if let Some(times) = &mut on.times {
            *times -= 1;
        }
        Some(fault.clone())
    }

    /// Whether a running watch is to fall silent now.
    pub(super) fn silences(&self, asked: &Asked) -> bool {
        let state = self.lock();
        let rule = state.rules.iter().rev().find(|(_, on, _)| on.holds(asked, None));
        rule.is_some_and(|(_, _, fault)| *fault == Fault::SilentMidway)
    }

    /// Whether the value of an `Authorization` header is good enough.
    pub(super) fn admits(&self, authorization: Option<&str>) -> bool {
        let state = self.lock();
        let Some(token) = &state.token else { return true };
        authorization.and_then(|value| value.strip_prefix("Bearer ")) == Some(token)
    }

    /// Changes when all connections are to be closed.
    pub(super) fn connections(&self) -> watch::Receiver<u64> {
        self.connections.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic of another test thread leaves nothing half done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(verb: Verb, kind: Kind, namespace: Option<&str>) -> Asked {
        Asked { verb, kind, namespace: namespace.map(str::to_owned) }
    }

    #[test]
    fn a_fault_meets_the_requests_it_is_for() {
        let list = Verb::List;
        let cases = [
            (On::all(), None, None, true),
            (On::verb(Verb::Get), None, None, false),
            (On::verb(list).kind(Kind::Pods), Some("gim"), None, true),
            (On::verb(list).kind(Kind::Jobs), Some("gim"), None, false),
            (On::all().namespace("gim"), Some("gim"), None, true),
            (On::all().namespace("gim"), Some("gsp"), None, false),
            (On::all().namespace("gim"), None, None, false),
            (On::all().cluster_wide(), None, None, true),
            (On::all().cluster_wide(), Some("gim"), None, false),
            (On::all().name("gim-0"), Some("gim"), Some("gim-0"), true),
            (On::all().name("gim-0"), Some("gim"), Some("gim-1"), false),
            (On::all().times(0), None, None, false),
        ];
        for (on, namespace, name, expected) in cases {
            let faults = Faults::default();
            faults.set(on.clone(), Fault::Forbidden);
            let met = faults.meet(&asked(list, Kind::Pods, namespace), name);
            assert_eq!(met.is_some(), expected, "{on:?} {namespace:?} {name:?}");
        }
    }

    #[test]
    fn the_last_fault_wins_and_can_be_taken_back() {
        let faults = Faults::default();
        let request = asked(Verb::Watch, Kind::Pods, None);
        faults.set(On::all(), Fault::Status(500));
        let silent = faults.set(On::verb(Verb::Watch), Fault::SilentMidway);
        assert!(faults.silences(&request));
        assert_eq!(faults.meet(&request, None), Some(Fault::SilentMidway));
        faults.unset(silent);
        assert!(!faults.silences(&request));
        assert_eq!(faults.meet(&request, None), Some(Fault::Status(500)));
        faults.clear();
        faults.set(On::all().times(1), Fault::Disconnect);
        assert_eq!(faults.meet(&request, None), Some(Fault::Disconnect));
        assert_eq!(faults.meet(&request, None), None);
        assert_eq!(faults.count(Verb::Watch, Kind::Pods), 4);
        assert_eq!(faults.count(Verb::List, Kind::Pods), 0);
        faults.reset_counts();
        assert!(faults.counts().is_empty());
    }

    #[test]
    fn a_token_is_asked_for_only_where_one_is_set() {
        let faults = Faults::default();
        assert!(faults.admits(None));
        faults.require_token(Some("t"));
        for (authorization, expected) in
            [(None, false), (Some("Bearer t"), true), (Some("Bearer u"), false), (Some("t"), false)]
        {
            assert_eq!(faults.admits(authorization), expected, "{authorization:?}");
        }
    }
}
