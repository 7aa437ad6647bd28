//! Does GIM call its own state well? `gim_server_state` is a number; Genesys's own dashboard alarms when it falls below -2
//! (public sample dashboards), and what each number means is documented nowhere in public.

use super::{Context, heard};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::names::Component;
use crate::model::signal::SERVER_STATE;

/// Answers `server_state`: the worst of the pods decides. Does not apply where GIM does not tell it.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.component != Component::Gim {
        return None;
    }
    let readings = match heard(context)? {
        Ok(readings) => readings,
        Err(answer) => return Some(answer),
    };
    let value = readings.iter().filter_map(|reading| reading.value(SERVER_STATE)).reduce(f64::min)?;
    let limit = context.policy.server_state_min;
    let state = if value < limit { CheckState::Fail } else { CheckState::Pass };
    Some(Answer::new(state, [Evidence::ServerState { value, limit }]))
}
