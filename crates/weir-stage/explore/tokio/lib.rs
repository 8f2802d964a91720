//! Tokio for the schedule explorer. Tasks are the explorer's, and each send and
//! receive is a place at which it may switch. The rest is tokio's own: each call of
//! it is one step.

pub mod mpsc;
pub mod task;

pub use real::{select, time};

pub use self::task::spawn;

pub mod sync {
    //! Channels and semaphores.

    pub use real::sync::{Notify, Semaphore, oneshot, watch};

    pub use crate::mpsc;
}
