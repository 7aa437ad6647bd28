//! The form of an event (WHATWG HTML, "Server-sent events"): lines, ended by an empty one.

use std::time::Duration;

use bytes::Bytes;

use super::Topic;

/// The first thing a client is told: how long to wait after a loss.
pub fn retry(after: Duration) -> Bytes {
    format!("retry: {}\n\n", after.as_millis()).into()
}

/// What is said where nothing is new. A browser hides comments from the page, so a page gets an event.
pub fn sign_of_life(topic: &Topic) -> Bytes {
    Bytes::from_static(match topic {
        Topic::Suites | Topic::Suite(_) => b": still here\n\n",
        Topic::Page(_) => b": still here\nevent: still\ndata:\n\n",
    })
}

/// An event: its number, its name, and its data, of however many lines.
pub fn event(id: u64, name: &str, data: &str) -> Bytes {
    let mut frame = String::with_capacity(data.len() + 64);
    frame.push_str("id: ");
    frame.push_str(itoa::Buffer::new().format(id));
    frame.push_str("\nevent: ");
    frame.push_str(name);
    // A lone carriage return ends a line too.
    for line in data.split(['\n', '\r']) {
        frame.push_str("\ndata: ");
        frame.push_str(line);
    }
    frame.push_str("\n\n");
    frame.into()
}

/// All of an event but its number: whether two say the same.
pub fn content(frame: &Bytes) -> &[u8] {
    frame.split(|byte| *byte == b'\n').next().and_then(|first| frame.get(first.len()..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_data_can_end_an_event() {
        assert_eq!(
            event(7, "page", "a\n\nevent: b\r\rid: 8"),
            "id: 7\nevent: page\ndata: a\ndata: \ndata: event: b\ndata: \ndata: id: 8\n\n"
        );
        assert_eq!(content(&event(7, "x", "y")), content(&event(8, "x", "y")));
        assert_ne!(content(&event(7, "x", "y")), content(&event(7, "x", "z")));
    }
}
