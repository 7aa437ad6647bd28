//! What whoever is paged has heard, in short.

use std::collections::BTreeSet;

use crate::receiver::Notification;

/// A notification in short: for whom, of which component, which alerts fire in it, and which have ended.
pub fn line(notification: &Notification) -> String {
    let names = |status| {
        let names: Vec<_> =
            notification.names(status).iter().map(|name| name.trim_start_matches("GimUpgrade").to_owned()).collect();
        names.join("+")
    };
    let component = notification.group_labels.get("component").map_or("-", String::as_str);
    let (firing, resolved) = (names("firing"), names("resolved"));
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
    notifications.iter().filter(|notification| notification.receiver == receiver).map(line).collect()
}

/// What anybody but the watchdog's receiver was ever told of, as `receiver component alert`.
pub fn told(notifications: &[Notification]) -> BTreeSet<String> {
    let of = |notification: &Notification| {
        let component = notification.group_labels.get("component").map_or("-", String::as_str).to_owned();
        let receiver = notification.receiver.clone();
        let names = notification.names("firing").into_iter().map(|name| name.trim_start_matches("GimUpgrade").to_owned());
        names.map(move |name| format!("{receiver} {component} {name}")).collect::<Vec<_>>()
    };
    notifications.iter().filter(|notification| notification.receiver != "watchdog").flat_map(of).collect()
}
