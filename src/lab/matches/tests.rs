//! The rules and the seeded play, and the lab over loopback sockets.

mod faults;
mod memory;
mod nodes;
mod rules;
mod support;
mod verdicts;
mod watching;
mod writers;
