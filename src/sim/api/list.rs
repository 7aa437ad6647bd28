//! LIST and GET: which objects, as of which resource version, in which form.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::super::store::{Kind, Object, Store};
use super::body::Pieces;
use super::encode;
use super::request::{ContinueToken, Form, Match, Query};
use super::shared::SharedStore;
use super::status::Refusal;

/// The objects of one page and what the list says of itself.
struct Page {
    objects: Vec<Arc<Object>>,
    metadata: String,
}

/// Answers a LIST.
pub(super) fn list(
    store: &SharedStore,
    kind: Kind,
    namespace: Option<&str>,
    query: &Query,
    form: Form,
) -> Result<Vec<Bytes>, Refusal> {
    let prefix = prefix(namespace);
    let page = store.read(|store| page(store, kind, &prefix, query))?;
    let mut out = Pieces::default();
    encode::list_head(&mut out, kind, form, &page.metadata);
    for (number, object) in page.objects.iter().enumerate() {
        if number > 0 {
            out.push(",");
        }
        encode::item(&mut out, object, form);
    }
    out.push("]}\n");
    Ok(out.finish())
}

/// Answers a GET of one object. An old resource version is served the present object, as by a real server: it asks for
/// "not older than".
pub(super) fn get(
    store: &SharedStore,
    kind: Kind,
    namespace: &str,
    name: &str,
    query: &Query,
    form: Form,
) -> Result<Vec<Bytes>, Refusal> {
    let found = store.read(|store| {
        known(store, query.revision.unwrap_or(0))?;
        store.get(kind, namespace, name).cloned().ok_or_else(|| Refusal::not_found(kind, name))
    })?;
    let mut out = Pieces::default();
    encode::object(&mut out, &found, form);
    out.push("\n");
    Ok(out.finish())
}

/// The beginning of the keys of a namespace, or of all.
pub(super) fn prefix(namespace: Option<&str>) -> String {
    namespace.map_or_else(String::new, |namespace| format!("{namespace}/"))
}

/// Refuses a resource version that this server has not reached.
pub(super) fn known(store: &Store, revision: u64) -> Result<(), Refusal> {
    if revision > store.revision() { Err(Refusal::too_large(revision, store.revision())) } else { Ok(()) }
}

fn page(store: &Store, kind: Kind, prefix: &str, query: &Query) -> Result<Page, Refusal> {
    let (revision, start, expired) = place(store, query);
    known(store, revision)?;
    let snapshot = store.snapshot(kind, revision).map_err(|_| expired)?;
    // "Any version" is served from the cache of a real server, which does not cut into pages.
    let limit = query.limit.filter(|_| query.revision != Some(0)).unwrap_or(usize::MAX);
    let mut found = snapshot.range(prefix, start).filter(|object| query.selector.matches(object));
    let objects: Vec<_> = found.by_ref().take(limit).cloned().collect();
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let (Some(_), Some(last), Some(metadata)) = (found.next(), objects.last(), metadata.as_object_mut()) {
        let token = ContinueToken::new(i64::try_from(revision).unwrap_or(i64::MAX), format!("{}\0", last.key()));
        metadata.insert("continue".to_owned(), json!(token.encode()));
        // A real server does not count what a selector would leave out.
        if query.selector.is_empty() {
            metadata.insert("remainingItemCount".to_owned(), json!(found.count() + 1));
        }
    }
    Ok(Page { objects, metadata: metadata.to_string() })
}

/// The resource version to list at, the key to begin with, and the refusal where that version is forgotten.
fn place<'query>(store: &Store, query: &'query Query) -> (u64, &'query str, Refusal) {
    let present = store.revision();
    if let Some(token) = &query.continue_from {
        let expired = Refusal::page_expired(ContinueToken::new(-1, token.start.clone()).encode());
        return (u64::try_from(token.revision).unwrap_or(present), &token.start, expired);
    }
    let revision = match query.revision {
        None | Some(0) => present,
        // Without a match, a limit makes it exact: the behaviour from before there was `resourceVersionMatch`.
        Some(exact) if query.matching.map_or(query.limit.is_some(), |matching| matching == Match::Exact) => exact,
        Some(at_least) => at_least.max(present),
    };
    (revision, "", Refusal::list_expired())
}
