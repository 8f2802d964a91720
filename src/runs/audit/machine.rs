//! Checks whether the generator and the server had the CPU time that they needed.

use crate::record::{Audit, ClientSide, Stalls, Verdict};
use crate::runs::words::{count, figure, percent};

/// The share of time for which the generator may wait for a CPU. Above it, the wait shows
/// in the measured times.
const STARVED: f64 = 0.05;
/// Above this share, the run is invalid.
const MOST_STARVED: f64 = 0.5;
/// If processes other than the server used more than this share of the used CPU time,
/// they are the cause.
const OTHERS: f64 = 0.3;
/// The share of its runnable time for which the server may wait for a CPU.
const SERVER_STARVED: f64 = 0.1;
/// A server that waits for less than this, in cores, is not mentioned.
const HARDLY: f64 = 0.05;
/// A generator that is busy for more than this share of the time limits the rate itself.
const BUSY: f64 = 0.95;
/// A run is invalid if the generator stalled for more than this share of the load.
const MOST_STALLED: f64 = 0.25;

impl Audit {
    pub(super) fn machine(&mut self, client: &ClientSide) {
        self.stalls(client);
        self.generator(client);
        self.server(client);
    }

    fn stalls(&mut self, client: &ClientSide) {
        let Stalls { count: times, seconds, longest_s } = client.stalls;
        if times == 0 {
            return;
        }
        let often = if times == 1 {
            String::new()
        } else {
            format!(" ({} stalls, the longest {} s)", count(times), figure(longest_s))
        };
        let says = format!(
            "the generator stalled for {} s of {} s{often}; the rate and the longest times include that",
            figure(seconds),
            figure(client.seconds)
        );
        let much = seconds > MOST_STALLED * client.seconds;
        self.note(
            "the generator kept going",
            if much { Verdict::Failed } else { Verdict::Disturbed },
            says,
        );
    }

    fn generator(&mut self, client: &ClientSide) {
        if let Some(starved) = client.starved {
            let (server, others) =
                (client.server_cpu.unwrap_or_default(), client.other_cpu.unwrap_or_default());
            let says = format!(
                "the generator was runnable but waiting for a CPU {} of the time (limit {}); the server used \
                 {server:.2} cores and other processes {others:.2}",
                percent(starved),
                percent(STARVED)
            );
            let verdict = match starved {
                share if share <= STARVED => Verdict::Passed,
                // The server had the CPU: both together are at the machine's limit.
                _ if others <= OTHERS * (server + others) => Verdict::Note,
                share if share <= MOST_STARVED => Verdict::Disturbed,
                _ => Verdict::Failed,
            };
            self.note("the generator had a core", verdict, says);
        }
        let busy = client.cpu.unwrap_or_default() + client.starved.unwrap_or_default();
        if busy > BUSY && client.lag.is_none() {
            let says = format!(
                "the generator was busy {} of the time, so the server may be faster than measured",
                percent(busy.min(1.0))
            );
            self.note("the server set the rate", Verdict::Note, says);
        }
    }

    /// Checks whether other processes kept the server waiting for a CPU. Waiting for the load
    /// generator is normal where both share a machine.
    fn server(&mut self, client: &ClientSide) {
        let (Some(starved), Some(server)) = (client.server_starved, client.server_cpu) else { return };
        let others = client.other_cpu.unwrap_or_default();
        let share = if starved > 0.0 { starved / (starved + server) } else { 0.0 };
        let own = client.cpu.unwrap_or_default();
        let in_the_way = others > OTHERS * (server + own + others);
        let verdict = match starved > HARDLY && share > SERVER_STARVED && in_the_way {
            true => Verdict::Disturbed,
            false => Verdict::Passed,
        };
        let says = format!(
            "the server was waiting for a CPU {} of the time it was runnable (limit {}); other processes \
             used {others:.2} cores",
            percent(share),
            percent(SERVER_STARVED)
        );
        self.note("the server had a core", verdict, says);
    }
}
