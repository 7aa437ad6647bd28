//! The stories: what happens to a suite, and what must be seen. Each is told in the file of its kind.

mod broken;
mod dependency;
mod facts;
mod gone;
mod healthy;
mod order;
mod schema;
mod state;
mod suites;
mod tokens;
mod undone;
mod verify;
mod without_helm;

use crate::runner::Story;

/// The rules of the upgrade guide that a real cluster must show, in the project's own numbering: order (1), health before it
/// (2), the guide's commands (5), GSP's hook (7), rollback (12), dependencies (13), export views (15), what an uninstall
/// leaves (16).
pub const RULES: &[u8] = &[1, 2, 5, 7, 12, 13, 15, 16];

/// All stories, the longest first, so that none is left waiting at the end.
pub const ALL: &[Story] = &[
    Story::new("share_a_gsp", suites::share_a_gsp).shows(&[1, 5]),
    Story::new("in_order", order::in_order).shows(&[1, 5, 7]),
    Story::new("export_views", schema::export_views).shows(&[10, 15]),
    Story::new("kafka_down", dependency::kafka_down).shows(&[13]),
    Story::new("out_of_order", order::out_of_order).shows(&[1]),
    Story::new("not_all_well", order::not_all_well).shows(&[2, 12]),
    Story::new("discovered", suites::discovered),
    Story::new("left_behind", state::left_behind).shows(&[16]),
    Story::new("no_secrets", without_helm::no_secrets),
    Story::new("verify", verify::verify),
    Story::new("install_all", healthy::install_all),
    Story::new("atomic", undone::atomic),
    Story::new("rollback_leaves_a_stale_pod", undone::rollback_leaves_a_stale_pod).shows(&[12]),
    Story::new("killed_helm", broken::killed_helm),
    Story::new("exporter_restarted", broken::exporter_restarted),
    Story::new("missing_image", broken::missing_image),
    Story::new("no_node", broken::no_node),
    Story::new("timed_out_then_healed", broken::timed_out_then_healed),
    Story::new("failed_hook", broken::failed_hook).shows(&[7, 12]),
    Story::new("growing_backlog", broken::growing_backlog),
    Story::new("former_package", undone::former_package).shows(&[12]),
    Story::new("upgrade_with_wait", healthy::upgrade_with_wait),
    Story::new("upgrade_without_wait", healthy::upgrade_without_wait),
    Story::new("deleted_and_uninstalled", gone::deleted_and_uninstalled),
    Story::new("let_in", tokens::let_in),
    Story::new("stand_ins", facts::stand_ins),
    Story::new("restarts", facts::restarts),
    Story::alone("controllers_away", healthy::controllers_away),
    Story::alone("api_server_killed", healthy::api_server_killed),
];
