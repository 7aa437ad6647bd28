//! The process as Linux tells of it: the figures of the conventional `process_*` families.
//!
//! Read from `/proc` at each scrape, which takes some 50 µs. What cannot be read is left out: elsewhere than on Linux
//! all of it. Not for the exporter's own counters: see `own`.

use std::fs;

/// Ticks in a second of the times in `/proc/self/stat`: what Linux tells programs on every machine it runs on today.
const TICKS_PER_SECOND: f64 = 100.0;

/// What is read at each scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU time, user and system, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Open file descriptors.
    pub open_fds: Option<f64>,
    /// Resident memory in bytes.
    pub resident_bytes: Option<f64>,
    /// Virtual memory in bytes.
    pub virtual_bytes: Option<f64>,
}

/// What stays as long as the process lives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Constants {
    /// When the process began, in seconds since the Unix epoch.
    pub start_seconds: Option<f64>,
    /// File descriptors that may be open.
    pub max_fds: Option<f64>,
}

/// Reads how much the process uses now.
#[must_use]
pub fn usage() -> Usage {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Usage {
        cpu_seconds: ticks(&stat, 13).zip(ticks(&stat, 14)).map(|(user, system)| user + system),
        // One of them is the folder that is being read.
        open_fds: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1) as f64),
        resident_bytes: kilobytes(&status, "VmRSS:"),
        virtual_bytes: kilobytes(&status, "VmSize:"),
    }
}

/// Reads what stays.
#[must_use]
pub fn constants() -> Constants {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let booted = number(&read("/proc/stat"), "btime");
    let since_boot = ticks(&read("/proc/self/stat"), 21);
    Constants {
        start_seconds: booted.zip(since_boot).map(|(booted, since)| booted + since),
        max_fds: number(&read("/proc/self/limits"), "Max open files"),
    }
}

/// A time of `/proc/self/stat` in seconds, by its place, 0 first. The name of the program, second of all, may have
/// spaces and brackets of its own, so counting begins behind its last bracket.
fn ticks(stat: &str, place: usize) -> Option<f64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let ticks: f64 = behind_name.split_ascii_whitespace().nth(place.checked_sub(2)?)?.parse().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

/// The first number behind `name` on the line that begins with it.
fn number(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_ascii_whitespace().next()?.parse().ok()
}

fn kilobytes(status: &str, name: &str) -> Option<f64> {
    number(status, name).map(|kilobytes| kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_does_not_shift_the_columns() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 3 0 12345 1000 200";
        assert_eq!(ticks(stat, 13), Some(2.5));
        assert_eq!(ticks(stat, 14), Some(0.5));
        assert_eq!(ticks(stat, 21), Some(123.45));
        assert_eq!(ticks(stat, 90), None);
        assert_eq!(ticks("", 13), None);
    }

    #[test]
    fn numbers_are_found_by_name() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(number(limits, "Max open files"), Some(1024.0));
        assert_eq!(number("Max open files            unlimited", "Max open files"), None);
        assert_eq!(kilobytes("VmSize:\t    2048 kB\nVmRSS:\t 1024 kB\n", "VmRSS:"), Some(1_048_576.0));
    }
}
