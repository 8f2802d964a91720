//! Whether the two sides of a run agree on how many answers there were and how long
//! they took.

use super::words::{count, figure};
use crate::record::{Audit, ClientSide, ModeSide, Run, Verdict};

/// What may lie between the two sides, in milliseconds, at the 99th percentile and at
/// the longest; or else this share of what the bench took there.
const BETWEEN_MS: [f64; 2] = [20.0, 100.0];
const BETWEEN: f64 = 0.5;

impl Audit {
    pub(super) fn sides(&mut self, run: &Run) {
        let (Some(client), Some(side)) = (&run.client, run.mode_side()) else { return };
        self.answers(client, side);
        self.between(client, side);
    }

    fn answers(&mut self, client: &ClientSide, side: &ModeSide) {
        let answers = client.answered();
        let (verdict, says) = match side.requests.checked_sub(answers) {
            None => {
                let says = format!(
                    "{} answers reached the client, and the bench gave {}",
                    count(answers),
                    count(side.requests)
                );
                (Verdict::Failed, says)
            }
            // Answers may have been on their way when the client gave up.
            Some(more) if more <= client.aborted => (
                Verdict::Passed,
                format!("the client had {answers} answers, the bench gave {}", side.requests),
            ),
            Some(more) => {
                let says = format!(
                    "{} of the bench's {} answers went to other clients, whose requests are in its figures",
                    count(more - client.aborted),
                    count(side.requests)
                );
                (Verdict::Disturbed, says)
            }
        };
        self.note("both sides count the same", verdict, says);
    }

    /// The time between the sides: what a client waited, less what the bench took.
    /// Little of it is the network's and the system's. Much of it means that the
    /// generator, the server's process or the machine stood still.
    fn between(&mut self, client: &ClientSide, side: &ModeSide) {
        for (share, at, allowed) in
            [(0.99, "at the p99", BETWEEN_MS[0]), (1.0, "at the longest", BETWEEN_MS[1])]
        {
            let both = client.service.ok.quantile_ms(share).zip(side.http.quantile_ms(share));
            let Some((waited, took)) = both else { continue };
            let between = waited - took;
            if between > allowed.max(took * BETWEEN) {
                let says = format!(
                    "clients waited {} ms {at}, and the bench took {} ms: the generator, the system or the \
                     network had the other {} ms",
                    figure(waited),
                    figure(took),
                    figure(between)
                );
                self.note("both sides time the same", Verdict::Disturbed, says);
                return;
            }
        }
    }
}
