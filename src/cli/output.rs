//! What is printed, and to whom.
//!
//! A reader may leave at any time, as `head` does. `println!` and `eprintln!`
//! would panic then; a server must go on, and a command simply has nobody left to
//! tell.
//!
//! Everything goes through [`clean::text`]: whatever a foreign
//! word holds, it does not command the terminal.

use std::io::Write;

use super::paint;
use crate::clean;
use crate::panics;

/// A text as it is printed to standard output: clean, and painted on a terminal.
pub(super) fn dressed(text: &str) -> String {
    let clean = clean::text(text);
    if paint::is_wanted(&std::io::stdout()) { paint::paint(&clean) } else { clean.into_owned() }
}

/// Prints to standard output.
pub(super) fn say(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{}", dressed(&text.to_string()));
}

/// Prints what a program that was started on purpose has coloured.
pub(super) fn say_coloured(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", clean::coloured(text));
}

/// Prints to standard error; in a server by the thread that writes its log, as a
/// terminal that is stopped must not stop the server.
pub(super) fn complain(text: impl std::fmt::Display) {
    if let Some(writer) = super::log::writer() {
        return writer.log(clean::text(&text.to_string()).into_owned());
    }
    let text = text.to_string();
    let clean = clean::text(&text);
    let _ = match paint::is_wanted(&std::io::stderr()) {
        true => writeln!(std::io::stderr(), "{}", paint::paint(&clean)),
        false => writeln!(std::io::stderr(), "{clean}"),
    };
}

/// Prints panics like everything else: the message and the name of the thread may
/// hold foreign words, and the hook of the standard library prints them as they are.
pub(super) fn clean_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let message = panics::message(panic.payload());
        let place = panic.location().map_or(String::new(), |place| format!(" at {place}"));
        let said =
            format!("weir: thread {:?} panicked{place}: {message}", thread.name().unwrap_or_default());
        let trace = std::backtrace::Backtrace::capture();
        match trace.status() {
            std::backtrace::BacktraceStatus::Captured => {
                complain(format_args!("{}\n{trace}", clean::record(&said)));
            }
            _ => complain(clean::record(&said)),
        }
    }));
}
