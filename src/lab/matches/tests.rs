//! The rules and the seeded play, and the lab over loopback sockets.

mod faults;
mod rules;
mod support;
mod watching;
mod writers;
