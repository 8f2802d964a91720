//! Whether the generator and the server had the cores that they needed.

use super::words::{count, figure, percent};
use crate::record::{Audit, ClientSide, Stalls, Verdict};

/// The share of the time for which the generator may have no core although it has
/// something to do: more of it shows in what it measures.
const STARVED: f64 = 0.05;
/// Without a core for more than this share, it measures the machine.
const MOST_STARVED: f64 = 0.5;
/// If other processes than the server used at least this share of what was used, it is
/// they who were in the way.
const OTHERS: f64 = 0.3;
/// The share of the time in which it is ready to run for which the server may wait for
/// a core.
const SERVER_STARVED: f64 = 0.1;
/// A server that waits for less than this, in cores, is not worth a word.
const HARDLY: f64 = 0.05;
/// A generator that is busy for more of the time than this sets the rate itself.
const BUSY: f64 = 0.95;
/// A generator that stood still for more than this share of the load measures itself.
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
            format!(" ({} times, {} s at the longest)", count(times), figure(longest_s))
        };
        let says = format!(
            "the generator stood still for {} s of {} s{often}; the rate and the longest times include that",
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
                // The server has it: that is what both can do on this machine.
                _ if others <= OTHERS * (server + others) => Verdict::Note,
                share if share <= MOST_STARVED => Verdict::Disturbed,
                _ => Verdict::Failed,
            };
            self.note("the generator had a core", verdict, says);
        }
        let busy = client.cpu.unwrap_or_default() + client.starved.unwrap_or_default();
        if busy > BUSY && client.lag.is_none() {
            let says = format!(
                "the generator was busy {} of the time, so the server may be able to do more",
                percent(busy.min(1.0))
            );
            self.note("the server set the rate", Verdict::Note, says);
        }
    }

    /// The server may wait for a core because the load generator has it, which is so
    /// whenever both share a machine. Here it is about other processes.
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
