//! The lab over HTTP, in this process: the router is called without a socket.

mod client;
mod games;
mod kills;
mod watchers;
