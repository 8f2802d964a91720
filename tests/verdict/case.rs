use std::fmt;

use fastrand::Rng;
use weir::config::{Config, Sources};
use weir::theory::service::Service;

/// A bench under changing circumstances.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    /// Arguments of `--set`.
    pub(crate) flags: Vec<String>,
    pub(crate) poisson: bool,
    /// One after the other, from 0 s.
    pub(crate) states: Vec<State>,
    pub(crate) capacity: f64,
    pub(crate) limit: Option<f64>,
    /// The mean service time in seconds, of the clamped distribution.
    pub(crate) service_s: f64,
    /// How often the resource stands still, and for how long, in seconds.
    pub(crate) freeze: Option<(f64, f64)>,
    /// How long a client waits for a place, in seconds; `None` if the policy is another.
    pub(crate) patience_s: Option<f64>,
}

/// What holds for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct State {
    pub(crate) seconds: f64,
    pub(crate) concurrency: f64,
    /// Arrivals a second.
    pub(crate) pipelined: f64,
    pub(crate) spawned: f64,
    /// Clients that send one request after the other.
    pub(crate) clients: usize,
    pub(crate) paused: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "case {}: {}", self.seed, self.flags.join(" "))?;
        for state in &self.states {
            write!(f, "\n    {state:?}")?;
        }
        write!(f, "\n    poisson: {}, mean service {} s", self.poisson, self.service_s)
    }
}

impl Case {
    pub(crate) fn config(&self) -> Config {
        Sources { file: None, flags: self.flags.clone() }.load().unwrap()
    }

    /// When each state ends, in seconds.
    pub(crate) fn states_end(&self) -> impl Iterator<Item = f64> {
        self.states.iter().scan(0.0, |t, state| {
            *t += state.seconds;
            Some(*t)
        })
    }

    /// The state at a moment, and since when it holds.
    pub(crate) fn state_at(&self, t: f64) -> (State, f64) {
        let mut began = 0.0;
        for state in &self.states {
            if t < began + state.seconds {
                return (*state, began);
            }
            began += state.seconds;
        }
        let last = self.states.len() - 1;
        (self.states[last], began - self.states[last].seconds)
    }

