//! What whoever is paged has heard, in short.

use std::collections::BTreeSet;

use crate::receiver::Notification;

/// A notification in short: for whom, of which component, which alerts fire in it, and which of those that were told have ended.
fn line(notification: &Notification, told: &mut BTreeSet<(String, String)>) -> String {
    let component = notification.group_labels.get("component").map_or("-", String::as_str);
    let names = |status| -> Vec<&str> {
        notification.names(status).into_iter().map(|name| name.trim_start_matches("GimUpgrade")).collect()
    };
    let of = |name: &&str| (component.to_owned(), (*name).to_owned());
    told.extend(names("firing").iter().map(of));
    let firing = names("firing").join("+");
    // Alertmanager lists the ends of silenced alerts too, which nobody has heard of, and an end more than once.
    let resolved: Vec<_> = names("resolved").into_iter().filter(|name| told.remove(&of(name))).collect();
    let resolved = resolved.join("+");
    let mut text = format!("{} {component}", notification.receiver);
    if !firing.is_empty() {
        text = format!("{text} {firing}");
    }
    if !resolved.is_empty() {
        text = format!("{text} ended:{resolved}");
    }
    text
}

/// The notifications to a receiver, in the order in which they came.
pub fn lines(notifications: &[Notification], receiver: &str) -> Vec<String> {
    let mut told = BTreeSet::new();
    let to_receiver = notifications.iter().filter(|notification| notification.receiver == receiver);
    to_receiver.map(|notification| line(notification, &mut told)).collect()
}

/// What anybody but the watchdog's receiver was ever told of, as `receiver component alert`.
pub fn told(notifications: &[Notification]) -> BTreeSet<String> {
    let of = |notification: &Notification| {
        let component = notification.group_labels.get("component").map_or("-", String::as_str).to_owned();
        let receiver = notification.receiver.clone();
        let names =
            notification.names("firing").into_iter().map(|name| name.trim_start_matches("GimUpgrade").to_owned());
        names.map(move |name| format!("{receiver} {component} {name}")).collect::<Vec<_>>()
    };
    notifications.iter().filter(|notification| notification.receiver != "watchdog").flat_map(of).collect()
}
