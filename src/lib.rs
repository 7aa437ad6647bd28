//! `gim-upgrade-exporter`: a Prometheus exporter that judges Genesys Info Mart upgrades on Kubernetes.
//!
//! Data flows one way: [`observe`] hears the cluster and sends changes to the [`board`], which keeps the [`index`],
//! asks [`assess`] for a judgement and hands out immutable snapshots; [`publish`] renders them and [`server`] serves
//! them. [`alerts`] says when somebody is called, and [`notify`] posts
//! that to Alertmanager; [`dashboards`] is what people look at. [`model`] holds the nouns and [`exposition`] the text formats. [`config`] reads the configuration, [`cli`]
//! wires everything together, [`supervise`] keeps its tasks honest; outgoing connections are made with [`net`]. [`sim`] is a
//! cluster to try it all on.
//!
//! The table of which room may use which stands in `ARCHITECTURE.md`, and `tests/rooms.rs` holds the code to it.

#![forbid(unsafe_code)]

pub mod alerts;
pub mod assess;
pub mod board;
pub mod cli;
pub mod config;
pub mod dashboards;
pub mod exposition;
pub mod index;
pub mod model;
pub mod net;
pub mod notify;
pub mod observe;
pub mod publish;
pub mod server;
pub mod sim;
pub mod supervise;
