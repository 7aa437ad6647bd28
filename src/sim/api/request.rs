//! What a request asks: its path, its query and its `Accept` header, read and checked as a real server checks them.
//!
//! Nothing is looked up here; a request that cannot be answered whatever the store holds is refused.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::super::selector::Selector;
use super::super::store::Kind;
use super::status::Refusal;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `/version`.
    Version,
    /// The objects of a kind, of one namespace or of all.
    Collection { kind: Kind, namespace: Option<String> },
    /// One object.
    Object { kind: Kind, namespace: String, name: String },
}

impl Target {
    /// Whether a path lies in one of the API groups served, so that a `Status` answers what is not there.
    pub(super) fn in_known_group(path: &str) -> bool {
        ["/api/v1/", "/apis/apps/v1/", "/apis/batch/v1/"].iter().any(|group| path.starts_with(group))
    }

    /// Reads a path; `None` is a path that this server does not know.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match segments.as_slice() {
            ["version"] => return Some(Self::Version),
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !group.is_empty() => (*group, *version, rest),
            _ => return None,
        };
        let kind = |plural| Kind::from_path(group, version, plural);
        match rest {
            [plural] => Some(Self::Collection { kind: kind(plural)?, namespace: None }),
            ["namespaces", namespace, plural] => {
                Some(Self::Collection { kind: kind(plural)?, namespace: Some((*namespace).to_owned()) })
            }
            ["namespaces", namespace, plural, name] => {
                Some(Self::Object { kind: kind(plural)?, namespace: (*namespace).to_owned(), name: (*name).to_owned() })
            }
            _ => None,
        }
    }
}

/// Which form of an object is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it.
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
}

/// Reads an `Accept` header: the first clause that can be served. `listed` says whether the answer is a list.
pub(super) fn form(accept: &str, listed: bool, kind: Kind) -> Result<Form, Refusal> {
    let only = "only the following media types are accepted: application/json";
    if accept.trim().is_empty() {
        return Ok(Form::Whole);
    }
    for clause in accept.split(',') {
        let mut parts = clause.split(';').map(str::trim);
        if !["application/json", "application/*", "*/*"].contains(&parts.next().unwrap_or_default()) {
            continue;
        }
        let (mut wanted, mut group, mut version) = (None, "", "");
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name {
                "as" => wanted = Some(value),
                "g" => group = value,
                "v" => version = value,
                _ => {}
            }
        }
        let metadata = group == "meta.k8s.io" && version == "v1";
        match (wanted, listed) {
            (None, _) => return Ok(Form::Whole),
            (Some("PartialObjectMetadata"), false) | (Some("PartialObjectMetadataList"), true) if metadata => {
                return Ok(Form::Metadata);
            }
            (Some("PartialObjectMetadata"), true) if metadata => {
                let list = format!("*{}.{}List", package(kind), kind.singular());
                let message =
                    format!("you requested PartialObjectMetadata, but the requested object is a list ({list})");
                return Err(Refusal::not_acceptable(message));
            }
            (Some("PartialObjectMetadataList"), false) if metadata => {
                let object = format!("*{}.{}", package(kind), kind.singular());
                let message = format!(
                    "you requested PartialObjectMetadataList, but the requested object is not a list ({object})"
                );
                return Err(Refusal::not_acceptable(message));
            }
            _ => {}
        }
    }
    Err(Refusal::not_acceptable(only))
}

/// The Go package that a real server's words for a type begin with.
fn package(kind: Kind) -> &'static str {
    if kind.group().is_empty() { "core" } else { kind.group() }
}

/// How `resourceVersion` binds a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Exact,
    NotOlderThan,
}

/// The query of a list or watch.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    pub(super) watch: bool,
    pub(super) selector: Selector,
    pub(super) limit: Option<usize>,
    pub(super) continue_from: Option<ContinueToken>,
    /// `None` when absent or empty; `Some(0)` is "any".
    pub(super) revision: Option<u64>,
    pub(super) matching: Option<Match>,
    pub(super) bookmarks: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) send_initial_events: Option<bool>,
}

/// Where the next page begins: the form of a real server's token, which clients must not look into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ContinueToken {
    #[serde(rename = "v")]
    version: String,
    /// The resource version of the first page; -1 goes on at the present one.
    #[serde(rename = "rv")]
    pub(super) revision: i64,
    #[serde(rename = "start")]
    pub(super) start: String,
}

impl ContinueToken {
    const VERSION: &str = "meta.k8s.io/v1";

