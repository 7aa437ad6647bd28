//! Icons: one shape for each verdict and each answer, so that nothing is told by colour alone. The only markup here that is
//! not escaped; it is constant.

use maud::{Markup, PreEscaped, html};

use crate::assess::answer::CheckState;
use crate::assess::assessment::VerdictKind;

/// The shape of a verdict, in a square of 24.
pub const fn verdict_shape(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::None => r#"<circle cx="12" cy="12" r="9"></circle><path d="M8 12h8"></path>"#,
        VerdictKind::Wait => r#"<circle cx="12" cy="12" r="9"></circle><path d="M12 7v5l3.5 2"></path>"#,
        VerdictKind::Proceed => r#"<path d="M4 12h15M13 6l6 6-6 6"></path>"#,
        VerdictKind::RestartPod => r#"<path d="M20 11a8 8 0 1 0-2.3 6.6M20 4v7h-7"></path>"#,
        VerdictKind::RollBack => {
            r#"<path d="M9 6l-5 5 5 5M4 11h10a6 6 0 0 1 0 12h-1" transform="translate(0 -2)"></path>"#
        }
        VerdictKind::FixDependency => r#"<path d="M9 3v5M15 3v5M7 8h10v4a5 5 0 0 1-10 0zM12 17v4"></path>"#,
        VerdictKind::ContactSupport => r#"<path d="M4 5h16v11H11l-5 4v-4H4zM8.500 10.500h7"></path>"#,
        VerdictKind::Investigate => {
            r#"<circle cx="10.500" cy="10.500" r="6.500"></circle><path d="M15.500 15.500L21 21"></path>"#
        }
        VerdictKind::Unknown => {
            r#"<circle cx="12" cy="12" r="9" stroke-dasharray="4 2.500"></circle><path d="M9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.8.4-1 .9-1 1.700M12 16.500v.2"></path>"#
        }
    }
}

/// The icon of a verdict.
pub fn verdict(kind: VerdictKind) -> Markup {
    icon(verdict_shape(kind))
}

/// The icon of an answer.
pub fn state(state: CheckState) -> Markup {
    icon(match state {
        CheckState::Pass => r#"<path d="M5 13l4.500 4.500L19 7"></path>"#,
        CheckState::Fail => r#"<path d="M6 6l12 12M18 6L6 18"></path>"#,
        CheckState::Pending => verdict_shape(VerdictKind::Wait),
        CheckState::Unknown => verdict_shape(VerdictKind::Unknown),
    })
}

fn icon(shape: &'static str) -> Markup {
    html! { svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { (PreEscaped(shape)) } }
}
