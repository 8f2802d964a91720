//! Checks of a run of watchers: whether every event arrived where it had to, whether the
//! generator was able to see it, and whether there was a match at all.

use std::collections::BTreeMap;

use crate::record::{Audit, ClientSide, Timing, Verdict, WatchServer, WatchSide};
use crate::runs::words::{count, figure, percent};

/// A generator that is busy for more than this share of the run measures itself.
const FULL: f64 = 0.95;
/// A generator that works for more than this share of the time in which events arrive has a
/// part in their times.
const BUSY: f64 = 0.9;
/// Fewer events than this are few for the times of the last watcher.
const FEW_EVENTS: u64 = 10;
/// More deliveries under way at the end than this share are mentioned.
const PENDING: f64 = 0.01;

impl Audit {
    pub(super) fn watch(&mut self, watch: &WatchSide) {
        self.watchers(watch);
        self.order(watch);
        self.the_match(watch);
        self.own_work(watch);
        if let Some(server) = watch.server.as_ref().filter(|_| !watch.match_id.is_empty()) {
            self.ledger_of_deliveries(watch, server);
        }
        if !watch.from_publication && watch.events > 0 {
            let says = "times of events run from their first arrival, because the server has another clock";
            self.note("clocks", Verdict::Note, says.to_owned());
        }
        if watch.interrupted {
            let says = format!("the run was interrupted after {} s", figure(watch.seconds));
            self.note("the plan was carried out", Verdict::Note, says);
        }
    }

    /// Checks that watchers came, and that none went.
    fn watchers(&mut self, watch: &WatchSide) {
        let WatchSide { wanted, watchers, connected, refused, lost, slow, .. } = watch;
        if *watchers == 0 {
            let why = if watch.refusals.is_empty() {
                "no connect succeeded".to_owned()
            } else {
                listed(&watch.refusals)
            };
            self.note("watchers came", Verdict::Failed, format!("0 watchers have got a snapshot: {why}"));
        } else if *refused > 0 {
            let says = format!(
                "{} of {} connects failed: {}",
                count(*refused),
                count(connected + refused),
                listed(&watch.refusals)
            );
            self.note("watchers came", Verdict::Note, says);
        }
        if connected + refused < *wanted && !watch.interrupted {
            let says = format!(
                "{} of {} watchers had connected when the run ended",
                count(*connected),
                count(*wanted)
            );
            self.note("all watchers connected", Verdict::Note, says);
        }
        let says = match lost {
            0 => "0 watchers lost their connection".to_owned(),
            lost => format!("{} watchers lost their connection: {}", count(*lost), listed(&watch.losses)),
        };
        self.check("watchers stayed", *lost == 0, says);
        if *slow > 0 {
            let says = format!("{} watchers read nothing after the snapshot, as planned", count(*slow));
            self.note("slow watchers", Verdict::Note, says);
        }
    }

    /// Checks that each event arrived once and in order, or was announced as a gap.
    fn order(&mut self, watch: &WatchSide) {
        let WatchSide { expected, missed, twice, disordered, gaps, gap_events, pending, .. } = watch;
        for (name, n, what) in [
            ("no event was missed", missed, "did not arrive, without a gap"),
            ("no event came twice", twice, "arrived twice"),
            ("events came in order", disordered, "arrived out of order, or in a gap that did not fit"),
        ] {
            let says = format!("{} of {} deliveries {what}", count(*n), count(*expected));
            self.check(name, *n == 0, says);
        }
        if *gaps > 0 {
            let says = format!(
                "{} of {} deliveries were dropped by the server and told in {} gaps",
                count(*gap_events),
                count(*expected),
                count(*gaps)
            );
            self.note("gaps", Verdict::Note, says);
        }
        let share = *pending as f64 / (*expected).max(1) as f64;
        if share > PENDING {
            let says = format!("{} of the deliveries were still under way at the end", percent(share));
            self.note("deliveries arrived", Verdict::Note, says);
        }
    }

