//! Objects: from the JSON of the Kubernetes API to the types of `model`, keeping only the fields that are used.
//!
//! Narrow on purpose: a page of 500 pods is thirty times larger as generated types. Unknown fields are skipped, nulls read
//! as if they were not there, and what cannot do without names the field that is missing. Pure: what is done about an
//! object that cannot be read is the watch's business.

mod backups;
mod config_maps;
mod metadata;
mod pods;
mod revisions;
mod workloads;

use thiserror::Error;

use super::intern::Interner;
use crate::model::config_map::ConfigMap;
use crate::model::release::Revision;
use crate::model::workload::{Pod, ReplicaSet, Workload};

pub use self::metadata::{Identity, Text, identity};

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not JSON, or a field of another type than Kubernetes has. The text holds nothing of the object itself.
    #[error("not understood at line {line} column {column}")]
    Json {
        /// Line, 1 first.
        line: usize,
        /// Column, 1 first.
        column: usize,
    },
    /// A field that is always there is not.
    #[error("field {0} is missing")]
    Missing(&'static str),
    /// A field's text does not say what it must.
    #[error("field {0} cannot be read")]
    Unreadable(&'static str),
    /// An object of Helm's storage that Helm did not make.
    #[error("label owner is not helm")]
    NotHelm,
}

impl From<serde_json::Error> for DecodeError {
    /// Drops the message: it repeats values, and an object may be a Secret.
    fn from(error: serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }
}

/// Reads a `v1` `Pod`.
pub fn pod(json: &[u8]) -> Result<Pod, DecodeError> {
    pods::pod(json, &mut Interner::default())
}

/// Reads an `apps/v1` `StatefulSet`.
pub fn stateful_set(json: &[u8]) -> Result<Workload, DecodeError> {
    workloads::stateful_set(json, &mut Interner::default())
}

/// Reads an `apps/v1` `Deployment`.
pub fn deployment(json: &[u8]) -> Result<Workload, DecodeError> {
    workloads::deployment(json, &mut Interner::default())
}

/// Reads a `batch/v1` `Job`.
pub fn job(json: &[u8]) -> Result<Workload, DecodeError> {
    workloads::job(json, &mut Interner::default())
}

/// Reads an `apps/v1` `ReplicaSet`.
pub fn replica_set(json: &[u8]) -> Result<ReplicaSet, DecodeError> {
    workloads::replica_set(json, &mut Interner::default())
}

/// Reads the metadata of a `v1` `ConfigMap`; its data is skipped.
pub fn config_map(json: &[u8]) -> Result<ConfigMap, DecodeError> {
    config_maps::config_map(json, &mut Interner::default())
}

/// Reads the metadata of an object of Helm's storage, a Secret or a `ConfigMap`; its data is skipped.
pub fn revision(json: &[u8]) -> Result<Revision, DecodeError> {
    revisions::revision(json, &mut Interner::default())
}

/// The same, with texts shared across the objects of one watch.
pub(super) mod interning {
    pub(in crate::observe) use super::backups::{cron_job_run, job_run};
    pub(in crate::observe) use super::config_maps::config_map;
    pub(in crate::observe) use super::pods::pod;
    pub(in crate::observe) use super::revisions::revision;
    pub(in crate::observe) use super::workloads::{deployment, job, replica_set, stateful_set};
}
