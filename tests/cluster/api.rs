//! Requests to the real API server, as JSON values: what the stories need to prepare the cluster and to look at it.
//!
//! It is a thin blocking layer over kube's client. The exporter has a client of its own; nothing of it is used here.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use http::{Method, Request};
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A client of the API server with all rights.
#[derive(Clone)]
pub struct Api {
    runtime: Arc<Runtime>,
    client: Client,
}

impl Api {
    /// A client for the server at `url`, whose certificate is checked against `ca` (PEM), with a bearer token.
    pub fn new(runtime: Arc<Runtime>, url: &str, ca: &str, token: &str) -> Result<Self> {
        let kubeconfig: kube::config::Kubeconfig = serde_json::from_value(kubeconfig(url, ca, token))?;
        let client = runtime.block_on(async {
            let mut config = Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default())
                .await
                .context("kubeconfig")?;
            // A request that a killed server never answers must not hold a story for ever.
            config.read_timeout = Some(Duration::from_mins(1));
            config.connect_timeout = Some(Duration::from_secs(5));
            anyhow::Ok(Client::try_from(config)?)
        })?;
        Ok(Self { runtime, client })
    }

    /// The client itself, for watches.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The runtime that the client's connections live in.
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// One object or list.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.request(&Method::GET, path, None)
    }

    /// One object, or nothing where the server answers 404.
    pub fn find(&self, path: &str) -> Result<Option<Value>> {
        match self.get(path) {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_status(&error, 404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The items of a list.
    pub fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut list = self.get(path)?;
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    /// Creates an object in the collection at `path`; one that is there already is left as it is.
    pub fn create(&self, path: &str, object: &Value) -> Result<()> {
        match self.request(&Method::POST, path, Some(object)) {
            Err(error) if !is_status(&error, 409) => Err(error),
            _ => Ok(()),
        }
    }

    /// Posts to a subresource and returns the answer.
    pub fn post(&self, path: &str, object: &Value) -> Result<Value> {
        self.request(&Method::POST, path, Some(object))
    }

    /// Deletes an object; one that is gone already is no error.
    pub fn delete(&self, path: &str) -> Result<()> {
        match self.request(&Method::DELETE, path, None) {
            Err(error) if !is_status(&error, 404) => Err(error),
            _ => Ok(()),
        }
    }

    /// The text of a path that answers no JSON, such as `/readyz`.
    pub fn text(&self, path: &str) -> Result<String> {
        let request = Request::get(path).body(Vec::new())?;
        Ok(self.runtime.block_on(self.client.request_text(request))?)
    }

    fn request(&self, method: &Method, path: &str, object: Option<&Value>) -> Result<Value> {
        let body = object.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(body)?;
        self.runtime.block_on(self.client.request(request)).with_context(|| format!("{method} {path}"))
    }
}

fn is_status(error: &anyhow::Error, code: u16) -> bool {
    matches!(error.downcast_ref(), Some(kube::Error::Api(status)) if status.code == code)
}

/// A kubeconfig with one context. JSON is YAML, so that `helm` and the exporter read it as it is.
pub fn kubeconfig(url: &str, ca: &str, token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "cluster",
        "clusters": [{
            "name": "cluster",
            "cluster": { "server": url, "certificate-authority-data": STANDARD.encode(ca) },
        }],
        "users": [{ "name": "user", "user": { "token": token } }],
        "contexts": [{ "name": "cluster", "context": { "cluster": "cluster", "user": "user" } }],
    })
}
