//! What the page loads beside itself: its style, its script, and an icon for each verdict. All of it is served by the exporter.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;

use super::icons;
use crate::assess::assessment::VerdictKind;

/// The policy under which the page runs: everything from where it came from, nothing inline, and nobody may frame it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const CSS: &str = include_str!("assets/page.css");
const JS: &str = include_str!("assets/page.js");

/// A file by its name, and its type.
#[must_use]
pub fn asset(name: &str) -> Option<(&'static str, String)> {
    match name {
        "page.css" => Some(("text/css; charset=utf-8", CSS.to_owned())),
        "page.js" => Some(("text/javascript; charset=utf-8", JS.to_owned())),
        _ => {
            let kind = VerdictKind::parse(name.strip_suffix(".svg")?)?;
            Some(("image/svg+xml", icon(kind)))
        }
    }
}

/// The address of the style or the script, which changes with what is in it: so a browser may keep it.
pub(super) fn address(base: &str, name: &str) -> String {
    format!("{base}assets/{name}?v={}", *EDITION)
}

/// Whether a query asks for what is served now, which is then the same for ever.
#[must_use]
pub fn is_current(query: Option<&str>) -> bool {
    query.and_then(|query| query.strip_prefix("v=")) == Some(EDITION.as_str())
}

/// Tells style and script from those of another build.
static EDITION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    (CSS, JS).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
});

/// The icon of a verdict for a tab: its shape on its colour.
fn icon(kind: VerdictKind) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-4 -4 32 32\"><rect x=\"-4\" y=\"-4\" width=\"32\" height=\"32\" rx=\"7\" \
         fill=\"{}\"/><g fill=\"none\" stroke=\"#111\" stroke-width=\"3\" stroke-linecap=\"round\">{}</g></svg>\n",
        colour(kind),
        icons::verdict_shape(kind)
    )
}

/// The colour of a verdict: of Okabe and Ito's palette, which colour-blind people can tell apart. The style has the same.
pub(super) const fn colour(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::None => "#9aa5b1",
        VerdictKind::Wait => "#56b4e9",
        VerdictKind::Proceed => "#2fbf8f",
        VerdictKind::RestartPod => "#e69f00",
        VerdictKind::RollBack => "#f0703a",
        VerdictKind::FixDependency => "#f0b93a",
        VerdictKind::ContactSupport => "#d98bb8",
        VerdictKind::Investigate => "#f0e442",
        VerdictKind::Unknown => "#c3c9d0",
    }
}
