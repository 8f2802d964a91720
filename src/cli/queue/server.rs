//! The verbs on a running server.

use hyper::Method;

use super::{DeadVerb, Verb, show};
use crate::cli::Exit;
use crate::cli::answers::queue::{Deleted, Letters, Report, Retried};
use crate::cli::ask::{Ask, Said};
use crate::workbench::Purged;

pub(super) fn run(verb: &Verb, ask: &Ask<'_>) -> Result<Exit, Said> {
    match verb {
        Verb::Inspect { .. } => {
            ask.get::<Report>("")?.print(ask, |report| show::report(&ask.peer.base, report));
        }
        Verb::Purge { .. } => ask.post::<Purged>("/purge")?.print(ask, ToString::to_string),
        Verb::Dead { verb, .. } => return dead(verb, ask),
        // These verbs run on files only.
        Verb::Verify { .. } | Verb::Export { .. } => {}
    }
    Ok(Exit::Success)
}

fn dead(verb: &DeadVerb, ask: &Ask<'_>) -> Result<Exit, Said> {
    let report = ask.get::<Report>("")?.read;
    let keeps_none = report.engine == "memory";
    match verb {
        DeadVerb::List { after, most } => {
            let after = after.map_or(String::new(), |after| format!("&after={after}"));
            let start = if ask.as_json { String::new() } else { format!("&start={}", show::START) };
            let letters = ask.get::<Letters>(&format!("/dead?most={most}{after}{start}"))?;
            letters.print(ask, |letters| match keeps_none {
                true => show::no_letters_in_memory(),
                false => show::letters(letters, (*most).into()),
            });
        }
        DeadVerb::Retry { .. } | DeadVerb::Purge if keeps_none => {
            return Err(Said::No { exit: Exit::Failure, words: show::no_letters_in_memory() });
        }
        DeadVerb::Retry { id, .. } => {
            let which = id.map_or("{}".to_owned(), |id| format!("{{\"id\":{id}}}"));
            ask.tell::<Retried>("/dead/retry", which)?.print(ask, |read| show::retried(read.retried));
        }
        DeadVerb::Purge => {
            let deleted = ask.within::<Deleted>(None, Method::POST, "/dead/purge")?;
            deleted.print(ask, |read| show::deleted(read.purged));
        }
    }
    Ok(Exit::Success)
}
