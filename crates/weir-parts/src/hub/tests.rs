//! Tests of the hub: random scripts for a shard, and the tasks under a paused clock.

mod naive;
mod policies;
mod recovery;
mod rig;
mod script;
mod storm;
mod support;
mod walking;
mod watching;
