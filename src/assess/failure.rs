//! Why Helm gave up, read from its description of a failed revision.
//!
//! Descriptions are Helm's own words unless `--description` replaced them, and have several lines. The texts are those of
//! Helm 3 and Helm 4. Not for whether that speaks against the operation: that is `adverse`.

use super::answer::FailureClass;
use crate::model::release::{ReleaseBody, Revision};

/// Hooks first: a hook that took too long is a hook that failed.
const HOOK: [&str; 3] = ["hooks failed", "hook failed", "failed pre-"];
/// A post-hook's words in an install: `failed post-install: …`.
const POST_HOOK: &str = "failed post-";
const IN_PROGRESS: &str = "another operation (install/upgrade/rollback) is in progress";
/// Helm 3 waits in two ways; Helm 4 says which object it waited for, and why that was not ready, before the cause.
const TIMEOUT: [&str; 4] = [
    "context deadline exceeded",
    "timed out waiting for the condition",
    "would exceed context deadline",
    "client rate limiter Wait returned an error",
];
/// Words of the API server, and Helm's own, for a manifest that is refused.
const VALIDATION: [&str; 12] = [
    "cannot patch",
    "is invalid",
    "is forbidden: ",
    "Forbidden: updates to",
    "error validating",
    "ValidationError",
    "unable to build kubernetes objects",
    "no matches for kind",
    "cannot be imported into the current release",
    "already exists",
    "YAML parse error",
    "execution error at",
];

/// Words of Helm for an object that it could not write, and of its client for a write: what failed then is not the waiting, though
/// the API server may have been waited for in vain.
const WRITING: [&str; 6] = [
    "cannot patch ",
    "failed to create resource",
    "failed to replace object",
    "Patch \"http",
    "Post \"http",
    "Put \"http",
];

/// The class of a failed revision's cause. `None` where Helm's words are not known: the body was not read since Helm last
/// wrote the revision, or somebody described it in words of their own.
#[must_use]
pub fn of(revision: &Revision) -> Option<FailureClass> {
    revision.body().filter(|_| !revision.lacks_body()).and_then(class)
}

/// The class of the cause that a body tells; `None` where it tells of no failure.
#[must_use]
pub fn class(body: &ReleaseBody) -> Option<FailureClass> {
    let (_, cause) = body.description.split_once(" failed: ")?;
    let has = |texts: &[&str]| texts.iter().any(|text| cause.contains(text));
    Some(if has(&HOOK) || cause.starts_with(POST_HOOK) {
        FailureClass::HookFailed
    } else if cause.contains(IN_PROGRESS) {
        FailureClass::OperationInProgress
    } else if has(&TIMEOUT) && !has(&WRITING) {
        FailureClass::Timeout
    } else if has(&VALIDATION) {
        FailureClass::Validation
    } else {
        FailureClass::Other
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::Scene;
    use crate::model::names::Component::Gim;

    #[test]
    fn failures_are_told_apart() {
        use FailureClass::{HookFailed, OperationInProgress, Other, Timeout, Validation};
        let cases = [
            ("Upgrade \"gim\" failed: context deadline exceeded", Some(Timeout)),
            ("Release \"gim\" failed: context deadline exceeded", Some(Timeout)),
            ("Upgrade \"gim\" failed: timed out waiting for the condition", Some(Timeout)),
            (
                "Upgrade \"gim\" failed: resource StatefulSet/gim/gim not ready. status: InProgress, message: Ready: 0/1\ncontext deadline exceeded",
                Some(Timeout),
            ),
            (
                "Release \"gim\" failed: client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline",
                Some(Timeout),
            ),
            (
                "Upgrade \"gim\" failed: pre-upgrade hooks failed: 1 error occurred:\n\t* timed out waiting for the condition\n\n",
                Some(HookFailed),
            ),
            (
                "Upgrade \"gsp\" failed: pre-upgrade hooks failed: 1 error occurred:\n\t* job gsp-save-state failed: BackoffLimitExceeded\n\n",
                Some(HookFailed),
            ),
            (
                "Upgrade \"gsp\" failed: pre-upgrade hooks failed: resource Job/gsp/gsp-save-state not ready. status: Failed, message: Job Failed. failed: 1/1",
                Some(HookFailed),
            ),
            (
                "Release \"gim\" failed: failed pre-install: 1 error occurred:\n\t* job gim-prepare failed: DeadlineExceeded\n\n",
                Some(HookFailed),
            ),
            (
                "Release \"gim\" failed: failed post-install: 1 error occurred:\n\t* timed out waiting for the condition\n\n",
                Some(HookFailed),
            ),
            (
                "Upgrade \"gim\" failed: another operation (install/upgrade/rollback) is in progress",
                Some(OperationInProgress),
            ),
            (
                "Upgrade \"gim\" failed: cannot patch \"gim\" with kind StatefulSet: StatefulSet.apps \"gim\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
                Some(Validation),
            ),
            (
                "Upgrade \"gsp\" failed: cannot patch \"gsp-jm\" with kind Deployment: Timeout: request did not complete within requested timeout - context deadline exceeded",
                Some(Validation),
            ),
            (
                "Upgrade \"gsp\" failed: failed to create resource: Timeout: request did not complete within requested timeout - context deadline exceeded",
                Some(Other),
            ),
            (
                "Release \"gsp\" failed: Patch \"https://10.0.0.1:443/apis/apps/v1/namespaces/gsp/deployments/gsp-jm\": context deadline exceeded",
                Some(Other),
            ),
            ("Release \"gim\" failed: services \"gim\" already exists", Some(Validation)),
            ("Upgrade \"gim\" failed: Get \"https://10.0.0.1:443/\": dial tcp: connection refused", Some(Other)),
            ("Upgrade complete", None),
            ("Preparing upgrade", None),
            ("ticket 7", None),
        ];
        for (text, expected) in cases {
            let mut scene = Scene::upgraded(Gim);
            scene.body(Gim).description = text.into();
            assert_eq!(class(scene.body(Gim)), expected, "{text}");
        }
    }

    #[test]
    fn words_of_an_earlier_write_tell_nothing() {
        let mut scene = Scene::upgraded(Gim);
        scene.body(Gim).description = "Upgrade \"gim\" failed: context deadline exceeded".into();
        assert_eq!(of(scene.newest(Gim)), Some(FailureClass::Timeout));
        scene.newest(Gim).resource_version = "8".into();
        assert_eq!(of(scene.newest(Gim)), None);
    }
}
