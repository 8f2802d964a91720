//! Decides about an event that comes again, by what the other nodes have noted and said.

use std::collections::HashMap;

use super::begun::Note;
use super::delivery::{Attempts, Delivery};
use super::leases::Said;

/// What becomes of an event that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is handed out.
    Lease {
        /// Its failed attempts.
        attempts: Attempts,
        /// It was, or may have been, delivered before.
        again: bool,
    },
    /// Its last attempt was lost with its node: it is a dead letter.
    Dead(Attempts),
    /// Another node holds it.
    Elsewhere,
    /// Another node has settled it for good.
    Settled,
}

/// What another node has said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The highest number that was delivered to it.
    pub(super) highest: u64,
    /// What it knows of the events that it was asked about.
    pub(super) events: HashMap<u64, Said>,
}

impl Answer {
    /// Writes an answer: the highest number, then a line for each event.
    pub(super) fn text(&self) -> String {
        let said = |said: &Said| match said {
            Said::Held => "held",
            Said::Settled => "settled",
            Said::Returned => "returned",
        };
        let lines = self.events.iter().map(|(id, what)| format!("{id} {}\n", said(what)));
        format!("{}\n{}", self.highest, lines.collect::<String>())
    }

    /// Reads what [`text`](Self::text) has written. A line that is none is left out.
    pub(super) fn read(text: &str) -> Self {
        let (highest, events) = text.split_once('\n').unwrap_or((text, ""));
        let line = |line: &str| {
            let (id, what) = line.split_once(' ')?;
            let said = match what {
                "held" => Said::Held,
                "settled" => Said::Settled,
                _ => Said::Returned,
            };
            Some((id.parse().ok()?, said))
        };
        Self { highest: highest.parse().unwrap_or(0), events: events.lines().filter_map(line).collect() }
    }
}

/// Decides about an event by what the other nodes have noted and said; a node that has said nothing
/// is lost.
pub(super) fn judge<'a>(
    event: &Delivery,
    attempts: Attempts,
    others: impl Iterator<Item = (&'a Note, &'a Option<Answer>)> + Clone,
) -> Verdict {
    let all_said = others.clone().filter_map(|(_, answer)| answer.as_ref()?.events.get(&event.id));
    // One that was settled is settled, also if a third node was given it meanwhile.
    match all_said.clone().max() {
        Some(Said::Settled) => return Verdict::Settled,
        Some(Said::Held) => return Verdict::Elsewhere,
        _ => {}
    }
    let lost = others.filter(|(_, answer)| answer.is_none());
    // A lost node may have had any event.
    let is_returned = all_said.count() > 0;
    let again = event.count > 1 || attempts.upto > 0 || is_returned || lost.clone().count() > 0;
    let ended = lost.filter_map(|(note, _)| note.begun.get(&event.id).copied());
    let ended: Vec<u64> = ended.filter(|count| *count > attempts.upto).collect();
    let Some(last) = ended.iter().max() else { return Verdict::Lease { attempts, again } };
    let nodes = u32::try_from(ended.len()).unwrap_or(u32::MAX);
    let attempts = attempts.lost_with(nodes, (event.count - 1).max(*last));
    Verdict::Lease { attempts, again }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jetstream::begun::Begun;

    /// Judges a delivery of event 7, of which `attempts` are recorded, by notes: the delivery that was
    /// begun, and what the node says of the event; `None` for a lost node.
    fn judged(count: u64, attempts: Attempts, notes: &[(Option<u64>, Option<&[Said]>)]) -> Verdict {
        let reply = format!("$JS.ACK.weir.workers.{count}.7.9.1796084797517380145.2");
        let event = Delivery::read(reply.into(), None).unwrap();
        let (notes, answers): (Vec<_>, Vec<_>) = notes
            .iter()
            .map(|(begun, answer)| {
                let begun: Begun = begun.iter().map(|count| (7, *count)).collect();
                let events = |said: &[Said]| said.iter().map(|said| (7, *said)).collect();
                let answer = answer.map(|said| Answer { highest: 9, events: events(said) });
                (Note::new("x", begun), answer)
            })
            .unzip();
        judge(&event, attempts, notes.iter().zip(&answers))
    }

    const NONE: Attempts = Attempts { failed: 0, lost: 0, upto: 0 };

    fn again(attempts: Attempts) -> Verdict {
        Verdict::Lease { attempts, again: true }
    }

    #[test]
    fn an_attempt_is_lost_with_each_node_that_has_noted_it_and_does_not_answer() {
        assert_eq!(judged(4, NONE, &[]), again(NONE));
        assert_eq!(judged(4, NONE, &[(None, None), (Some(2), Some(&[]))]), again(NONE));
        let two = Attempts { failed: 2, lost: 2, upto: 3 };
        assert_eq!(judged(4, NONE, &[(Some(1), None), (Some(3), None)]), again(two));
        let recorded = Attempts { failed: 1, lost: 0, upto: 1 };
        let one_more = Attempts { failed: 2, lost: 1, upto: 3 };
        assert_eq!(judged(4, recorded, &[(Some(1), None), (Some(2), None)]), again(one_more));
        // The server takes it for new.
        let later = Attempts { failed: 3, lost: 3, upto: 4 };
        assert_eq!(judged(1, two, &[(Some(4), None)]), again(later));
    }

    #[test]
    fn an_event_that_the_server_takes_for_new_is_new_if_nobody_can_have_had_it() {
        let new = Verdict::Lease { attempts: NONE, again: false };
        assert_eq!(judged(1, NONE, &[]), new);
        assert_eq!(judged(1, NONE, &[(None, Some(&[])), (None, Some(&[]))]), new);
        assert_eq!(judged(1, NONE, &[(None, Some(&[])), (None, None)]), again(NONE));
        assert_eq!(judged(1, NONE, &[(None, Some(&[Said::Returned]))]), again(NONE));
    }

    #[test]
    fn what_another_node_holds_or_has_settled_is_not_handed_out() {
        let (held, settled) = (Some(&[Said::Held][..]), Some(&[Said::Settled][..]));
        let returned = Some(&[Said::Returned][..]);
        assert_eq!(judged(4, NONE, &[(Some(1), None), (Some(2), held)]), Verdict::Elsewhere);
        assert_eq!(judged(4, NONE, &[(None, returned), (Some(2), held)]), Verdict::Elsewhere);
        assert_eq!(judged(1, NONE, &[(None, settled), (Some(2), held)]), Verdict::Settled);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let events = HashMap::from([(7, Said::Held), (8, Said::Settled), (9, Said::Returned)]);
        let answer = Answer { highest: 12, events };
        assert_eq!(Answer::read(&answer.text()), answer);
        assert_eq!(Answer::read(""), Answer::default());
        assert_eq!(Answer::read(&Answer::default().text()), Answer::default());
    }
}
