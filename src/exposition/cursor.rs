//! A position in one line: what is left of it, and the column for an error. It knows characters, not the grammar.

use super::error::Problem;

/// A problem and the column (in bytes, 1 first) where it was noticed; the parser adds the line.
pub(super) type Fault = (usize, Problem);

/// What is left of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    line_bytes: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { rest: line, line_bytes: line.len() }
    }

    /// What has not been read yet.
    pub(super) fn rest(self) -> &'a str {
        self.rest
    }

    /// The problem, at this column.
    pub(super) fn fault(self, problem: Problem) -> Fault {
        (self.line_bytes - self.rest.len() + 1, problem)
    }

    pub(super) fn peek(self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Reads the next character, whatever it is.
    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
        Some(next)
    }

    /// Reads `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: char) -> bool {
        self.strip(expected.encode_utf8(&mut [0; 4]))
    }

    /// Reads `prefix` if it comes next.
    pub(super) fn strip(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads the longest run of characters that `belongs` holds for; may be empty.
    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    /// Reads blanks and tabs, as text 0.0.4 allows them between tokens.
    pub(super) fn skip_blanks(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t'));
    }
}
