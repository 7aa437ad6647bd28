//! What is wrong with a configuration, told as `file:line:column: field: what is wrong; what would be right`.
//!
//! One error at a time, the first that is met. Values are repeated as they are written: the file holds no secret.

use serde_saphyr::Error as YamlError;
use thiserror::Error;

use super::MAX_FILE_BYTES;
use super::outline::{Outline, Place};
use super::reference::{self, Section};

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: cannot be read: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("{file}: larger than {MAX_FILE_BYTES} bytes; share the suites among several exporters")]
    TooLarge {
        /// The file.
        file: String,
    },
    /// The file is not UTF-8.
    #[error("{file}: not a text in UTF-8")]
    NotText {
        /// The file.
        file: String,
    },
    /// A field is wrong.
    #[error("{file}:{line}:{column}: {message}")]
    Invalid {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column in characters, from 1.
        column: u64,
        /// The field, what is wrong with it, and what would be right.
        message: String,
    },
}

/// A rule that is broken, and the field that breaks it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    field: String,
    what: String,
}

impl Problem {
    /// `what` is a sentence without the field's name.
    pub(super) fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self { field: field.into(), what: what.into() }
    }
}

impl ConfigError {
    /// The error for a broken rule in `text`.
    pub(super) fn at_field(file: &str, text: &str, problem: &Problem) -> Self {
        let place = Outline::of(text).and_then(|outline| outline.place_of(&problem.field));
        Self::at(file, place, format!("{}: {}", problem.field, problem.what))
    }

    /// The error for a text that is not YAML or does not have the form of the fields of `sections`.
    pub(super) fn from_yaml(file: &str, text: &str, error: &YamlError, sections: &[Section]) -> Self {
        let error = error.without_snippet();
        let place = error.location().map(Place::from);
        let outline = Outline::of(text);
        // An unknown field and one that is written twice are placed at their name, anything else at the value.
        let named = matches!(error, YamlError::SerdeUnknownField { .. } | YamlError::DuplicateMappingKey { .. });
        let field = outline.as_ref().zip(place).and_then(|(outline, place)| {
            if named {
                return outline.named_at(place);
            }
            let candidates = outline.values_at(place);
            candidates.iter().find(|field| reference::takes(sections, field).is_some()).or(candidates.first()).copied()
        });
        let takes = outline.as_ref().and_then(|_| reference::takes(sections, field.unwrap_or_default()));
        let what = what(error, takes);
        let message = match field {
            Some(field) => format!("{field}: {what}"),
            None => what,
        };
        Self::at(file, place, message)
    }

    fn at(file: &str, place: Option<Place>, message: String) -> Self {
        let Place { line, column } = place.unwrap_or(Place { line: 1, column: 1 });
        Self::Invalid { file: file.to_owned(), line, column, message }
    }
}

/// What is wrong, and what would be right: `takes`, where the text is YAML and the field is known.
fn what(error: &YamlError, takes: Option<&str>) -> String {
    match error {
        // Our own words, from `values`, or the YAML scanner's.
        YamlError::Message { msg, .. } => msg.clone(),
        YamlError::SerdeUnknownField { expected, .. } => {
            format!("no such field; the fields here are {}", expected.join(", "))
        }
        YamlError::DuplicateMappingKey { key, .. } => {
            format!("{} is written twice; write it once", key.as_deref().unwrap_or("the field"))
        }
        YamlError::MultipleDocuments { .. } => "a second document begins; write one".to_owned(),
        _ => match takes {
            Some(takes) => format!("not what belongs here; write {takes}"),
            None => without_place(&error.to_string()).to_owned(),
        },
    }
}

/// The reader's message without the place at its end, which stands at the beginning of ours.
fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message)
}
