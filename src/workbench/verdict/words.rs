//! The sentences of each word: the cause, the consequence, and what would help.

use super::format::{consumers, long, percent, rate, tenths, time, whole};
use super::{Figures, Word};
use crate::queue::WhenFull;

/// How busy the consumers would be that are recommended. At 100 % a queue of random
/// arrivals never drains.
const AIM: f64 = 0.9;
/// A share of the arrivals whose failure is mentioned.
const GIVE_UP: f64 = 0.1;

/// What is said below the word.
pub(super) struct Sentences {
    pub(super) cause: String,
    pub(super) consequence: String,
    pub(super) remedy: Option<String>,
}

impl Sentences {
    fn new(cause: impl Into<String>, consequence: impl Into<String>) -> Self {
        Self { cause: cause.into(), consequence: consequence.into(), remedy: None }
    }

    fn helped(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

pub(super) fn sentences(word: Word, f: &Figures) -> Sentences {
    match word {
        Word::Frozen => frozen(f),
        Word::Paused => {
            let (cause, help) = match f.only_consumers_paused {
                true => ("The consumers are paused: they begin no event.", "Resume the consumers."),
                false => ("The gate is shut: the consumers get nothing.", "Resume the pipeline."),
            };
            Sentences::new(cause, filling(f)).helped(help)
        }
        Word::NoConsumers if f.given_up => {
            let cause = "The stages have failed too often, and their supervisor has given up.";
            Sentences::new(cause, filling(f)).helped("Restart the server.")
        }
        Word::NoConsumers => {
            let said = Sentences::new("Concurrency is 0: no consumer takes from the queue.", filling(f));
            if f.arrivals.per_s > 0.0 { said.helped(advice(f)) } else { said }
        }
        Word::Unprotected => unprotected(f),
        Word::Full => full(f),
        Word::Overloaded => overloaded(f),
        Word::Draining => {
            let shrinks = (f.capacity_per_s() - f.arrivals.per_s).max(0.01 * f.capacity_per_s());
            let waiting = f.backlog() as f64;
            let cause = format!("{} wait: empty in {}.", whole(waiting), long(waiting / shrinks));
            Sentences::new(cause, supply(f))
        }
        Word::Starved => starved(f),
        Word::Balanced => balanced(f),
        Word::HeldBack => held_back(f),
        Word::AtWork => at_work(f),
        Word::Idle => {
            let ready = match f.concurrency {
                1 => format!("1 consumer stands ready for {}.", rate(f.capacity_per_s())),
                n => format!("{} stand ready for {}.", consumers(n as f64), rate(f.capacity_per_s())),
            };
            Sentences::new("Nothing arrives and nothing waits.", ready)
        }
    }
}

fn frozen(f: &Figures) -> Sentences {
    let cause = format!("The resource has stood still for {:.1} s.", f.frozen_s.unwrap_or_default());
    let held = match f.inside() {
        0 => "It holds no events.".to_owned(),
        1 => "It holds 1 event, which does not finish.".to_owned(),
        inside => format!("It holds {} events, and none of them finishes.", whole(inside as f64)),
    };
    let consequence = match f.all_arrivals {
        arrivals if arrivals > 0.0 => format!("{held} {} keep arriving.", rate(arrivals)),
        _ => held,
    };
    Sentences::new(cause, consequence)
}

/// What waits while nothing leaves the queue.
fn filling(f: &Figures) -> String {
    let (waiting, arrivals) = (whole(f.depth as f64), f.arrivals.per_s);
    let room = f.capacity.saturating_sub(f.depth) as f64;
    match (arrivals > 0.0, room > 0.0) {
        (false, _) => format!("{waiting} wait."),
        (true, false) => format!("{waiting} wait: the queue is full. {} keep arriving.", rate(arrivals)),
        (true, true) => {
            format!("{waiting} wait, and {} arrive: full in {}.", rate(arrivals), long(room / arrivals))
        }
    }
}

fn unprotected(f: &Figures) -> Sentences {
    let inside = f.async_inside as f64;
    // The hundreds change too fast to be read.
    let steady = if inside >= 1000.0 { (inside / 100.0).round() * 100.0 } else { inside };
    let cause = format!("Async has {} in the resource at once.", whole(steady));
    let most = match f.serial_peak {
        0 => String::new(),
        peak => format!("serial never had more than {}, and ", whole(peak as f64)),
    };
    let pool = format!("{most}the pool never has more than {}.", whole(f.concurrency as f64));
    let mut letters = pool.chars();
    let pool: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let consequence =
        format!("No limit holds it back: {} × {}. {pool}", rate(f.async_arrivals), time(f.service_s));
    Sentences::new(cause, consequence)
        .helped("A limit would help: async.max_in_flight or resource.max_concurrent.")
}

fn full(f: &Figures) -> Sentences {
    let share = |rate: f64| tenths(rate / f.arrivals.per_s.max(rate).max(f64::MIN_POSITIVE));
    let waiting = f.clients_waiting as f64;
    let (cause, told) = match f.when_full {
        WhenFull::Reject => (
            format!("{} requests are turned away.", share(f.refused.per_s)),
            "Their clients get a 503.".to_owned(),
        ),
        WhenFull::Wait { .. } => {
            let give_up = match f.refused.per_s {
                gone if gone > GIVE_UP => format!("; {} give up", rate(gone)),
                _ => String::new(),
            };
            let cause = match f.clients_waiting {
                1 => format!("1 client waits for a place{give_up}."),
                _ => format!("{} clients wait for a place{give_up}.", whole(waiting)),
            };
            (cause, format!("Each waits {} to be let in.", time(waiting / f.capacity_per_s())))
        }
        WhenFull::DropNewest => (
            format!("{} events are dropped on arrival.", share(f.dropped.per_s)),
            "Their clients were told 202.".to_owned(),
        ),
        WhenFull::DropOldest => (
            format!("{} events are dropped before any work, the oldest first.", share(f.dropped.per_s)),
            format!("Their clients were told 202. The next event in line is {} old.", time(f.oldest_s)),
        ),
    };
    Sentences::new(cause, format!("{} {told}", supply(f))).helped(advice(f))
}

fn overloaded(f: &Figures) -> Sentences {
    let room = f.capacity.saturating_sub(f.depth) as f64;
    let growth = f.growth.max(0.1);
    let consequence = match f.is_full() {
        true => "The queue is full.".to_owned(),
        false => format!("The queue grows by {}: full in {}.", rate(growth), long(room / growth)),
    };
    Sentences::new(supply(f), consequence).helped(advice(f))
}

fn starved(f: &Figures) -> Sentences {
    let idle = (f.concurrency as f64 - f.arrivals.per_s * f.service_s).max(0.0);
    let cause = match f.concurrency {
        1 => format!("The consumer waits for events {} of the time.", percent(idle)),
        all => format!("{} of {} wait for events.", whole(idle), consumers(all as f64)),
    };
    let (arrivals, capacity) = (rate(f.arrivals.per_s), rate(f.capacity_per_s()));
    let consequence =
        format!("{arrivals} arrive, {capacity} could be done: {} busy.", percent(f.utilisation()));
    let said = Sentences::new(cause, consequence);
    let enough = enough(f).max(1.0);
    if enough < f.concurrency as f64 {
        said.helped(format!("{} would do.", consumers(enough)))
    } else {
        said
    }
}

fn balanced(f: &Figures) -> Sentences {
    let (arrivals, capacity) = (rate(f.arrivals.per_s), rate(f.capacity_per_s()));
    let cause = format!("{arrivals} of {capacity}: {} busy.", percent(f.utilisation().min(1.0)));
    let waits = match f.depth {
        0 => "No event waits.".to_owned(),
        1 => "1 waits.".to_owned(),
        depth if f.growth > 0.02 * f.capacity_per_s() => format!("{} wait.", whole(depth as f64)),
        depth => format!("{} wait, and the queue does not grow.", whole(depth as f64)),
    };
    Sentences::new(cause, format!("{}. {waits}", pool(f)))
}

fn at_work(f: &Figures) -> Sentences {
    let cause = match f.backlog() + f.busy + f.async_inside {
        1 => "1 event is being worked on.".to_owned(),
        inside => format!("{} events are being worked on.", whole(inside as f64)),
    };
    let consequence = match f.async_arrivals {
        arrivals if arrivals > 0.0 => format!("Async takes {} and starts each at once.", rate(arrivals)),
        _ => "No new request arrives.".to_owned(),
    };
    Sentences::new(cause, consequence)
}

fn held_back(f: &Figures) -> Sentences {
    if f.serial_inside == 0 {
        let cause =
            format!("{} arrive, and each client waits for its own answer.", rate(f.serial_arrivals));
        return Sentences::new(cause, "A waiting client sends nothing.");
    }
    let cause = match f.serial_clients {
        1 => "1 client waits for its answer.".to_owned(),
        clients => format!("{} clients wait, each for its own answer.", whole(clients as f64)),
    };
    let inside = f.serial_inside as f64;
    let consequence = format!(
        "{} ÷ {} = {}, and never more than {} inside: a waiting client sends nothing.",
        whole(inside),
        time(f.service_s),
        rate(inside / f.service_s),
        whole(f.serial_peak as f64),
    );
    Sentences::new(cause, consequence)
}

/// Consumers or slots and the mean service time: `10 consumers ÷ 500 ms`.
fn pool(f: &Figures) -> String {
    let who = match f.limit {
        Some(limit) if f.limit_binds() => slots(limit),
        _ => consumers(f.concurrency as f64),
    };
    format!("{who} ÷ {}{}", time(f.service_s), standstill(f))
}

/// Demand and supply, and where the supply comes from.
fn supply(f: &Figures) -> String {
    let (who, one) = match f.limit {
        Some(limit) if f.limit_binds() => (slots(limit), limit == 1),
        _ => (consumers(f.concurrency as f64), f.concurrency == 1),
    };
    format!(
        "{} arrive, {who} {} {} ({} ÷ {}{}).",
        rate(f.arrivals.per_s),
        if one { "does" } else { "do" },
        rate(f.capacity_per_s()),
        whole(f.pool() as f64),
        time(f.service_s),
        standstill(f),
    )
}

fn slots(limit: usize) -> String {
    if limit == 1 { "1 slot".to_owned() } else { format!("{} slots", whole(limit as f64)) }
}

fn standstill(f: &Figures) -> String {
    match f.frozen_share {
        share if share >= 0.005 => format!(", frozen {} of the time", percent(share)),
        _ => String::new(),
    }
}

/// The number of consumers that would be as busy as [`AIM`].
fn enough(f: &Figures) -> f64 {
    (f.arrivals.per_s * f.service_s / (1.0 - f.frozen_share).max(0.01) / AIM).ceil()
}

fn advice(f: &Figures) -> String {
    let enough = enough(f).max(1.0);
    match f.limit {
        Some(limit) if enough > limit as f64 => {
            format!("More consumers would not help: the resource lets {} in.", whole(limit as f64))
        }
        _ => format!("{} would do.", consumers(enough)),
    }
}
