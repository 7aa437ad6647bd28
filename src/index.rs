//! What is known of the cluster, kept so that a suite's facts can be assembled at once. Pure.
