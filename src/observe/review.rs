//! Reviews: who has a bearer token, and whether they may read a path of ours, as the API server says (`TokenReview`,
//! `SubjectAccessReview`). The only requests that are no GET, and they change nothing there. Only sent where the configuration asks
//! for it. Not for remembering the answers: that is `server`'s.

use http::Request;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::{ApiClient, collect};
use super::fetch::FetchError;
use crate::model::web::{Access, Permission};

/// The largest answer that is read: it repeats the token, and tells the user's groups.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Asks whether a token may.
pub async fn review(api: &ApiClient, access: &Access) -> Result<Permission, FetchError> {
    #[derive(Deserialize)]
    struct TokenReview {
        #[serde(default)]
        status: TokenStatus,
    }

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct TokenStatus {
        authenticated: bool,
        user: User,
        error: Option<Box<RawValue>>,
    }

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct User {
        username: String,
        uid: String,
        groups: Vec<String>,
        extra: Value,
    }

    #[derive(Deserialize)]
    struct AccessReview {
        status: AccessStatus,
    }

    #[derive(Deserialize)]
    struct AccessStatus {
        allowed: bool,
        #[serde(default)]
        denied: bool,
    }

    let asked = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": access.token},
    });
    let TokenReview { status } = post(api, "/apis/authentication.k8s.io/v1/tokenreviews", &asked).await?;
    let User { username, uid, groups, extra } = status.user;
    if !status.authenticated || status.error.is_some() || username.is_empty() {
        return Ok(Permission::Unauthenticated);
    }
    let asked = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": username, "uid": uid, "groups": groups, "extra": extra,
            "nonResourceAttributes": {"path": access.path, "verb": access.verb},
        },
    });
    let AccessReview { status } = post(api, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &asked).await?;
    Ok(if status.allowed && !status.denied { Permission::Allowed } else { Permission::Forbidden })
}

async fn post<T: for<'de> Deserialize<'de>>(api: &ApiClient, path: &str, asked: &Value) -> Result<T, FetchError> {
    let body = asked.to_string().into_bytes();
    let request = Request::post(path).header(CONTENT_TYPE, "application/json").body(body);
    let answer = collect(api.send(request.map_err(|_| FetchError::Request)?, None).await?, MAX_ANSWER_BYTES).await?;
    Ok(serde_json::from_slice(&answer)?)
}
