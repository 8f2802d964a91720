//! Checks whether the two sides of a run agree on the number of answers and on their times.

use crate::record::{Audit, ClientSide, ModeSide, Run, Verdict};
use crate::runs::words::{count, figure};

/// The allowed difference between the times of the two sides at the 99th percentile and at
/// the maximum, in milliseconds, or as a share of the bench's time if that is longer.
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
                    "{} answers reached the client, but the bench sent {}",
                    count(answers),
                    count(side.requests)
                );
                (Verdict::Failed, says)
            }
            // Answers may have been in flight when the client gave up.
            Some(more) if more <= client.aborted => (
                Verdict::Passed,
                format!(
                    "{} answers reached the client, and the bench sent {}",
                    count(answers),
                    count(side.requests)
                ),
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

    /// Checks the client's wait minus the bench's time. A small difference is normal for the
    /// network and the system. A large one means that the generator, the server's process or
    /// the machine stalled.
    fn between(&mut self, client: &ClientSide, side: &ModeSide) {
        for (share, at, allowed) in [(0.99, "at the p99", BETWEEN_MS[0]), (1.0, "at most", BETWEEN_MS[1])] {
            let both = client.service.ok.quantile_ms(share).zip(side.http.quantile_ms(share));
            let Some((waited, took)) = both else { continue };
            let between = waited - took;
            if between > allowed.max(took * BETWEEN) {
                let says = format!(
                    "clients waited {} ms {at}, but the bench took {} ms; the other {} ms passed in the \
                     generator, the system or the network",
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
