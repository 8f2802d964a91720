//! Decides about an event that comes again, by what the other nodes have noted and said.

use std::collections::HashMap;

use super::begun::Note;
use super::delivery::{Attempts, Delivery};
use super::leases::Said;

/// What becomes of an event that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is handed out.
    Lease(Attempts),
    /// Its last attempt was lost with its node: it is a dead letter.
    Dead(Attempts),
    /// Another node holds it.
    Elsewhere,
    /// Another node has settled it for good.
    Settled,
}

/// What another node has said; `None` if it is lost.
pub(super) type Answer = Option<HashMap<u64, Said>>;

/// Reads the answer of a node, as it is written in `others`.
pub(super) fn said(text: &str) -> HashMap<u64, Said> {
    let line = |line: &str| {
        let (id, what) = line.split_once(' ')?;
        let said = if what == "held" { Said::Held } else { Said::Settled };
        Some((id.parse().ok()?, said))
    };
    text.lines().filter_map(line).collect()
}

/// Decides about an event by what the other nodes have noted and said.
pub(super) fn judge<'a>(
    event: &Delivery,
    attempts: Attempts,
    others: impl Iterator<Item = (&'a Note, &'a Answer)> + Clone,
) -> Verdict {
    let all_said = others.clone().filter_map(|(_, answer)| answer.as_ref()?.get(&event.id));
    // One that was settled is settled, also if a third node was given it meanwhile.
    match all_said.max_by_key(|said| **said == Said::Settled) {
        Some(Said::Settled) => return Verdict::Settled,
        Some(Said::Held) => return Verdict::Elsewhere,
        None => {}
    }
    let lost = others.filter(|(_, answer)| answer.is_none());
    let ended = lost.filter_map(|(note, _)| note.begun.get(&event.id).copied());
    let ended: Vec<u64> = ended.filter(|count| *count > attempts.upto).collect();
    let Some(last) = ended.iter().max() else { return Verdict::Lease(attempts) };
    let nodes = u32::try_from(ended.len()).unwrap_or(u32::MAX);
    Verdict::Lease(attempts.lost_with(nodes, (event.count - 1).max(*last)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jetstream::begun::Begun;

    /// Judges the fourth delivery of event 7, of which `attempts` are recorded, by notes: the delivery
    /// that was begun, and what the node says of the event; `None` for a lost node.
    fn judged(attempts: Attempts, notes: &[(Option<u64>, Option<&[Said]>)]) -> Verdict {
        let event = Delivery::read("$JS.ACK.weir.workers.4.7.9.1796084797517380145.2".into()).unwrap();
        let (notes, answers): (Vec<_>, Vec<_>) = notes
            .iter()
            .map(|(begun, answer)| {
                let begun: Begun = begun.iter().map(|count| (7, *count)).collect();
                let answer: Answer = answer.map(|said| said.iter().map(|said| (7, *said)).collect());
                (Note::new("x", begun), answer)
            })
            .unzip();
        judge(&event, attempts, notes.iter().zip(&answers))
    }

    #[test]
    fn an_attempt_is_lost_with_each_node_that_has_noted_it_and_does_not_answer() {
        let none = Attempts::default();
        assert_eq!(judged(none, &[]), Verdict::Lease(none));
        assert_eq!(judged(none, &[(None, None), (Some(2), Some(&[]))]), Verdict::Lease(none));
        let two = Attempts { failed: 2, lost: 2, upto: 3 };
        assert_eq!(judged(none, &[(Some(1), None), (Some(3), None)]), Verdict::Lease(two));
        let recorded = Attempts { failed: 1, lost: 0, upto: 1 };
        let one_more = Attempts { failed: 2, lost: 1, upto: 3 };
        assert_eq!(judged(recorded, &[(Some(1), None), (Some(2), None)]), Verdict::Lease(one_more));
    }

    #[test]
    fn what_another_node_holds_or_has_settled_is_not_handed_out() {
        let none = Attempts::default();
        let (held, settled) = (Some(&[Said::Held][..]), Some(&[Said::Settled][..]));
        assert_eq!(judged(none, &[(Some(1), None), (Some(2), held)]), Verdict::Elsewhere);
        assert_eq!(judged(none, &[(None, settled), (Some(2), held)]), Verdict::Settled);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        assert_eq!(said("7 held\n8 settled\n"), HashMap::from([(7, Said::Held), (8, Said::Settled)]));
    }
}
