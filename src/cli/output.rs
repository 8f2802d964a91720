//! What is printed, and to whom.
//!
//! A reader may leave at any time, as `head` does. `println!` and `eprintln!`
//! would panic then; a server must go on, and a command simply has nobody left to
//! tell.

use std::io::Write;

/// Prints to standard output.
pub(super) fn say(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error.
pub(super) fn complain(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