    pub(super) fn new(revision: i64, start: String) -> Self {
        Self { version: Self::VERSION.to_owned(), revision, start }
    }

    pub(super) fn encode(&self) -> String {
        // A struct of a number and two strings always encodes.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decode(text: &str) -> Option<Self> {
        let token: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (token.version == Self::VERSION && token.revision != 0 && !token.start.is_empty()).then_some(token)
    }
}

impl Query {
    /// Reads and checks a query. `streaming_lists` is the server's feature gate `WatchList`.
    pub(super) fn parse(kind: Kind, query: &str, streaming_lists: bool) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let (mut labels, mut fields) = (String::new(), String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "watch" => options.watch = flag(&value),
                "allowWatchBookmarks" => options.bookmarks = flag(&value),
                "sendInitialEvents" => options.send_initial_events = Some(flag(&value)),
                "labelSelector" => labels = value.into_owned(),
                "fieldSelector" => fields = value.into_owned(),
                "limit" => options.limit = Some(number(&value)?).filter(|limit| *limit > 0),
                "timeoutSeconds" => {
                    let seconds = Some(number(&value)?).filter(|seconds| *seconds > 0);
                    options.timeout = seconds.map(Duration::from_secs);
                }
                "continue" if !value.is_empty() => {
                    let token = ContinueToken::decode(&value);
                    let token = token
                        .ok_or_else(|| Refusal::bad_request("invalid continue token: continue key is not valid"))?;
                    options.continue_from = Some(token);
                }
                "resourceVersion" if !value.is_empty() => {
                    let revision = value.parse().map_err(|_| Refusal::bad_revision(&value))?;
                    options.revision = Some(revision);
                }
                "resourceVersionMatch" if !value.is_empty() => {
                    options.matching = Some(match value.as_ref() {
                        "Exact" => Match::Exact,
                        "NotOlderThan" => Match::NotOlderThan,
                        other => return Err(Refusal::unknown_match(other, options.watch)),
                    });
                }
                _ => {}
            }
        }
        options.selector = Selector::parse(kind, &labels, &fields).map_err(|error| Refusal::bad_selector(&error))?;
        if options.watch {
            options.check_watch(streaming_lists)?;
        } else {
            options.check_list()?;
        }
        Ok(options)
    }

    /// Whether a query asks for a watch, known before the rest of it is read.
    pub(super) fn is_watch(query: &str) -> bool {
        form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "watch").any(|(_, value)| flag(&value))
    }

    /// Whether the watch begins with the objects there are.
    pub(super) fn begins_with_objects(&self) -> bool {
        self.send_initial_events.unwrap_or(self.revision.unwrap_or(0) == 0)
    }

    fn check_list(&self) -> Result<(), Refusal> {
        let field = "resourceVersionMatch";
        if self.matching.is_some() && self.revision.is_none() {
            let message = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            return Err(Refusal::forbidden_option(field, message));
        }
        if self.matching.is_some() && self.continue_from.is_some() {
            return Err(Refusal::forbidden_option(
                field,
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
        if self.matching == Some(Match::Exact) && self.revision == Some(0) {
            let message = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            return Err(Refusal::forbidden_option(field, message));
        }
        if self.continue_from.is_some() && self.revision.is_some_and(|revision| revision != 0) {
            return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
        }
        if self.send_initial_events.is_some() {
            return Err(Refusal::forbidden_option("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
        Ok(())
    }

    fn check_watch(&mut self, streaming_lists: bool) -> Result<(), Refusal> {
        if self.send_initial_events.is_none() {
            if self.matching.is_some() {
                let message = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
                return Err(Refusal::forbidden_option("resourceVersionMatch", message));
            }
            // A server with streaming lists takes a watch from nowhere for one.
            if streaming_lists && self.revision.unwrap_or(0) == 0 {
                self.send_initial_events = Some(true);
            }
            return Ok(());
        }
        if self.matching != Some(Match::NotOlderThan) {
            let message = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return Err(Refusal::forbidden_option("resourceVersionMatch", message));
        }
        if !streaming_lists {
            let message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            return Err(Refusal::forbidden_option("sendInitialEvents", message));
        }
        Ok(())
    }
}

/// A real server takes anything for true but these.
fn flag(value: &str) -> bool {
    !["false", "0"].contains(&value)
}

fn number<N: std::str::FromStr>(value: &str) -> Result<N, Refusal> {
    let fail = |_| Refusal::bad_request(format!("strconv.ParseInt: parsing \"{value}\": invalid syntax"));
    value.parse().map_err(fail)
}

#[cfg(test)]
mod tests;
