//! The commands. A few lines of wiring each.
