//! The one owner of indexes, memory and clock: applies changes, has suites judged, publishes snapshots.
