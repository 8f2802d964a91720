//! Two owners of one name, in a build without the feature `nats`: the run is not measured.

use super::life::Post;
use crate::exercise::format::Owners;
use crate::exercise::trial::lab::Found;

/// The reason.
const NOT_BUILT: &str = "it needs a build with NATS: cargo build --release --features nats";

/// Refuses to measure a run.
pub(super) fn measure(_run: &Owners) -> Result<Found, String> {
    Err(NOT_BUILT.to_owned())
}

/// Refuses to own a name.
pub(super) fn own(_post: &Post) -> anyhow::Result<()> {
    anyhow::bail!(NOT_BUILT)
}
