//! The configuration file, environment and flags, turned into policy and scope.
