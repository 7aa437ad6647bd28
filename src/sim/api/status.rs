//! Refusals: the `Status` objects of the Kubernetes API, with the codes, reasons and words of a real server (1.37).

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::super::faults::Asked;
use super::super::selector::SelectorError;
use super::super::store::{Expired, Kind};
use super::body::{self, Body};

/// The account that the refusals name.
const ACCOUNT: &str = "system:serviceaccount:monitoring:gim-upgrade-exporter";

/// Why a request gets no object, list or watch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Value>,
    /// In the `Status`'s list metadata: where a list whose token expired may go on.
    continue_token: Option<String>,
    retry_after_seconds: Option<u32>,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continue_token: None, retry_after_seconds: None }
    }

    /// 400.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 400: a selector that cannot be read.
    pub(super) fn bad_selector(error: &SelectorError) -> Self {
        Self::bad_request(error.to_string())
    }

    /// 401.
    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403, as RBAC answers.
    pub(super) fn forbidden(asked: &Asked, name: Option<&str>) -> Self {
        let Asked { verb, kind, namespace } = asked;
        let resource = match name {
            Some(name) => format!("{} \"{name}\"", qualified(*kind)),
            None => qualified(*kind),
        };
        let scope = match namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{resource} is forbidden: User \"{ACCOUNT}\" cannot {} resource \"{}\" in API group \"{}\" {scope}",
            verb.as_str(),
            kind.plural(),
            kind.group(),
        );
        Self { details: Some(details(*kind, name)), ..Self::new(403, "Forbidden", message) }
    }

    /// 404 for an object.
    pub(super) fn not_found(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", qualified(kind));
        Self { details: Some(details(kind, Some(name))), ..Self::new(404, "NotFound", message) }
    }

    /// 404 for a path within a known group.
    pub(super) fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource";
        Self { details: Some(json!({})), ..Self::new(404, "NotFound", message) }
    }

    /// 405: this cluster is changed by its scenario alone.
    pub(super) fn method_not_allowed(kind: Kind, method: &str) -> Self {
        let action = match method {
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => method,
        };
        let message = format!("{action} is not supported on resources of kind \"{}\"", qualified(kind));
        Self { details: Some(details(kind, None)), ..Self::new(405, "MethodNotAllowed", message) }
    }

    /// 406.
    pub(super) fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, "NotAcceptable", message)
    }

    /// 410 for a list at an exact resource version.
    pub(super) fn list_expired() -> Self {
        Self::new(410, "Expired", "The resourceVersion for the provided list is too old.")
    }

    /// 410 for a page, with a token for those who prefer an inconsistent rest to a new list.
    pub(super) fn page_expired(continue_token: String) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start \
                       a new list without the continue parameter, or use the continue token in this response to \
                       retrieve the remainder of the results. Continuing with the provided token results in an \
                       inconsistent list - objects that were created, modified, or deleted between the time the first \
                       chunk was returned and now may show up in the list.";
        Self { continue_token: Some(continue_token), ..Self::new(410, "Expired", message) }
    }

    /// 410 of a watch, told in an `ERROR` event.
    pub(super) fn watch_expired(expired: Expired) -> Self {
        Self::new(410, "Expired", expired.to_string())
    }

    /// 400 for a resource version that is no number.
    pub(super) fn bad_revision(text: &str) -> Self {
        Self::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": \
             invalid syntax"
        ))
    }

    /// 422 for options that contradict each other.
    pub(super) fn forbidden_option(field: &str, message: &str) -> Self {
        Self::invalid_option(field, "FieldValueForbidden", &format!("Forbidden: {message}"))
    }

    /// 422 for a `resourceVersionMatch` that there is not.
    pub(super) fn unknown_match(value: &str, watch: bool) -> Self {
        let supported = if watch { "\"NotOlderThan\"" } else { "\"Exact\", \"NotOlderThan\", \"\"" };
        let body = format!("Unsupported value: \"{value}\": supported values: {supported}");
        Self::invalid_option("resourceVersionMatch", "FieldValueNotSupported", &body)
    }

    fn invalid_option(field: &str, reason: &str, body: &str) -> Self {
        let causes = json!([{"reason": reason, "message": body, "field": field}]);
        let details = json!({"group": "meta.k8s.io", "kind": "ListOptions", "causes": causes});
        let message = format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: {body}");
        Self { details: Some(details), ..Self::new(422, "Invalid", message) }
    }

    /// 504: the client has heard of a later resource version than this server.
    pub(super) fn too_large(requested: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {requested}, current: {current}");
        let causes = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
        Self {
            details: Some(json!({"causes": causes, "retryAfterSeconds": 1})),
            retry_after_seconds: Some(1),
            ..Self::new(504, "Timeout", message)
        }
    }

    /// The refusal of a fault that was set.
    pub(super) fn fault(code: u16) -> Self {
        match code {
            429 => Self {
                retry_after_seconds: Some(1),
                details: Some(json!({"retryAfterSeconds": 1})),
                ..Self::new(code, "TooManyRequests", "too many requests, please try again later")
            },
            500 => Self::new(code, "InternalError", "Internal error occurred: etcdserver: request timed out"),
            503 => Self::new(code, "ServiceUnavailable", "the server is currently unable to handle the request"),
            _ => Self::new(code, "", "an error on the server has prevented the request from succeeding"),
        }
    }

    /// The `Status` object.
    pub(super) fn to_value(&self) -> Value {
        let mut metadata = json!({});
        if let (Some(token), Some(metadata)) = (&self.continue_token, metadata.as_object_mut()) {
            metadata.insert("continue".to_owned(), json!(token));
        }
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let (Some(details), Some(status)) = (&self.details, status.as_object_mut()) {
            status.insert("details".to_owned(), details.clone());
        }
        status
    }

    /// The answer.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = body::json(self.to_value().to_string());
        *response.status_mut() = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// `statefulsets.apps`, or `pods` in the core group.
fn qualified(kind: Kind) -> String {
    match kind.group() {
        "" => kind.plural().to_owned(),
        group => format!("{}.{group}", kind.plural()),
    }
}

fn details(kind: Kind, name: Option<&str>) -> Value {
    let members = [("name", name.unwrap_or_default()), ("group", kind.group()), ("kind", kind.plural())];
    members
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::faults::Verb;
    use super::*;

    #[test]
    fn a_refusal_speaks_as_rbac_does() {
        let namespaced = Asked { verb: Verb::Get, kind: Kind::Secrets, namespace: Some("gim".to_owned()) };
        let cluster = Asked { verb: Verb::Watch, kind: Kind::StatefulSets, namespace: None };
        let cases = [
            (
                Refusal::forbidden(&namespaced, Some("s")),
                "secrets \"s\" is forbidden: User \"system:serviceaccount:monitoring:gim-upgrade-exporter\" cannot get \
                 resource \"secrets\" in API group \"\" in the namespace \"gim\"",
                json!({"name": "s", "kind": "secrets"}),
            ),
            (
                Refusal::forbidden(&cluster, None),
                "statefulsets.apps is forbidden: User \"system:serviceaccount:monitoring:gim-upgrade-exporter\" cannot \
                 watch resource \"statefulsets\" in API group \"apps\" at the cluster scope",
                json!({"group": "apps", "kind": "statefulsets"}),
            ),
        ];
        for (refusal, message, details) in cases {
            let status = refusal.to_value();
            assert_eq!(status["message"], message);
            assert_eq!(status["details"], details);
            assert_eq!((status["code"].as_u64(), status["reason"].as_str()), (Some(403), Some("Forbidden")));
        }
    }
}
