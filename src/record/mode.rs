//! The names of the three ways to use the resource. The workbench implements them.

/// How an endpoint uses the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Inside the request: the client waits until the work is done.
    Serial,
    /// Spawned: the client is answered at once, and only `async.max_in_flight` limits the
    /// work that piles up.
    Async,
    /// Queued: the client is answered once the event has a place in the queue,
    /// and consumers do the work at their own pace.
    Pipelined,
}

impl Mode {
    /// All modes, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Serial, Self::Async, Self::Pipelined];

    /// Returns the mode with this [name](Self::name).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Returns the mode's name in paths, labels and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Async => "async",
            Self::Pipelined => "pipelined",
        }
    }
}