    /// Checks that there was something to watch, for as long as the run lasted.
    fn the_match(&mut self, watch: &WatchSide) {
        let WatchSide { events, ended, watchers, match_id, .. } = watch;
        let id = if match_id.is_empty() { "the server" } else { match_id };
        let timed = watch.last.count().unwrap_or_default();
        let what = if timed == 1 { "1 event".to_owned() } else { format!("{} events", count(timed)) };
        match (*watchers, *ended, *events) {
            // Another check says so.
            (0, ..) => {}
            (_, 1.., 0) => {
                let why = watch.losses.keys().next().map_or("the match is over", String::as_str);
                let says = format!("0 events: {id} answered that {why}; start it with `weir match play`");
                self.note("the match was playing", Verdict::Failed, says);
            }
            (_, 1.., _) => {
                let verdict = if timed > 0 { Verdict::Disturbed } else { Verdict::Failed };
                let says = format!("{id} ended during the run, after {what} with all watchers");
                self.note("the match was playing", verdict, says);
            }
            (_, 0, 0) => {
                let start =
                    if watch.playing == Some(false) { "; start it with `weir match play`" } else { "" };
                let says = format!("0 events arrived from {id} in {} s{start}", figure(watch.seconds));
                self.note("the match was playing", Verdict::Failed, says);
            }
            (_, 0, _) if timed < FEW_EVENTS => {
                let says = format!(
                    "{what} came while all watchers were connected, which are few for first, median and last; \
                     {FEW_EVENTS} would do"
                );
                self.note("enough events", Verdict::Note, says);
            }
            _ => {}
        }
    }

    /// Checks that the times are not those of the generator.
    fn own_work(&mut self, watch: &WatchSide) {
        // The checks of every generator, which take what it and others used of the machine.
        self.machine(&ClientSide {
            seconds: watch.seconds,
            cpu: watch.cpu,
            starved: watch.starved,
            server_cpu: watch.server.as_ref().and_then(|server| server.cpu),
            other_cpu: watch.other_cpu,
            lag: Some(Timing::default()),
            ..ClientSide::default()
        });
        let used = watch.cpu.unwrap_or_default() + watch.starved.unwrap_or_default();
        if watch.cpu.is_some() {
            let says =
                format!("the generator was busy {} of the time (limit {})", percent(used), percent(FULL));
            self.check("the generator had time to spare", used <= FULL, says);
        }
        if let Some(busy) = watch.busy.filter(|busy| *busy > BUSY) {
            let says = format!(
                "while events were under way the generator worked {} of the time, so the times include its own work",
                percent(busy)
            );
            self.note("the generator waited for events", Verdict::Note, says);
        }
    }

    /// Compares the counts of the watchers with those of the server.
    fn ledger_of_deliveries(&mut self, watch: &WatchSide, server: &WatchServer) {
        let ledger = &server.ledger;
        self.check("ledger of deliveries", ledger.balances(), ledger.to_string());
        match server.compared {
            Some(counted) if counted == ledger.delivered => {
                let says = format!("{} deliveries agree with the server's ledger", count(counted));
                self.check("watchers and server agree", true, says);
            }
            Some(counted) => {
                let says = format!(
                    "{} deliveries reached the watchers, but the server counts {}",
                    count(counted),
                    count(ledger.delivered)
                );
                self.check("watchers and server agree", false, says);
            }
            None if watch.interrupted || watch.events == 0 => {}
            None => {
                let says = "0 quiet moments to compare the counts with the server's ledger, or other watchers \
                            were connected";
                self.note("watchers and server agree", Verdict::Note, says.to_owned());
            }
        }
    }
}

/// Such as `12 × connection refused, 3 × answered 503`.
fn listed(reasons: &BTreeMap<String, u64>) -> String {
    let each = reasons.iter().map(|(why, n)| format!("{} \u{d7} {why}", count(*n)));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
