//! The HTTP server: routes and limits.
