//! The nouns: what a suite, a release, a pod and a signal are. Pure.
