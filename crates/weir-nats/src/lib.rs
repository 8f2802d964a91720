//! Several machines over [NATS](https://nats.io).
mod beats;
mod boot_clock;
mod connection;
mod fan_out;
mod names;
mod stores;
mod token;
mod trouble;

pub use beats::{Beat, Beats};
pub use connection::Nats;
pub use fan_out::FanOut;
pub use names::{AppendError, Claim, ClaimError, Entry, Log, Place, Registry, RegistryOptions};
pub use trouble::NatsError;
