//! The time scale of a load: how much faster it is measured than the question asks.
//!
//! Every time in the load, in the configuration and in the edits is divided by the scale
//! before the measurement. Figures are converted back by their units.

use crate::config::{Config, ConfigError, Settings, Sources};
use crate::duration;
use crate::load::Progress;
use crate::measure::Phase;
use crate::record::{Plan, Unit};
use crate::workbench::Edit;

/// How many times faster a load is measured than the question asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::exercise) struct TimeScale(u32);

impl TimeScale {
    /// The speed that the question asks.
    pub(in crate::exercise) const ONE: Self = Self(1);

    /// `times` faster than the question asks.
    ///
    /// # Panics
    /// If `times` is 0.
    pub(in crate::exercise) fn new(times: u32) -> Self {
        assert!(times > 0, "a time scale of 0");
        Self(times)
    }

    /// The load, this much faster.
    pub(super) fn plan(self, plan: &Plan) -> Plan {
        plan.faster(f64::from(self.0))
    }

    /// The configuration, this much faster.
    pub(super) fn config(self, config: &Config) -> Result<Config, ConfigError> {
        let Settings { resource, queue, .. } = &config.settings;
        let latency = &resource.latency;
        let durations = [
            ("resource.latency.mean", latency.mean),
            ("resource.latency.min", latency.min),
            ("resource.latency.max", latency.max),
            ("resource.freeze_every", resource.freeze_every),
            ("resource.freeze_for", resource.freeze_for),
            ("queue.wait_timeout", queue.wait_timeout),
            ("queue.retry_delay", queue.retry_delay),
        ];
        let mut flags = config.settings.as_flags();
        flags.extend(durations.map(|(key, time)| format!("{key}={}ns", (time / self.0).as_nanos())));
        Sources { file: None, flags }.load()
    }

    /// The edit, this much faster: it is made sooner, and if its value is a duration,
    /// that is shorter.
    pub(super) fn edit(self, Edit { after, key, value }: &Edit) -> Edit {
        let value = match duration::parse(value) {
            Some(time) => format!("{}ns", (time / self.0).as_nanos()),
            None => value.clone(),
        };
        Edit { after: *after / self.0, key: key.clone(), value }
    }

    /// A measured figure as it would be at the speed that the question asks.
    pub(super) fn asked(self, measured: f64, unit: Unit) -> f64 {
        let times = f64::from(self.0);
        match unit {
            Unit::Time => measured * times,
            Unit::Rate => measured / times,
            Unit::Count | Unit::Share | Unit::Flag => measured,
        }
    }

    /// The progress of a measurement as it would be at the speed that the question asks.
    pub(super) fn phase_asked(self, phase: Phase) -> Phase {
        match phase {
            Phase::Load(progress) => Phase::Load(Progress {
                seconds: self.asked(progress.seconds, Unit::Time),
                rate: progress.rate.map(|rate| self.asked(rate, Unit::Rate)),
                p50_ms: self.asked(progress.p50_ms, Unit::Time),
                p99_ms: self.asked(progress.p99_ms, Unit::Time),
                ..progress
            }),
            draining @ Phase::Draining(_) => draining,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_converted_by_their_unit() {
        let ten = TimeScale::new(10);
        let asked = |path: &str| {
            let unit = path.parse::<crate::record::Figure>().unwrap().unit();
            ten.asked(30.0, unit)
        };
        assert_eq!(asked("client.seconds"), 300.0);
        assert_eq!(asked("bench.modes.serial.wait.p50_ms"), 300.0);
        assert_eq!(asked("client.rate"), 3.0);
        assert_eq!(asked("bench.modes.serial.wait.count"), 30.0);
        assert_eq!(asked("client.in_flight"), 30.0);
        assert_eq!(asked("client.cpu"), 30.0);
    }

    #[test]
    fn an_edit_comes_sooner_and_its_duration_is_shorter() {
        let edit = |text: &str| TimeScale::new(4).edit(&text.parse().unwrap());
        assert_eq!(
            edit("20s:resource.latency.mean=1s"),
            "5s:resource.latency.mean=250000000ns".parse().unwrap()
        );
        assert_eq!(edit("20s:consumers.concurrency=3"), "5s:consumers.concurrency=3".parse().unwrap());
    }
}
