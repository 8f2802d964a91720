//! The pace of a load: on a bench that is so many times faster than asked about, every
//! time in the configuration and in the edits is divided, and what is measured is
//! converted back.

use serde_json::Value as Json;

use crate::config::{Config, Settings, Sources};
use crate::duration;
use crate::load::Progress;
use crate::measure::Phase;
use crate::workbench::Edit;

/// How a load goes, at the pace that is asked about.
pub(super) fn slower(phase: Phase, times: f64) -> Phase {
    match phase {
        Phase::Load(progress) => Phase::Load(Progress {
            seconds: progress.seconds * times,
            rate: progress.rate.map(|rate| rate / times),
            p50_ms: progress.p50_ms * times,
            p99_ms: progress.p99_ms * times,
            ..progress
        }),
        draining @ Phase::Draining(_) => draining,
    }
}

/// The same edit on a bench that is so many times faster.
pub(super) fn sooner(Edit { after, key, value }: &Edit, times: u32) -> Edit {
    let value = match duration::parse(value) {
        Some(time) => format!("{}ns", (time / times).as_nanos()),
        None => value.clone(),
    };
    Edit { after: *after / times, key: key.clone(), value }
}

/// The same configuration for a bench that is so many times faster.
pub(super) fn faster(config: &Config, times: u32) -> anyhow::Result<Config> {
    let Settings { resource, queue, .. } = &config.settings;
    let latency = &resource.latency;
    let durations = [
        ("resource.latency.mean", latency.mean),
        ("resource.latency.min", latency.min),
        ("resource.latency.max", latency.max),
        ("resource.freeze_every", resource.freeze_every),
        ("resource.freeze_for", resource.freeze_for),
        ("queue.wait_timeout", queue.wait_timeout),
    ];
    let mut flags = config.settings.as_flags();
    flags.extend(durations.map(|(key, time)| format!("{key}={}ns", (time / times).as_nanos())));
    Ok(Sources { file: None, flags }.load()?)
}

/// Converts the figures of a run that was `times` faster: what ends in `_s`, `_ms`
/// or is called seconds took so much longer, and rates were so much lower.
pub(super) fn convert(json: &mut Json, times: f64) {
    let Json::Object(fields) = json else { return };
    for (name, value) in fields {
        let is_time = name.ends_with("_s") || name.ends_with("_ms") || name == "seconds";
        let is_rate = name == "rate" || name.ends_with("_rate");
        match value.as_f64() {
            Some(number) if is_time => *value = (number * times).into(),
            Some(number) if is_rate => *value = (number / times).into(),
            _ => convert(value, times),
        }
    }
}
