//! Where it is told: lines, JSON, or on a terminal lines with a block below them that is drawn anew in place.
//!
//! Text from a cluster may hold anything: what a terminal would obey is left out. Not for what is told: see `lines` and `block`.

use std::io::{IsTerminal as _, Write};
use std::time::Duration;

use crate::cli::flags::OutputForm;

/// How long nothing may be told to who reads lines alone: some pipelines end what says nothing.
const QUIET: Duration = Duration::from_mins(1);
/// Do not wrap at the edge, or a line of the block would be two.
const NO_WRAP: &str = "\x1b[?7l";
/// Wrap again.
const WRAP: &str = "\x1b[?7h";

/// In what form it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One line for each change.
    Lines,
    /// The same with a block below.
    Live,
    /// One object for each change.
    Json,
}

impl Form {
    /// The form for standard output: live on a terminal that can, unless a pipeline says by `CI` that nobody looks at it.
    pub(super) fn of(output: OutputForm) -> Self {
        let says = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        match output {
            OutputForm::Json => Self::Json,
            OutputForm::Text if std::io::stdout().is_terminal() && !says("CI") && !dumb => Self::Live,
            OutputForm::Text => Self::Lines,
        }
    }
}

/// Standard output, or what stands for it.
pub(super) struct Screen<W> {
    form: Form,
    out: W,
    /// Lines of the block that are drawn.
    drawn: usize,
    told: Duration,
}

impl<W: Write> Screen<W> {
    /// An empty one.
    pub(super) const fn new(form: Form, out: W) -> Self {
        Self { form, out, drawn: 0, told: Duration::ZERO }
    }

    /// Its form.
    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Tells lines at `elapsed`, with this block below where it shows one.
    pub(super) fn tell(&mut self, lines: &[String], block: &[String], elapsed: Duration) {
        if !lines.is_empty() {
            self.told = elapsed;
        }
        if lines.is_empty() && block.is_empty() && self.drawn == 0 {
            return;
        }
        let mut text = String::new();
        if self.drawn > 0 {
            text = format!("\x1b[{}A\x1b[J", self.drawn);
        }
        for line in lines {
            text.push_str(&plain(line));
            text.push('\n');
        }
        if !block.is_empty() {
            text.push_str(NO_WRAP);
            for line in block {
                text.push_str(&plain(line));
                text.push('\n');
            }
            text.push_str(WRAP);
        }
        self.drawn = block.len();
        // Whoever read it may be gone; the exit code still counts.
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }

    /// Whether something is to be said although nothing changed.
    pub(super) fn is_quiet(&self, elapsed: Duration) -> bool {
        self.form == Form::Lines && elapsed.saturating_sub(self.told) >= QUIET
    }
}

/// Without characters that steer a terminal.
pub(in crate::cli) fn plain(line: &str) -> String {
    line.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_drawn_over_and_lines_stay() {
        let mut screen = Screen::new(Form::Live, Vec::new());
        let text = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        screen.tell(&text(&["one"]), &text(&["a", "b"]), Duration::ZERO);
        screen.tell(&[], &text(&["c"]), Duration::ZERO);
        screen.tell(&text(&["two\x1b[2J"]), &[], Duration::ZERO);
        screen.tell(&[], &[], Duration::ZERO);
        let told = String::from_utf8(screen.out).unwrap();
        let expected = "one\n\x1b[?7la\nb\n\x1b[?7h\x1b[2A\x1b[J\x1b[?7lc\n\x1b[?7h\x1b[1A\x1b[Jtwo\u{fffd}[2J\n";
        assert_eq!(told, expected);
    }

    #[test]
    fn lines_alone_are_never_silent_for_long() {
        let mut screen = Screen::new(Form::Lines, Vec::new());
        assert!(!screen.is_quiet(Duration::from_secs(59)) && screen.is_quiet(QUIET));
        screen.tell(&["one".to_owned()], &[], QUIET);
        assert!(!screen.is_quiet(QUIET));
        assert!(!Screen::new(Form::Json, Vec::new()).is_quiet(QUIET), "one object for each change, and no other");
    }
}
