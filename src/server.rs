//! The HTTP server: a listener, connections with limits, and a table of routes given from outside.
//!
//! It knows how to be polite and how not to be held up: who sends slowly, reads slowly, sends too much or comes in
//! crowds is cut off, and the limits are constants here, each with its reason. What a route answers is not its
//! business: [`site`] puts what `publish` says into responses, in the form a client asks for ([`negotiate`]).

mod body;
mod client_certificates;
mod connection;
mod door;
pub mod lifecycle;
mod limits;
mod listen;
pub mod negotiate;
mod passwords;
mod patience;
mod places;
mod rate;
mod remembered;
mod routes;
pub mod site;
mod tls;
mod tokens;

pub use body::{Body, BoxError, chunks, full, streamed};
pub use door::Door;
pub use limits::{Limits, MAX_CONNECTIONS, MAX_EVENT_STREAMS, MAX_HEAD_BYTES, MAX_REQUEST_BODY_BYTES};
pub use listen::{ListenError, Server};
pub use routes::{Request, Response, Routes, text};
pub use tls::TlsError;
pub use tokens::Reviewer;

#[cfg(test)]
mod tests;
