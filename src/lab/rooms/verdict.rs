//! The verdict on the house: a word, and a sentence with its numbers.

use weir_parts::rooms::{Kill, Part};

use super::millis;
use super::snapshot::{Ledger, Now, Verdict};
use crate::lab::Tone;
use crate::runs::words::count;

/// How long the verdict reports a kill.
const NEWS_MS: u128 = 10_000;

/// The figures from which the verdict is made.
pub(super) struct Seen<'a> {
    pub(super) now: &'a Now,
    pub(super) ledger: &'a Ledger,
    pub(super) is_registry_up: bool,
    /// The last kill by hand, and its room.
    pub(super) kill: Option<(&'a str, &'a Kill)>,
}

impl Seen<'_> {
    pub(super) fn verdict(&self) -> Verdict {
        let say = |word: &str, tone, says: String| Verdict { word: word.to_owned(), tone, says };
        let Self { now, ledger, .. } = self;
        if !self.is_registry_up {
            let says = "The registry restarts. Rooms are found and play on; a new name has to wait.";
            return say("NO REGISTRY", Tone::Warn, says.to_owned());
        }
        if let Some((name, kill)) = self.kill.filter(|(_, kill)| kill.at.elapsed().as_millis() < NEWS_MS) {
            return killed(name, kill);
        }
        if now.restarting > 0 {
            let says =
                format!("{} restart{}.", rooms(now.restarting), if now.restarting == 1 { "s" } else { "" });
            return say("RESTARTING", Tone::Warn, says);
        }
        // Moves on their way make the ledger differ for a moment.
        if ledger.unaccounted != 0 && now.moves_s == 0.0 {
            let says =
                format!("The ledger does not balance: {} updates are unaccounted.", ledger.unaccounted);
            return say("UNACCOUNTED", Tone::Bad, says);
        }
        if ledger.lost > 0 {
            let says = format!(
                "{} of {} acknowledged updates were lost with their rooms.",
                count(ledger.lost),
                count(ledger.acknowledged)
            );
            return say(&format!("{} LOST", count(ledger.lost)), Tone::Bad, says);
        }
        if ledger.acknowledged == 0 {
            let says = match now.rooms {
                0 => "There are no rooms. Create one: weir room create moon".to_owned(),
                _ => format!("{} wait for their first move: weir room join moon ada", rooms(now.rooms)),
            };
            return say("IDLE", Tone::Calm, says);
        }
        let says = format!(
            "All {} acknowledged updates are in the state of {}.",
            count(ledger.acknowledged),
            rooms(now.rooms)
        );
        say("BALANCES", Tone::Ok, says)
    }
}

fn killed(name: &str, kill: &Kill) -> Verdict {
    let down = millis(kill.down);
    let (word, tone, says) = match (kill.part, kill.lost) {
        (part, Some((from, to))) => {
            let what = if part == Part::Both { "Room and backup of " } else { "" };
            let numbers =
                if from == to { format!("Update {from}") } else { format!("Updates {from} to {to}") };
            let was = if from == to { "was" } else { "were" };
            let says = format!(
                "{what}{name} {}. {numbers} {was} acknowledged, and {} lost.",
                ended(part),
                is(from == to)
            );
            (format!("{} LOST", count(kill.lost_updates)), Tone::Bad, says)
        }
        (Part::Backup, None) => {
            let says = format!(
                "The backup of {name} was killed. The room played on, and a new backup had its state after {down} ms."
            );
            ("HELD".to_owned(), Tone::Ok, says)
        }
        (Part::History, None) => {
            let says = format!("The history of {name} was killed. The room did not notice.");
            ("HELD".to_owned(), Tone::Ok, says)
        }
        (part, None) => {
            let what = if part == Part::Both { "Room and backup of " } else { "" };
            let says = format!(
                "{what}{name} {}, and went on at {}·{} after {down} ms. No acknowledged update is lost.",
                ended(part),
                kill.resumed.life,
                kill.resumed.n
            );
            ("HELD".to_owned(), Tone::Ok, says)
        }
    };
    Verdict { word, tone, says }
}

fn ended(part: Part) -> &'static str {
    if part == Part::Both { "were killed" } else { "was killed" }
}

fn is(one: bool) -> &'static str {
    if one { "is" } else { "are" }
}

fn rooms(number: u64) -> String {
    format!("{} room{}", count(number), if number == 1 { "" } else { "s" })
}
