//! What stories ask beside stage and verdict: checks, gates, advisories, hooks.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{
    page::suite_and_component,
    process::eventually,
    scene::{SOON, Scene},
};

/// The answer to a check, as the page spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 1.
    Pass,
    /// 0.
    Fail,
    /// 0.5.
    Pending,
    /// `NaN`.
    Unknown,
    /// No series: the check does not apply.
    DoesNotApply,
}

impl Scene<'_> {
    /// The answer to a check now.
    pub fn check(&self, component: &str, check: &str) -> Result<Answer> {
        let (suite, component) = suite_and_component(component);
        let of = [("suite", suite), ("component", component), ("check", check)];
        Ok(match self.exporter.page()?.value("gim_upgrade_check", &of) {
            None => Answer::DoesNotApply,
            Some(value) if value.is_nan() => Answer::Unknown,
            Some(1.0) => Answer::Pass,
            Some(0.5) => Answer::Pending,
            Some(0.0) => Answer::Fail,
            Some(other) => bail!("check {check} of {component} is {other}"),
        })
    }

    /// Waits for an answer to a check.
    pub fn answers(&self, component: &str, check: &str, wanted: Answer) -> Result<()> {
        let mut last = None;
        let what = format!("check {check} of {component} is {wanted:?}");
        let done = eventually(&what, SOON, || {
            let answer = self.check(component, check)?;
            last = Some(answer);
            Ok(answer == wanted)
        });
        done.map_err(|error| error.context(format!("it was {last:?}; what was seen:\n{}", self.trace.tell(component))))
    }

    /// Waits until a gate is open, or closed by exactly these reasons.
    pub fn gate(&self, component: &str, closed_by: &[&str]) -> Result<()> {
        let what = if closed_by.is_empty() { "gate open".to_owned() } else { format!("gate closed by {closed_by:?}") };
        let is_so = |seen: &crate::trace::Seen| seen.closed_by.iter().map(String::as_str).eq(closed_by.iter().copied());
        self.trace.until(component, &what, SOON, is_so).map(drop)
    }

    /// Whether the verdict has this advisory beside it now.
    pub fn is_advised(&self, component: &str, advisory: &str) -> Result<bool> {
        let advisories = self.in_status(component, "verdict/advisories")?;
        let mut reasons = advisories.as_array().into_iter().flatten().filter_map(|advisory| advisory.get("reason"));
        Ok(reasons.any(|reason| reason.as_str() == Some(advisory)))
    }

    /// Waits until the verdict has this advisory beside it, or has it no more.
    pub fn advises(&self, component: &str, advisory: &str, wanted: bool) -> Result<()> {
        let what = format!("{component} is {}advised of {advisory}", if wanted { "" } else { "not " });
        eventually(&what, SOON, || Ok(self.is_advised(component, advisory)? == wanted))
    }

    /// Waits until the page tells this phase of a hook.
    pub fn hook(&self, release: &str, hook: &str, event: &str, phase: &str) -> Result<()> {
        let namespace = self.place.namespace(release);
        let of = [("release", release), ("target_namespace", &namespace), ("hook", hook), ("event", event)];
        let mut last = Value::Null;
        let done = eventually(&format!("hook {hook} of {release} is {phase}"), SOON, || {
            let page = self.exporter.page()?;
            let told = page.state_where("gim_upgrade_release_hook_status", "phase", &of)?;
            last = told.into();
            Ok(told == Some(phase))
        });
        done.map_err(|error| error.context(format!("the page told {last}")))
    }
}
