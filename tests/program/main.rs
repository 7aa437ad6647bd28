//! The whole program over HTTP against the simulated API server, when things go wrong: silence, rubbish, lacking permission,
//! an API server that dies, an Alertmanager that hangs, a secret where none should be.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod canary;
mod certificates;
mod cluster;
mod discovery;
mod doctor;
mod ends;
mod events;
mod fake_alertmanager;
mod files;
mod gone;
mod hung_files;
mod inside;
mod listener;
mod notify;
mod odd_names;
mod odd_pod;
mod pages;
mod permission;
mod played;
mod process;
mod quiet;
mod reload;
mod rubbish;
mod silence;
mod site;
mod steady;
mod unreadable;
mod verify;
