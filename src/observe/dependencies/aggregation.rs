//! The aggregation (RAA) beside the Info Mart: the level of health that its page tells. What a level means is documented
//! nowhere in public, so it is judged by what the configuration says.

use std::time::Duration;

use http::header::CONTENT_TYPE;

use super::ProbeError;
use crate::exposition::{Format, Parser};
use crate::model::names::Name;
use crate::net::web::{self, Web};

/// The family that tells the level.
const LEVEL: &str = "gcxi_raa_health_level";
/// The largest page that is read: RAA's has a few KiB.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Reads the level: the lowest, where the page has several.
pub async fn read(web: &Web, url: &str, ca_file: Option<&Name>, patience: Duration) -> Result<f64, ProbeError> {
    let response = web.get(url, ca_file, patience, |request| request).await?;
    if response.status() != http::StatusCode::OK {
        return Err(ProbeError::protocol(format!("HTTP {}", response.status().as_u16())));
    }
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = Format::of_content_type(content_type.unwrap_or_default());
    level(&web::body(response, MAX_PAGE_BYTES).await?, format)
}

fn level(page: &[u8], format: Format) -> Result<f64, ProbeError> {
    let mut parser = Parser::new(format, |name| name == LEVEL);
    let broken = |error| ProbeError::protocol(format!("page: {error}"));
    parser.feed(page).map_err(broken)?;
    let samples = parser.finish().map_err(broken)?;
    let levels = samples.iter().map(|sample| sample.value);
    let lowest = levels.reduce(f64::min).ok_or_else(|| ProbeError::protocol(format!("the page has no {LEVEL}")))?;
    if lowest.is_nan() { Err(ProbeError::protocol(format!("{LEVEL} is no number"))) } else { Ok(lowest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let of = |page: &str| level(page.as_bytes(), Format::Text).map_err(|error| error.to_string());
        assert_eq!(of("gcxi_raa_health_level 3\nother 1\n"), Ok(3.0));
        assert_eq!(of("gcxi_raa_health_level{a=\"1\"} 3\ngcxi_raa_health_level{a=\"2\"} -1\n"), Ok(-1.0));
        assert_eq!(of("other 1\n"), Err("the page has no gcxi_raa_health_level".into()));
        assert_eq!(of("gcxi_raa_health_level NaN\n"), Err("gcxi_raa_health_level is no number".into()));
        assert!(of("<html>").unwrap_err().starts_with("page: "));
    }
}
