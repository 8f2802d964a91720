//! x
#![forbid(unsafe_code)]
pub mod buffer; pub mod config; pub mod demand; pub mod dispatch; pub mod limit; pub mod metrics; pub mod pipeline; pub mod pool; pub mod queue; pub mod resource; pub mod shutdown; pub mod stage;
