//! The process as Linux tells of it: the figures of the conventional `process_*` families.
//!
//! Read from `/proc` at each scrape, from as few files as will do. What cannot be read is left out: elsewhere than on Linux
//! all of it. Not for the exporter's own counters: see `own`.

use std::fs::{self, File};
use std::io::Read as _;

/// Ticks in a second of the times in `/proc/self/stat`: what Linux tells programs on every machine it runs on today.
const TICKS_PER_SECOND: f64 = 100.0;

/// The longest `/proc/self/stat`: 52 numbers of at most 20 digits, and a name of 64 bytes.
const STAT_BYTES: usize = 2048;

/// The key of the page size in `/proc/self/auxv` (`AT_PAGESZ`).
const AUXV_PAGE_SIZE: usize = 6;

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
    /// Size of a page of memory in bytes.
    page_bytes: Option<f64>,
}

impl Constants {
    /// Reads what stays.
    #[must_use]
    pub fn read() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let booted = number(&read("/proc/stat"), "btime");
        let since_boot = column(&stat(), 22);
        Self {
            start_seconds: booted.zip(since_boot).map(|(booted, since)| booted + since / TICKS_PER_SECOND),
            max_fds: number(&read("/proc/self/limits"), "Max open files"),
            page_bytes: page_bytes(&fs::read("/proc/self/auxv").unwrap_or_default()),
        }
    }

    /// Reads how much the process uses now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let stat = stat();
        let (user, system) = (column(&stat, 14), column(&stat, 15));
        Usage {
            cpu_seconds: user.zip(system).map(|(user, system)| (user + system) / TICKS_PER_SECOND),
            // One of them is the folder that is being read.
            open_fds: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1) as f64),
            resident_bytes: column(&stat, 24).zip(self.page_bytes).map(|(pages, page_bytes)| pages * page_bytes),
            virtual_bytes: column(&stat, 23),
        }
    }
}

/// `/proc/self/stat`, in one read: Linux makes it anew for each.
fn stat() -> String {
    let mut stat = [0; STAT_BYTES];
    let read = File::open("/proc/self/stat").and_then(|mut file| file.read(&mut stat)).unwrap_or_default();
    String::from_utf8_lossy(stat.get(..read).unwrap_or_default()).into_owned()
}

/// A number of `/proc/self/stat` by its column, counted from 1 as in proc(5). The name of the program, second of all,
/// may have spaces and brackets of its own, so counting begins behind its last bracket.
fn column(stat: &str, column: usize) -> Option<f64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_ascii_whitespace().nth(column.checked_sub(3)?)?.parse().ok()
}

/// The page size in `/proc/self/auxv`, which is pairs of words: key and value.
fn page_bytes(auxv: &[u8]) -> Option<f64> {
    const WORD: usize = size_of::<usize>();
    let word = |bytes: &[u8]| bytes.try_into().ok().map(usize::from_ne_bytes);
    let mut pairs = auxv.chunks_exact(2 * WORD).map(|pair| pair.split_at(WORD));
    let (_, value) = pairs.find(|(key, _)| word(key) == Some(AUXV_PAGE_SIZE))?;
    word(value).map(|bytes| bytes as f64)
}

/// The first number behind `name` on the line that begins with it.
fn number(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_does_not_shift_the_columns() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 3 0 12345 1000 200";
        let cases = [(14, Some(250.0)), (15, Some(50.0)), (22, Some(12345.0)), (24, Some(200.0)), (90, None)];
        for (place, expected) in cases {
            assert_eq!(column(stat, place), expected, "{place}");
        }
        assert_eq!(column("", 14), None);
    }

    #[test]
    fn numbers_are_found_by_name() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(number(limits, "Max open files"), Some(1024.0));
        assert_eq!(number("Max open files            unlimited", "Max open files"), None);
    }

    #[test]
    fn the_page_size_is_found_by_its_key() {
        let words: [usize; 6] = [33, 6, 6, 16384, 0, 0];
        let auxv: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        assert_eq!(page_bytes(&auxv), Some(16384.0));
        assert_eq!(page_bytes(&auxv[..9]), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_can_be_read() {
        let constants = Constants::read();
        let usage = constants.usage();
        assert!(constants.start_seconds.unwrap() > 1.6e9);
        assert!(constants.max_fds.is_none_or(|fds| fds >= 1.0));
        assert!(usage.open_fds.unwrap() >= 1.0);
        assert!(usage.resident_bytes.unwrap() > 100_000.0);
        assert!(usage.virtual_bytes.unwrap() >= usage.resident_bytes.unwrap());
        assert!(usage.cpu_seconds.unwrap() >= 0.0);
    }
}
