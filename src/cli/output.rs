//! Prints to standard output and standard error.
//!
//! The reader of a pipe may leave at any time, as `head` does. `println!` and `eprintln!`
//! would panic then; here the rest is dropped, and a server goes on.
//!
//! Everything passes through [`clean::text`], so that no foreign word commands the
//! terminal. Messages are also wrapped; reports come with their layout.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use super::{paint, text};
use crate::clean;
use crate::panics;

/// A text as standard output takes it: clean, and painted on a terminal.
pub(super) fn dressed(text: &str) -> String {
    let clean = clean::text(text);
    if paint::is_wanted(&std::io::stdout()) { paint::paint(&clean) } else { clean.into_owned() }
}

/// Prints to standard output.
pub(super) fn say(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{}", dressed(&text.to_string()));
}

/// Prints to standard output, in place of what the terminal shows. A pipe gets the texts one
/// after another, with a blank line between them.
pub(super) fn redraw(text: &str) {
    let mut out = std::io::stdout();
    // Home, the text with the rest of each line cleared, and everything below it cleared:
    // clearing the screen first would flicker.
    let _ = match out.is_terminal() {
        true => write!(out, "\u{1b}[H{}\u{1b}[K\n\u{1b}[J", dressed(text).replace('\n', "\u{1b}[K\n")),
        false => writeln!(out, "{}\n", dressed(text)),
    };
}

/// Prints the output of a program that was started on purpose, with its colours.
pub(super) fn say_coloured(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", clean::coloured(text));
}

/// Prints a message to standard error. In a server the log's thread does it, since a
/// terminal that is stopped must not stop the server.
pub(super) fn complain(message: impl Display) {
    if let Some(writer) = super::log::writer() {
        return writer.log(clean::text(&message.to_string()).into_owned());
    }
    let message = text::fit(&message.to_string());
    let _ = match paint::is_wanted(&std::io::stderr()) {
        true => writeln!(std::io::stderr(), "{}", paint::paint(&message)),
        false => writeln!(std::io::stderr(), "{message}"),
    };
}

/// Prints panics like other messages. The hook of the standard library would print the
/// foreign words in the message and in the thread's name as they are.
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
