//! Answers of Prometheus's API, parsed strictly and bounded by whoever reads them. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::exposition::Label;
use crate::model::time::{Timestamp, from_unix_seconds};

/// Why an answer is of no use. Holds nothing of the answer but Prometheus's own word for a kind of error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// Not the JSON of the API.
    #[error("answer not understood at line {line} column {column}")]
    Json {
        /// Line, 1 first.
        line: usize,
        /// Column, 1 first.
        column: usize,
    },
    /// Prometheus refuses the query, or failed at it.
    #[error("Prometheus says {0}")]
    Refused(&'static str),
    /// The answer has another type than the query must give.
    #[error("the query gives no {0}")]
    Type(&'static str),
    /// One value was asked for.
    #[error("the query gives {0} series; aggregate them to one")]
    Many(usize),
    /// A number or an instant that cannot be read.
    #[error("the answer has a value that is none")]
    Value,
}

impl From<serde_json::Error> for AnswerError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    status: &'a str,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(borrow)]
    error_type: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    result_type: &'a str,
    #[serde(borrow)]
    result: &'a RawValue,
}

/// A sample as Prometheus writes it: seconds since the epoch, and the value as a text.
type Written<'a> = (f64, Cow<'a, str>);

#[derive(Deserialize)]
struct Vector<'a> {
    #[serde(borrow)]
    value: Written<'a>,
}

#[derive(Deserialize)]
struct Matrix<'a> {
    #[serde(borrow)]
    metric: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    // A native histogram has others instead.
    #[serde(borrow, default)]
    values: Vec<Written<'a>>,
}

/// A series with its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels, `__name__` included, sorted by name.
    pub labels: Vec<Label>,
    /// Its samples, oldest first, as they were scraped.
    pub samples: Vec<(Timestamp, f64)>,
}

impl Series {
    /// The value of a label, where it has it.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

/// The words for kinds of errors that Prometheus has.
const ERROR_TYPES: [&str; 8] =
    ["timeout", "canceled", "execution", "bad_data", "internal", "unavailable", "not_found", "not_acceptable"];

fn data(json: &[u8]) -> Result<Data<'_>, AnswerError> {
    let Envelope { status, data, error_type } = serde_json::from_slice(json)?;
    if let ("success", Some(data)) = (status, data) {
        return Ok(data);
    }
    let known = error_type.and_then(|word| ERROR_TYPES.into_iter().find(|known| *known == word));
    Err(AnswerError::Refused(known.unwrap_or("that it failed")))
}

/// The one value of an instant query; `None` where it gives no series.
pub fn value(json: &[u8]) -> Result<Option<f64>, AnswerError> {
    let data = data(json)?;
    let written = match data.result_type {
        "scalar" => Some(serde_json::from_str::<Written>(data.result.get())?),
        "vector" => {
            let mut series: Vec<Vector> = serde_json::from_str(data.result.get())?;
            if series.len() > 1 {
                return Err(AnswerError::Many(series.len()));
            }
            series.pop().map(|series| series.value)
        }
        _ => return Err(AnswerError::Type("value")),
    };
    written.map(|(_, text)| number(&text)).transpose()
}

/// The series of a range selector.
pub fn series(json: &[u8]) -> Result<Vec<Series>, AnswerError> {
    let data = data(json)?;
    if data.result_type != "matrix" {
        return Err(AnswerError::Type("samples"));
    }
    let read = |matrix: Matrix| {
        let samples = matrix.values.iter().map(|(at, text)| Ok((instant(*at)?, number(text)?)));
        Ok(Series {
            labels: matrix.metric.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            samples: samples.collect::<Result<_, AnswerError>>()?,
        })
    };
    serde_json::from_str::<Vec<Matrix>>(data.result.get())?.into_iter().map(read).collect()
}

fn number(text: &str) -> Result<f64, AnswerError> {
    text.parse().map_err(|_| AnswerError::Value)
}

fn instant(seconds: f64) -> Result<Timestamp, AnswerError> {
    from_unix_seconds(seconds).ok_or(AnswerError::Value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(result: &str) -> String {
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#)
    }

    #[test]
    fn one_value() {
        let of = |text: &str| value(text.as_bytes());
        let one = vector(r#"[{"metric":{"__name__":"pg_up","instance":"a"},"value":[1435781451.781,"1"]}]"#);
        assert_eq!(of(&one), Ok(Some(1.0)));
        assert_eq!(of(&vector("[]")), Ok(None));
        let two = r#"[{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"0"]}]"#;
        assert_eq!(of(&vector(two)), Err(AnswerError::Many(2)));
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"2.5e3"]}}"#;
        assert_eq!(of(scalar), Ok(Some(2500.0)));
        let infinite = vector(r#"[{"metric":{},"value":[1,"+Inf"]}]"#);
        assert_eq!(of(&infinite), Ok(Some(f64::INFINITY)));
        let text = r#"{"status":"success","data":{"resultType":"string","result":[1,"up"]}}"#;
        assert_eq!(of(text), Err(AnswerError::Type("value")));
        let wrong = vector(r#"[{"metric":{},"value":[1,"canary"]}]"#);
        assert_eq!(of(&wrong), Err(AnswerError::Value));
    }

    #[test]
    fn errors_hold_nothing_of_the_answer() {
        let cases = [
            (r#"{"status":"error","errorType":"bad_data","error":"canary"}"#, "Prometheus says bad_data"),
            (r#"{"status":"error","errorType":"canary","error":"canary"}"#, "Prometheus says that it failed"),
            (r#"{"status":"success"}"#, "Prometheus says that it failed"),
            ("canary", "answer not understood at line 1 column 1"),
            (r#"{"status":"success","data":{"resultType":"vector","result":[{"canary":1}]}}"#, "answer not understood"),
        ];
        for (json, said) in cases {
            let error = value(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(said), "{json}: {error}");
        }
    }

    #[test]
    fn samples_with_their_own_times() {
        let json = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"gim_server_state","pod":"gim-0"},"values":[[1.5,"3"],[16.5,"-2"]]},
            {"metric":{"__name__":"h"},"histograms":[]}]}}"#;
        let series = series(json.as_bytes()).unwrap();
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        assert_eq!(series[0].samples, [(at(1_500), 3.0), (at(16_500), -2.0)]);
        assert_eq!(series[0].label("pod"), Some("gim-0"));
        assert_eq!(series[1].samples, []);
        assert_eq!(super::series(vector("[]").as_bytes()), Err(AnswerError::Type("samples")));
        let far = json.replace("1.5", "1e300");
        assert_eq!(super::series(far.as_bytes()), Err(AnswerError::Value));
    }
}
