//! Streaming: one watch from a resource version to its end, event by event.

use http_body_util::BodyExt;
use kube::api::WatchParams;
use serde_json::value::RawValue;

use super::lines::{Lines, MAX_LINE_BYTES, TooLong};
use super::{Closed, Stop, Watch};
use crate::index::change::Delta;
use crate::model::source::{Contact, ErrorKind};
use crate::observe::fetch::FetchError;
use crate::observe::objects::identity;

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
        let heard_of_head = (!self.fell_silent).then_some(&contact);
        let mut body = self.shared.api.send(request?, heard_of_head).await?;
        if !self.fell_silent {
            self.reporter.well().await?;
        }
        let mut lines = Lines::default();
        let mut heard = false;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.broken(FetchError::transport(&error)))?;
            self.speaks(&contact).await?;
            lines.push(frame.data_ref().map_or(&[][..], |data| data));
            while let Some(line) = lines.next()? {
                self.event(&line, version).await?;
                self.failures = 0;
                heard = true;
            }
        }
        if lines.is_partial() {
            return Err(FetchError::Connect("watch ended inside an event".into()).into());
        }
        self.speaks(&contact).await?;
        Ok(heard)
    }

    /// The stream said something, be it that it ends.
    async fn speaks(&mut self, contact: &Contact) -> Result<(), Closed> {
        self.fell_silent = false;
        contact.heard(self.shared.api.clock().now());
        self.reporter.well().await
    }

    fn broken(&mut self, error: FetchError) -> FetchError {
        self.fell_silent |= error == FetchError::Silent;
        error
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
                Ok(Some(object)) => self.reporter.send((self.target.change)(Delta::Apply(object))).await?,
                Ok(None) | Err(None) => {}
                Err(Some(error)) => self.reporter.error(ErrorKind::Decode, &error).await?,
            },
            EventKind::Deleted => match (&who.namespace, &who.name) {
                (Some(namespace), Some(name)) if self.shared.interest.may_be_ours(&who) => {
                    let (namespace, name) = (namespace.clone(), name.clone());
                    self.reporter.send((self.target.change)(Delta::Delete { namespace, name })).await?;
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
}
