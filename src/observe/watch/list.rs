//! Listing: all objects of a target, page by page, decoded one by one, told as one atomic reset.

use kube::api::ListParams;
use serde_json::value::RawValue;

use super::unreadable::Unreadable;
use super::{Stop, Watch};
use crate::index::change::Delta;
use crate::model::source::ErrorKind;
use crate::observe::client::collect;
use crate::observe::fetch::FetchError;

/// How many objects a page has: 250 pods of 6 KiB are 1.5 MB, all that a list holds at once besides what it keeps.
const PAGE_OBJECTS: u32 = 250;
/// The largest page that is read. Where one is larger the page's size is halved.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
/// The most objects that a list may keep: eight times the 30,000 Helm Secrets of 1,000 suites.
const MAX_OBJECTS: usize = 250_000;

#[derive(serde::Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Page<'a> {
    metadata: PageMetadata,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMetadata {
    resource_version: String,
    #[serde(rename = "continue")]
    more: Option<String>,
}

impl<T> Watch<T> {
    /// Lists the target, tells of it, and gives the resource version to watch from.
    pub(super) async fn list(&mut self) -> Result<String, Stop> {
        let lists = std::sync::Arc::clone(&self.shared.lists);
        let _turn = lists.acquire().await;
        let mut params = ListParams {
            limit: Some(PAGE_OBJECTS),
            label_selector: self.target.labels.clone(),
            field_selector: self.target.fields.clone(),
            ..ListParams::default()
        };
        let mut objects = Vec::new();
        let mut errors = Vec::new();
        let mut unreadable = Unreadable::default();
        loop {
            let bytes = match self.page(&params).await {
                Err(FetchError::TooLarge(_)) if params.limit > Some(1) => {
                    params.limit = params.limit.map(|limit| limit / 2);
                    continue;
                }
                page => page?,
            };
            let page: Page = serde_json::from_slice(&bytes)?;
            for item in page.items.unwrap_or_default() {
                match self.read(item.get().as_bytes()) {
                    Ok(object) => objects.extend(object),
                    Err(None) => {}
                    Err(Some((who, error))) => {
                        if let (Some(namespace), Some(name)) = (&who.namespace, &who.name) {
                            unreadable.add(namespace, name);
                        }
                        errors.push(error);
                    }
                }
            }
            if objects.len().saturating_add(errors.len()) > MAX_OBJECTS {
                return Err(FetchError::TooMany(MAX_OBJECTS).into());
            }
            params.continue_token = page.metadata.more.filter(|more| !more.is_empty());
            if params.continue_token.is_none() {
                objects.shrink_to_fit();
                self.tell(objects, errors, unreadable).await?;
                return Ok(page.metadata.resource_version);
            }
        }
    }

    async fn page(&self, params: &ListParams) -> Result<Vec<u8>, FetchError> {
        let request = &self.request;
        let request = if self.target.metadata_only { request.list_metadata(params) } else { request.list(params) }?;
        collect(self.shared.api.send(request, None).await?, MAX_PAGE_BYTES).await
    }

    async fn tell(&mut self, items: Vec<T>, errors: Vec<String>, unreadable: Unreadable) -> Result<(), Stop> {
        // First what is doubted and last what is not any more: in between nobody takes half of the objects for all.
        for namespace in unreadable.namespaces() {
            self.tell_unreadable(namespace, true).await?;
        }
        let reset = Delta::Reset { namespace: self.target.namespace.clone(), items };
        self.reporter.send((self.target.change)(reset)).await?;
        for namespace in self.unreadable.replace(unreadable) {
            self.tell_unreadable(&namespace, false).await?;
        }
        // A list is heard when it is whole: half of one proves nothing.
        self.reporter.contact().heard(self.shared.api.clock().now());
        self.reporter.well().await?;
        for error in errors {
            self.reporter.error(ErrorKind::Decode, &error).await?;
        }
        Ok(())
    }
}
