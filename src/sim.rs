//! The simulated cluster: an HTTP server that behaves as a Kubernetes API server, played by a scenario.
