//! Errors below HTTP in words that are short and safe to show.
//!
//! Nothing of an answer's body gets in. Not for what an error means to who asked.

use std::error::Error as StdError;
use std::io;

/// The longest text of an error that is kept, in characters.
pub const MAX_TEXT: usize = 300;
/// The deepest chain of causes that is told.
const MAX_CAUSES: usize = 8;
/// What kube puts before every error below it.
const WRAPPED: &str = "ServiceError: ";

/// The texts of an error and its causes, as one line; `None` where nothing came in time.
#[must_use]
pub fn transport(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    for _ in 0..MAX_CAUSES {
        let Some(error) = cause else { break };
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut) {
            return None;
        }
        let text = error.to_string();
        let text = text.strip_prefix(WRAPPED).unwrap_or(&text).to_owned();
        // Many errors repeat their cause.
        if !texts.iter().any(|told| told.contains(&text)) {
            texts.push(text);
        }
        // An io::Error that wraps another error gives as its source what is below that one.
        cause = io.and_then(io::Error::get_ref).map(|inner| inner as _).or_else(|| error.source());
    }
    Some(shorten(&texts.join(": ")))
}

/// One line of bounded length.
#[must_use]
pub fn shorten(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = line.take(MAX_TEXT).collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_from_a_broken_connection() {
        let silent = io::Error::other(io::Error::from(io::ErrorKind::TimedOut));
        assert_eq!(transport(&silent), None);
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(transport(&broken).as_deref(), Some("connection reset"));
    }

    #[test]
    fn texts_are_one_short_line() {
        let text = shorten(&"line\n".repeat(200));
        assert!(!text.contains('\n') && text.chars().count() == MAX_TEXT + 1, "{text}");
    }
}
