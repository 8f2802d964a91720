//! Makes load, and measures what comes back.

mod plan;
mod target;

pub use plan::{Arrivals, Model, Phase, Plan, Profile, ProfileError, RequestPlan};
pub use target::{Answer, Connection, Failure, Target};
