//! Brings the figures of the bench together, four times a second, for the verdict on it
//! and for the rates that a snapshot shows beside it.

use std::time::Duration;

use super::Workbench;
use super::delta::Delta;
use super::recording::Observation;
use super::service_time::ServiceTime;
use super::stats::HistogramKind;
use super::trend::{Reading, Trend};
use super::verdict::{Clock, Figures, Verdict};
use crate::config::{Resource, ResourceKind};
use crate::record::{ByMode, Mode};
use crate::resource::Latency;
use crate::theory::service::Service;

/// The growth of the queue is measured over this long, in seconds.
const GROWTH_S: f64 = 6.0;
/// The growth is also looked at over the time in which the consumers finish this many
/// events, and no less than a second.
const FEW: f64 = 4.0;
/// A queue between two losses is one that lost something within this long, in seconds.
const LATELY_S: f64 = 3.0;
/// The share of the time that the resource stands still is that of the last minute.
const STANDSTILLS: Duration = Duration::from_secs(60);
/// A full queue is one that was full within the last second.
const RECENTLY_S: f64 = 1.0;

/// The inputs of the verdict, the clock of its words, and the rates.
#[derive(Debug, Default)]
pub(super) struct Judge {
    trend: Trend,
    service: ServiceTime,
    /// The latency whose mean `service` has; `None` while jobs do the work.
    latency: Option<Latency>,
    clock: Clock,
    /// Events that purges have dropped since the start.
    purged: u64,
    pub(super) rates: Rates,
}

/// The rates of a snapshot. All of them change together, with the verdict.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rates {
    /// Requests that arrive a second.
    pub(super) arrivals: ByMode<f64>,
    /// How fast the queue grows, in events a second.
    pub(super) growth: f64,
    /// Requests that the queue refuses a second.
    pub(super) refusals: f64,
    /// Events that the policy of the queue drops a second.
    pub(super) drops: f64,
    /// The mean service time, in seconds.
    pub(super) service_s: f64,
    /// What the consumers can finish a second; infinite where work takes no time.
    pub(super) capacity: f64,
}

impl Judge {
    /// Notes that a purge has dropped this many events.
    pub(super) fn purged(&mut self, events: u64) {
        self.purged += events;
    }
}

impl Workbench {
    /// The verdict on the bench.
    pub fn verdict(&self) -> Verdict {
        let now = self.bench.clock.now().as_secs();
        self.sampler().judge.clock.verdict(now)
    }

    /// Takes in what was finished since the last observation.
    pub(super) fn note_services(&self, judge: &mut Judge, deltas: &ByMode<Delta>) {
        let now = self.bench.clock.now().as_secs();
        let latency = match &self.in_force().config.settings.resource {
            Resource { kind: ResourceKind::Jobs, .. } => None,
            mock => Some(mock.latency.to_resource()),
        };
        if judge.latency != latency {
            judge.latency = latency;
            judge.service.configured(latency.map(|latency| Service::new(latency).mean), now);
        }
        // What is seen now was finished at most a look ago.
        let froze = |took: f64| {
            let took = Duration::try_from_secs_f64(took).unwrap_or_default();
            !self.frozen_in_last(took + super::HISTORY_INTERVAL).is_zero()
        };
        for times in deltas.values().filter_map(|delta| delta.times.as_ref()) {
            judge.service.add(&times[HistogramKind::Service as usize], now, froze);
        }
    }

    /// Comes to the verdict of this moment.
    pub(super) fn judge(&self, judge: &mut Judge, observation: &Observation) {
        let modes = &self.bench.modes;
        let pipelined = modes[Mode::Pipelined].account.totals();
        judge.trend.add(Reading {
            t: observation.now.as_secs(),
            arrived: modes.as_ref().map(|stats| stats.totals().arrived),
            refused: pipelined.rejected,
            dropped: pipelined.dropped.saturating_sub(judge.purged),
            depth: observation.numbers.depth,
            backlog: observation.numbers.depth + observation.numbers.held,
        });
        let figures = self.figures(judge, observation);
        judge.clock.update(&figures, observation.now.as_secs());
        judge.rates = Rates {
            arrivals: ByMode::from_fn(|mode| judge.trend.rate(|reading| reading.arrived[mode]).0.per_s),
            growth: figures.growth,
            refusals: figures.refused.per_s,
            drops: figures.dropped.per_s,
            service_s: figures.service_s,
            capacity: figures.capacity_per_s(),
        };
    }

    fn figures(&self, judge: &mut Judge, observation: &Observation) -> Figures {
        let trend = &judge.trend;
        let arrival = |mode: Mode| trend.rate(|reading| reading.arrived[mode]);
        let (arrivals, window) = arrival(Mode::Pipelined);
        let others = [Mode::Serial, Mode::Async].map(|mode| arrival(mode).0.per_s);
        let settings = self.settings();
        let [serial, asynchronous, pipelined] = Mode::ALL.map(|mode| self.bench.stats(mode));
        let service_s = judge.service.mean_s(settings.consumers.concurrency);
        let since_start = Duration::from_nanos(observation.now.as_nanos()).min(STANDSTILLS);
        let frozen = self.frozen_in_last(since_start).as_secs_f64();
        let usage = observation.numbers.usage;
        let mut figures = Figures {
            arrivals,
            serial_arrivals: others[0],
            async_arrivals: others[1],
            all_arrivals: arrivals.per_s + others[0] + others[1],
            concurrency: settings.consumers.concurrency,
            limit: usage.limit,
            service_s,
            frozen_share: if frozen > 0.0 { frozen / since_start.as_secs_f64() } else { 0.0 },
            depth: observation.numbers.depth,
            highest_depth: trend.highest(RECENTLY_S, |reading| reading.depth),
            prefetched: observation.numbers.held,
            busy: observation.numbers.busy,
            capacity: self.bench.queue.capacity(),
            when_full: settings.queue.when_full(),
            growth: trend.growth(GROWTH_S, |reading| reading.depth),
            backlog_growth: trend.growth(GROWTH_S, |reading| reading.backlog),
            slow_growth: trend.growth(window, |reading| reading.backlog),
            quick_growth: 0.0,
            clients_waiting: self.bench.queue.line(),
            refused: trend.rate(|reading| reading.refused).0,
            dropped: trend.rate(|reading| reading.dropped).0,
            lost_lately: trend.has_moved(LATELY_S, |reading| reading.refused + reading.dropped),
            oldest_s: self.oldest().0.map_or(0.0, |age| age.as_secs_f64()),
            serial_inside: serial.account.in_resource(),
            async_inside: asynchronous.account.in_resource(),
            pipelined_inside: pipelined.account.in_resource(),
            serial_peak: self.peaks().with(&self.bench).modes[Mode::Serial],
            serial_clients: serial.totals().in_flight,
            frozen_s: self
                .bench
                .resource
                .frozen_for()
                .map(|time| self.bench.clock.to_clock_time(time).as_secs_f64()),
            paused: self.is_paused(),
            only_consumers_paused: !self.stages.queue_is_paused(),
            given_up: self.stages.have_ended() && !self.shutdown.is_stopping(),
        };
        let few = FEW / figures.capacity_per_s().max(f64::MIN_POSITIVE);
        figures.quick_growth = trend.growth(few.max(RECENTLY_S), |reading| reading.backlog);
        figures
    }

    /// How long the resource stood still within the last `time`.
    fn frozen_in_last(&self, time: Duration) -> Duration {
        let clock = self.bench.clock;
        clock.to_clock_time(self.bench.resource.frozen_in_last(clock.to_tokio(time)))
    }
}
