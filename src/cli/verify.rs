//! `verify`: follows one operation to its end, tells how it goes, and says by its exit code what came of it.
//!
//! What is seen comes from `sight`, by observers of its own or from a running exporter; when it is final is `follow`'s to say. Not
//! for judging, and not for doing anything about it.

mod block;
pub(super) mod ending;
mod follow;
mod lines;
pub(super) mod screen;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;

use self::ending::{Ending, Outcome};
use self::follow::{Follower, Glimpse, Moment, Task};
use self::lines::Subject;
use self::screen::{Form, Screen};
use super::flags::{self, Flags};
use super::sight::hearing::Hearing;
use super::sight::view::View;
use super::sight::{Look, Sight};
use crate::model::names::Component;
use crate::model::time::Timestamp;
use crate::publish::text::title;
use crate::supervise::ShutdownSignal;

/// How many names of suites an error tells.
const NAMES_TOLD: usize = 10;

/// Follows, tells, and gives the exit code.
pub(super) async fn verify(flags: Flags, what: flags::Verify) -> ExitCode {
    let task = Task {
        component: what.component,
        timeout: what.timeout,
        wait_for_start: what.wait_for_start,
        returns: what.rollback,
    };
    let subject = Subject { suite: what.at.suite.clone().unwrap_or_default(), component: what.component };
    let mut telling = Telling {
        began: Instant::now(),
        screen: Screen::new(Form::of(what.output), std::io::stdout()),
        follower: Follower::new(task),
        hearing: Hearing::default(),
        subject,
        now: Timestamp::now(),
    };
    let ending = match telling.follow(flags, &what.at).await {
        Ok(ending) => ending,
        Err(error) => Ending::new(Outcome::CannotObserve, format!("{error:#}")),
    };
    telling.end(&ending);
    ExitCode::from(ending.outcome.exit_code())
}

/// One operation, and to whom it is told.
struct Telling<W> {
    began: Instant,
    screen: Screen<W>,
    follower: Follower,
    hearing: Hearing,
    subject: Subject,
    /// The last moment at which anything was looked at.
    now: Timestamp,
}

impl<W: std::io::Write> Telling<W> {
    async fn follow(&mut self, flags: Flags, at: &flags::At) -> anyhow::Result<Ending> {
        let mut signal = ShutdownSignal::listen()?;
        let mut sight = Sight::open(flags, at)?;
        let ending = tokio::select! {
            ending = self.watch(&mut sight) => ending,
            signal = signal.comes() => Ok(self.stopped(signal)),
        };
        sight.close().await;
        ending
    }

    async fn watch(&mut self, sight: &mut Sight) -> anyhow::Result<Ending> {
        loop {
            let look = sight.look().await?;
            self.now = sight.now();
            let glimpse = self.glimpse(look)?;
            let now = self.moment();
            let (changes, ending) = self.follower.step(glimpse, now);
            let mut told: Vec<String> = match self.screen.form() {
                Form::Json => changes.iter().map(|change| change.json(&self.subject, now.at)).collect(),
                Form::Lines | Form::Live => changes.iter().map(|change| change.line(&self.subject, now.at)).collect(),
            };
            if told.is_empty() && ending.is_none() && self.screen.is_quiet(now.elapsed) {
                told.push(lines::progress(&self.follower, &self.subject, now));
            }
            let shows_block = self.screen.form() == Form::Live && ending.is_none();
            let block = if shows_block { block::block(&self.follower, &self.subject, now) } else { Vec::new() };
            self.screen.tell(&told, &block, now.elapsed);
            if let Some(ending) = ending {
                return Ok(ending);
            }
        }
    }

    /// What a look says of the component.
    fn glimpse(&mut self, look: Look) -> anyhow::Result<Glimpse> {
        let view = match look {
            Look::Blind(why) => return Ok(Glimpse::Blind(why)),
            Look::Seen { view, at, .. } => {
                self.now = at;
                view
            }
        };
        if !view.ready {
            let unread = view.unread();
            let why = if unread.is_empty() { "the suites have not been judged yet".to_owned() } else { unread };
            return Ok(Glimpse::Blind(format!("not everything was read yet: {why}")));
        }
        if self.subject.suite.is_empty() {
            self.subject.suite = only_suite(&view, self.subject.component)?;
        }
        let Some(standing) = view.standing(&self.subject.suite, self.subject.component) else {
            return Ok(Glimpse::Blind(format!("suite {} is gone", self.subject.suite)));
        };
        let unheard = self.hearing.unheard(&view, &standing.namespace);
        Ok(Glimpse::Seen { standing: Box::new(standing.clone()), unheard })
    }

    fn stopped(&self, signal: &str) -> Ending {
        let outcome = if signal == "SIGINT" { Outcome::Interrupted } else { Outcome::Terminated };
        let what = match self.follower.operation() {
            Some(operation) => {
                format!("{} was not decided yet.", follow::capital(&follow::named(self.subject.component, operation)))
            }
            None => format!("no operation of {} was followed yet.", title(self.subject.component)),
        };
        Ending::new(outcome, format!("{signal} came: {what}"))
    }

    fn end(&mut self, ending: &Ending) {
        let now = self.moment();
        let told = match self.screen.form() {
            Form::Json => vec![lines::end_json(ending, &self.follower, &self.subject, now)],
            Form::Lines | Form::Live => lines::end_lines(ending, &self.follower, &self.subject),
        };
        self.screen.tell(&told, &[], now.elapsed);
    }

    fn moment(&self) -> Moment {
        Moment { at: self.now, elapsed: self.began.elapsed() }
    }
}

/// The suite where none is named: the only one.
fn only_suite(view: &View, component: Component) -> anyhow::Result<String> {
    let names: Vec<&str> = view.suites.iter().map(|suite| suite.name.as_str()).collect();
    match names.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => bail!("no suite is watched, so there is no {}", title(component)),
        several => {
            let more = if several.len() > NAMES_TOLD { ", ..." } else { "" };
            let told: Vec<&str> = several.iter().copied().take(NAMES_TOLD).collect();
            bail!("there are {} suites; name one by --suite: {}{more}", several.len(), told.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
