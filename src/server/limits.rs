//! What a client may take of the server: sizes, times and places. Nothing else is bounded elsewhere.

use std::time::Duration;

/// Streams of events at once, each a connection of its own: one for every open page. Beyond this a 503, and the page asks
/// again. They are fewer than all connections, so that no number of open pages keeps a scrape or a probe out.
pub const MAX_EVENT_STREAMS: usize = 512;

/// Connections at once. Beside streams of events, Prometheus in a pair, Alertmanager, probes and some browsers make a dozen;
/// beyond this someone leaks or attacks, and each costs memory. For one more the connection is ended that has let us wait for a
/// request the longest. Where each is owed an answer, the new one is closed at once, unheard, and counted.
pub const MAX_CONNECTIONS: usize = MAX_EVENT_STREAMS + 256;

/// Request line and headers together. Prometheus sends some 600 bytes; a browser with cookies of other programs on the
/// same host sends a few KiB. Beyond: 431.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The body of a request. No route needs any; beyond this: 413.
pub const MAX_REQUEST_BODY_BYTES: usize = 4 * 1024;

/// From a connection's opening, or a later request's first byte, to the end of its head; and again for its body.
const REQUEST_READ: Duration = Duration::from_secs(10);

/// Between two requests on one connection: longer than the scrape intervals in use, so that a scrape finds its
/// connection open.
const KEEP_ALIVE_IDLE: Duration = Duration::from_mins(2);

/// How long a client that lets us wait may take for [`WRITE_PROGRESS_BYTES`], or for all there is.
const WRITE_STALL: Duration = Duration::from_secs(30);

/// What a slow client must take within [`WRITE_STALL`]: 8 KiB a second, the slowest line that a scrape makes sense on.
pub(super) const WRITE_PROGRESS_BYTES: usize = 256 * 1024;

/// What connections get to finish in when the process ends; a kubelet gives 30 s in all before it kills.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// What hyper may hold of an answer before it waits for the client: a slow one costs this and no more, however long
/// its answer is.
pub(super) const WRITE_BUFFER_BYTES: usize = 128 * 1024;

/// The limits that tests shorten; [`Limits::default`] is what runs.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// For the head of a request, and again for its body.
    pub request_read: Duration,
    /// Between two requests.
    pub keep_alive_idle: Duration,
    /// Without enough progress in writing.
    pub write_stall: Duration,
    /// For connections to finish when the server ends.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            request_read: REQUEST_READ,
            keep_alive_idle: KEEP_ALIVE_IDLE,
            write_stall: WRITE_STALL,
            shutdown_grace: SHUTDOWN_GRACE,
        }
    }
}
