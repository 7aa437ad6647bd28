//! Judging: facts in, an assessment with reasons out. Pure: no IO, no clock, no async.