    /// Draws a case of which a person could tell the truth: no utilisation between what two
    /// words mean, and at least one event a second.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        loop {
            if let Some(case) = Self::try_drawn(seed, &mut random) {
                return case;
            }
        }
    }

    fn try_drawn(seed: u64, random: &mut Rng) -> Option<Self> {
        let concurrency = log_uniform(random, 1.0, 200.0).round();
        let mean_ms = log_uniform(random, 5.0, 2000.0).round();
        let limit = (random.f64() < 0.3).then(|| (concurrency * (0.3 + random.f64())).ceil());
        let shape = *pick(random, &["fixed", "uniform", "exponential", "lognormal"]);
        let latency = match shape {
            "uniform" => {
                format!("{{distribution='uniform',min='{}ms',max='{}ms'}}", mean_ms / 2.0, mean_ms * 1.5)
            }
            shape => format!("{{distribution='{shape}',mean='{mean_ms}ms'}}"),
        };
        let when_full = *pick(random, &["reject", "wait", "drop_newest", "drop_oldest"]);
        let utilisation = *pick(random, &[(0.05, 0.42), (0.68, 0.9), (0.68, 0.9), (1.2, 3.0), (1.2, 3.0)]);
        let utilisation = log_uniform(random, utilisation.0, utilisation.1);
        let pool = limit.map_or(concurrency, |limit| limit.min(concurrency));
        // A queue that does not overflow by chance, unless it overflows anyway.
        let least = if utilisation < 1.0 { 300.0 } else { 5.0 };
        let capacity = log_uniform(random, least, 20_000.0).round();
        let mut flags = vec![
            format!("consumers.concurrency={concurrency}"),
            format!("resource.latency={latency}"),
            format!("resource.seed={}", seed + 1),
            format!("queue.capacity={capacity}"),
            format!("queue.when_full={when_full}"),
            "queue.wait_timeout=3s".to_owned(),
        ];
        if let Some(limit) = limit {
            flags.push(format!("resource.max_concurrent={limit}"));
        }
        if random.f64() < 0.2 {
            flags.push("consumers.mode=per_event".to_owned());
        } else if random.f64() < 0.2 {
            flags.push("consumers.max_demand=4".to_owned());
        }
        let freeze = (random.f64() < 0.15 && utilisation < 1.0).then(|| {
            let (every, length) = (20.0 + 20.0 * random.f64(), 1.0 + 4.0 * random.f64());
            (every.round(), length.round())
        });
        if let Some((every, length)) = freeze {
            flags.push(format!("resource.freeze_every={every}s"));
            flags.push(format!("resource.freeze_for={length}s"));
        }
        let config = Sources { file: None, flags: flags.clone() }.load().unwrap();
        let service_s = Service::new(config.settings.resource.latency.to_resource()).mean;
        let rate = utilisation * pool / service_s;
        if !(1.0..=80.0).contains(&rate) {
            return None;
        }
        let idle =
            State { seconds: 6.0, concurrency, pipelined: 0.0, spawned: 0.0, clients: 0, paused: false };
        let load = State { seconds: 20.0 + 15.0 * random.f64(), pipelined: rate, ..idle };
        let states = match random.usize(..12) {
            // The whole story of a load: it begins, and it ends.
            0..3 => vec![idle, load, State { seconds: 20.0, ..idle }],
            // Concurrency is edited in the middle, mostly for the better.
            3..6 => {
                let factor = *pick(random, &[0.4, 2.0, 3.0]);
                let other = (concurrency * factor).round().max(1.0);
                let moved = rate / (limit.map_or(other, |limit| limit.min(other)) / service_s);
                if (0.42..0.68).contains(&moved) || (0.9..1.2).contains(&moved) {
                    return None;
                }
                vec![idle, load, State { concurrency: other, ..load }]
            }
            6 => vec![idle, load, State { paused: true, seconds: 15.0, ..load }, load],
            7 => vec![idle, load, State { concurrency: 0.0, seconds: 15.0, ..load }, load],
            // A burst, and nothing more.
            8 => {
                let burst = State { seconds: 1.0, pipelined: (10.0 * rate).min(500.0), ..idle };
                vec![idle, burst, State { seconds: 30.0, ..idle }]
            }
            // The rate changes.
            9 => {
                let other =
                    State { pipelined: if utilisation > 1.0 { rate * 0.2 } else { rate * 4.0 }, ..load };
                let moved = other.pipelined / (pool / service_s);
                if (0.42..0.68).contains(&moved) || (0.9..1.2).contains(&moved) {
                    return None;
                }
                vec![idle, load, other]
            }
            10 => {
                let clients = log_uniform(random, 1.0, 60.0).min(100.0 * service_s) as usize;
                if clients == 0 || limit.is_some_and(|limit| clients as f64 > limit) {
                    return None;
                }
                vec![idle, State { clients, pipelined: 0.0, ..load }, State { seconds: 10.0, ..idle }]
            }
            _ => {
                let spawned = log_uniform(random, 5.0, 150.0);
                let inside = spawned * service_s;
                let crowd = (10.0 * concurrency).max(100.0);
                let is_clear = inside > 1.4 * crowd || inside < 0.4 * crowd;
                if !is_clear || limit.is_some() {
                    return None;
                }
                vec![idle, State { spawned, pipelined: 0.0, ..load }, State { seconds: 20.0, ..idle }]
            }
        };
        let patience_s = (when_full == "wait").then_some(3.0);
        let poisson = random.f64() < 0.6;
        Some(Self { seed, flags, poisson, states, capacity, limit, service_s, freeze, patience_s })
    }
}

fn log_uniform(random: &mut Rng, from: f64, to: f64) -> f64 {
    from * (to / from).powf(random.f64())
}

fn pick<'a, T>(random: &mut Rng, all: &'a [T]) -> &'a T {
    &all[random.usize(..all.len())]
}
