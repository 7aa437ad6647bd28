//! The text formats of Prometheus, parsed strictly and written exactly. Pure.
