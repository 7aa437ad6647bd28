//! Which commit is built, and when: for `--version` and the metric `exporter_build_info`.
//!
//! `GIM_UPGRADE_COMMIT` and `SOURCE_DATE_EPOCH` say so where they are set, as where an image is built. Else git is asked, for
//! optimised builds alone: a test build would be made anew after every commit. Where nobody can tell, it is `unknown`.

use std::process::Command;

fn main() {
    for variable in ["GIM_UPGRADE_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    let optimised = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let asked = optimised.then(|| git(&["show", "-s", "--format=%H %ct", "HEAD"])).flatten();
    if let Some(log) = optimised.then(|| git(&["rev-parse", "--git-path", "logs/HEAD"])).flatten() {
        println!("cargo:rerun-if-changed={log}");
    }
    let (commit, seconds) = asked.as_deref().and_then(|answer| answer.split_once(' ')).unzip();
    let commit = set("GIM_UPGRADE_COMMIT").or_else(|| commit.map(str::to_owned));
    let commit =
        commit.filter(|commit| commit.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')));
    let seconds = set("SOURCE_DATE_EPOCH").or_else(|| seconds.map(str::to_owned));
    let date = seconds.and_then(|seconds| seconds.parse().ok()).and_then(date);
    let unknown = || "unknown".to_owned();
    println!("cargo:rustc-env=GIM_UPGRADE_BUILD_COMMIT={}", commit.unwrap_or_else(unknown));
    println!("cargo:rustc-env=GIM_UPGRADE_BUILD_DATE={}", date.unwrap_or_else(unknown));
}

fn set(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// The day of so many seconds after the Unix epoch, in UTC (after Howard Hinnant's `civil_from_days`).
fn date(seconds: u64) -> Option<String> {
    let days = i64::try_from(seconds / 86_400).ok()?.checked_add(719_468)?;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}
