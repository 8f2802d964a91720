//! Do the numbers hold? What the bench and the load generator say is held against
//! what must come out: closed forms, theory, and a second count made here.
//!
//! All of it is under virtual time and by seed, so each test says the same every
//! time, on every machine.

/// Service times are those of the distribution that was asked for.
mod distributions;

/// A resource that stands still, by both clocks.
mod freeze;

/// Theory and simulation agree, as far as chance allows.
mod predictions;

/// Runs of the same thing seldom differ, and runs of another thing do.
mod noise;

/// The load generator against a scripted target.
mod generator;

/// The number of runs or pairs: `usual`, or `WEIR_CASES`.
fn replicas(usual: u64) -> u64 {
    std::env::var("WEIR_CASES").map_or(usual, |cases| cases.parse().expect("a number of cases"))
}

/// The n-th of seeds that have nothing to do with each other: neighbouring seeds
/// of a small generator begin alike.
fn seed(n: u64) -> u64 {
    fastrand::Rng::with_seed(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).u64(..)
}
