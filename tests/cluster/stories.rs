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
mod undone;
mod without_helm;

use crate::runner::Story;

/// All stories, the longest first, so that none is left waiting at the end.
pub const ALL: &[Story] = &[
    Story::new("share_a_gsp", suites::share_a_gsp),
    Story::new("in_order", order::in_order),
    Story::new("export_views", schema::export_views),
    Story::new("kafka_down", dependency::kafka_down),
    Story::new("out_of_order", order::out_of_order),
    Story::new("not_all_well", order::not_all_well),
    Story::new("discovered", suites::discovered),
    Story::new("left_behind", state::left_behind),
    Story::new("no_secrets", without_helm::no_secrets),
    Story::new("install_all", healthy::install_all),
    Story::new("atomic", undone::atomic),
    Story::new("rollback_leaves_a_stale_pod", undone::rollback_leaves_a_stale_pod),
    Story::new("killed_helm", broken::killed_helm),
    Story::new("exporter_restarted", broken::exporter_restarted),
    Story::new("missing_image", broken::missing_image),
    Story::new("no_node", broken::no_node),
    Story::new("timed_out_then_healed", broken::timed_out_then_healed),
    Story::new("failed_hook", broken::failed_hook),
    Story::new("growing_backlog", broken::growing_backlog),
    Story::new("former_package", undone::former_package),
    Story::new("upgrade_with_wait", healthy::upgrade_with_wait),
    Story::new("upgrade_without_wait", healthy::upgrade_without_wait),
    Story::new("deleted_and_uninstalled", gone::deleted_and_uninstalled),
    Story::new("stand_ins", facts::stand_ins),
    Story::new("restarts", facts::restarts),
    Story::alone("controllers_away", healthy::controllers_away),
    Story::alone("api_server_killed", healthy::api_server_killed),
];
