//! Streaming: one watch from a resource version to its end, event by event.

use http_body_util::BodyExt;
use kube::api::WatchParams;
use serde_json::value::RawValue;

use super::lines::{Lines, MAX_LINE_BYTES, TooLong};
use super::{Stop, Watch};
use crate::index::change::Delta;
use crate::model::source::ErrorKind;
use crate::observe::fetch::FetchError;
use crate::observe::objects::{Identity, identity};

#[derive(serde::Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: EventKind,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Kinds of events (Kubernetes API concepts, Efficient detection of changes).
#[derive(serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EventKind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
    #[serde(other)]
    Unknown,
}

impl From<TooLong> for FetchError {
    fn from(_: TooLong) -> Self {
        Self::TooLarge(MAX_LINE_BYTES)
    }
}

impl<T> Watch<T> {
    /// Watches from `version` until the API server ends the watch, and keeps `version` at the last event. Gives whether
    /// there was any.
    pub(super) async fn stream(&mut self, version: &mut String) -> Result<bool, Stop> {
        let params = WatchParams {
            label_selector: self.target.labels.clone(),
            field_selector: self.target.fields.clone(),
            timeout: Some(self.shared.timing.watch_seconds()),
            bookmarks: true,
            ..WatchParams::default()
        };
        let request = if self.target.metadata_only {
            self.request.watch_metadata(&params, version)
        } else {
            self.request.watch(&params, version)
        };
        let contact = std::sync::Arc::clone(self.reporter.contact());
        let mut body = self.shared.api.send(request?, Some(&contact)).await?;
        self.patience.answered();
        self.reporter.well().await?;
        let mut lines = Lines::default();
        let mut heard = false;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| FetchError::transport(&error))?;
            lines.push(frame.data_ref().map_or(&[][..], |data| data));
            while let Some(line) = lines.next()? {
                self.event(&line, version).await?;
                self.patience.went_well();
                heard = true;
            }
        }
        if lines.is_partial() {
            return Err(FetchError::Connect("watch ended inside an event".into()).into());
        }
        Ok(heard)
    }

    async fn event(&mut self, line: &[u8], version: &mut String) -> Result<(), Stop> {
        if line.is_empty() {
            return Ok(());
        }
        let Event { kind, object } = serde_json::from_slice(line)?;
        let json = object.get().as_bytes();
        if matches!(kind, EventKind::Error) {
            return Err(FetchError::from_event(json).into());
        }
        let who = identity(json);
        match kind {
            EventKind::Added | EventKind::Modified => match self.read(json) {
                Ok(object) => {
                    if let Some(object) = object {
                        self.reporter.send((self.target.change)(Delta::Apply(object))).await?;
                    }
                    self.readable(&who).await?;
                }
                Err(None) => {}
                Err(Some((_, error))) => {
                    if let (Some(namespace), Some(name)) = (&who.namespace, &who.name)
                        && self.unreadable.add(namespace, name)
                    {
                        self.tell_unreadable(namespace, true).await?;
                    }
                    self.reporter.error(ErrorKind::Decode, &error).await?;
                }
            },
            EventKind::Deleted => match (&who.namespace, &who.name) {
                (Some(namespace), Some(name)) if self.shared.interest.may_be_ours(&who) => {
                    let (namespace, name) = (namespace.clone(), name.clone());
                    self.reporter.send((self.target.change)(Delta::Delete { namespace, name })).await?;
                    self.readable(&who).await?;
                }
                (Some(_), Some(_)) => {}
                // Something is gone and nobody can say what: only a list can.
                _ => return Err(FetchError::Decode(super::DecodeError::Missing("metadata.name")).into()),
            },
            EventKind::Bookmark | EventKind::Error | EventKind::Unknown => {}
        }
        if let Some(newer) = who.resource_version {
            version.replace_range(.., &newer);
        }
        Ok(())
    }

    /// An object can be read, or is gone.
    async fn readable(&mut self, who: &Identity) -> Result<(), Stop> {
        if let (Some(namespace), Some(name)) = (&who.namespace, &who.name)
            && self.unreadable.remove(namespace, name)
        {
            self.tell_unreadable(namespace, false).await?;
        }
        Ok(())
    }
}
