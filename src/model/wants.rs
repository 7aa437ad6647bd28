//! What should be read next: bodies of Helm's storage objects and metrics endpoints.
//!
//! The only thing that flows against the stream, from the judgement back to the observers.

use super::identity::{ResourceVersion, Uid};
use super::names::{Component, Name};
use super::time::Timestamp;

/// The body of one storage object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyWant {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub object: Name,
    /// Its UID.
    pub uid: Uid,
    /// The version of it that is wanted.
    pub resource_version: ResourceVersion,
}

/// One metrics endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointWant {
    /// For which suite.
    pub suite: Name,
    /// For which component.
    pub component: Component,
    /// The component's namespace, which names the source.
    pub namespace: Name,
    /// UID of the pod; `None` for a fixed URL.
    pub pod_uid: Option<Name>,
    /// The URL.
    pub url: Name,
}

/// A pod, as series of Prometheus name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodName {
    /// Its name, which a later pod may have too.
    pub name: Name,
    /// Its UID, which no other has.
    pub uid: Name,
    /// When it was created, by the API server's clock, in whole seconds: older samples are a former pod's.
    pub created: Timestamp,
}

/// The signals of one component, as Prometheus has them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryWant {
    /// For which suite.
    pub suite: Name,
    /// For which component.
    pub component: Component,
    /// The label matchers that select its series.
    pub matchers: Name,
    /// Its Ready pods, sorted.
    pub pods: Vec<PodName>,
    /// When the present operation began, where there is one: it is asked whether signals were there before.
    pub began: Option<Timestamp>,
}

/// What one suite wants read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Bodies, sorted.
    pub bodies: Vec<BodyWant>,
    /// Endpoints, sorted; each is read every signal interval for as long as it is wanted.
    pub endpoints: Vec<EndpointWant>,
    /// Components whose signals are read from Prometheus, sorted.
    pub queries: Vec<QueryWant>,
}
