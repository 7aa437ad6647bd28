//! Backups: when a `CronJob` last succeeded, or a `Job` completed.

use super::DecodeError;
use super::metadata::{Metadata, section};
use crate::model::dependency::BackupRun;
use crate::model::names::Name;
use crate::model::time::Timestamp;
use crate::observe::intern::Interner;

#[derive(serde::Deserialize)]
struct Object<'a> {
    #[serde(borrow, default, deserialize_with = "section")]
    metadata: Metadata<'a>,
    #[serde(default, deserialize_with = "section")]
    status: Status,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    /// A `CronJob`'s.
    last_successful_time: Option<Timestamp>,
    /// A `Job`'s; only one that succeeded has it.
    completion_time: Option<Timestamp>,
}

/// Reads a `CronJob`.
pub fn cron_job_run(json: &[u8], interner: &mut Interner) -> Result<BackupRun, DecodeError> {
    read(json, interner, |status| status.last_successful_time)
}

/// Reads a `Job`.
pub fn job_run(json: &[u8], interner: &mut Interner) -> Result<BackupRun, DecodeError> {
    read(json, interner, |status| status.completion_time)
}

fn read(
    json: &[u8],
    interner: &mut Interner,
    success: fn(&Status) -> Option<Timestamp>,
) -> Result<BackupRun, DecodeError> {
    let object: Object = serde_json::from_slice(json)?;
    let namespace: Name = interner.name(object.metadata.namespace()?);
    Ok(BackupRun { namespace, name: object.metadata.name()?.into(), last_success: success(&object.status) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successes() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let cases: [(&str, Option<Timestamp>, Option<Timestamp>); 5] = [
            (r#"{"lastSuccessfulTime":"2026-01-02T03:04:05Z"}"#, at("2026-01-02T03:04:05Z"), None),
            (r#"{"completionTime":"2026-01-02T03:04:05Z","succeeded":1}"#, None, at("2026-01-02T03:04:05Z")),
            (r#"{"lastScheduleTime":"2026-01-02T03:04:05Z","active":[{}]}"#, None, None),
            (r#"{"failed":3,"conditions":[{"type":"Failed","status":"True"}]}"#, None, None),
            ("null", None, None),
        ];
        for (status, cron_job, job) in cases {
            let json = format!(r#"{{"metadata":{{"namespace":"gim","name":"backup"}},"status":{status}}}"#);
            let read = |decode: fn(&[u8], &mut Interner) -> Result<BackupRun, DecodeError>| {
                decode(json.as_bytes(), &mut Interner::default()).unwrap().last_success
            };
            assert_eq!((read(cron_job_run), read(job_run)), (cron_job, job), "{status}");
        }
    }
}
