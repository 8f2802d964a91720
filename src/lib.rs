//! Weir holds events back, lets a measured flow through, and shows how much
//! passes.
#![forbid(unsafe_code)]

pub mod buffer;
pub mod cli;
pub mod config;
pub mod demand;
pub mod dispatch;
pub mod http;
pub mod limit;
pub mod metrics;
pub mod pipeline;
pub mod pool;
pub mod queue;
pub mod resource;
mod shard;
pub mod shutdown;
pub mod stage;
pub mod workbench;
