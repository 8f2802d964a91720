use weir::workbench::Word;

use super::case::{Case, State};

/// The model's step, in seconds.
const STEP: f64 = 0.05;
/// Two standard errors tell a load from a threshold; a window that is twice as long as
/// that takes is likely to.
const ERRORS: f64 = 2.0;
/// The number of events from which a metronome differs visibly from a random load.
const FEW: f64 = 24.0;

/// What ought to be said at each moment: any of a few words, the likeliest first.
#[derive(Debug)]
pub(crate) struct Truth {
    words: Vec<Vec<Word>>,
    /// How long the rates take that tell the words of a moment, in seconds.
    windows: Vec<f64>,
}

/// A fluid that stands for the events.
#[derive(Debug, Default)]
struct Fluid {
    /// In front of the consumers.
    backlog: f64,
    /// Async and serial events in the resource.
    inside: f64,
    /// Since when the level cannot have been below capacity by more than chance.
    at_work_until: f64,
}

impl Truth {
    pub(crate) fn of(case: &Case) -> Self {
        let end = case.states_end().last().unwrap_or(0.0);
        let mut fluid = Fluid::default();
        let mut truth = Self { words: Vec::new(), windows: Vec::new() };
        for step in 0..(end / STEP) as usize + 1 {
            let t = step as f64 * STEP;
            truth.words.push(fluid.step(case, t));
            truth.windows.push(window(case, t));
        }
        truth
    }

    pub(crate) fn at(&self, t: f64) -> &[Word] {
        &self.words[self.step(t)]
    }

    /// Whether a word is right, or may be wrong since the state is still new.
    pub(crate) fn allows(&self, t: f64, word: Word) -> bool {
        !self.is_settled(t, word) || self.at(t).contains(&word)
    }

    /// True if the state has lasted long enough to be reported.
    pub(crate) fn is_settled(&self, t: f64, said: Word) -> bool {
        let now = self.step(t);
        let enter = self.words[now].iter().map(|word| word.times().0).fold(0.0, f64::max);
        let patience = self.windows[now] + enter + said.times().1;
        let since = self.step((t - patience).max(0.0));
        self.words[since..=now].iter().all(|words| words[0] == self.words[now][0])
    }

    fn step(&self, t: f64) -> usize {
        ((t / STEP) as usize).min(self.words.len() - 1)
    }
}

fn capacity(case: &Case, state: State) -> f64 {
    case.limit.map_or(state.concurrency, |limit| limit.min(state.concurrency)) / case.service_s
}

/// How long the window of the rates must be to tell this load from the thresholds.
fn window(case: &Case, t: f64) -> f64 {
    let (state, since) = case.state_at(t);
    let (arrivals, capacity) = (state.pipelined, capacity(case, state));
    if arrivals == 0.0 {
        // The silence that tells that a load has ended.
        let (before, _) = case.state_at((since - STEP).max(0.0));
        return if before.pipelined > 0.0 { (8.0 / before.pipelined).max(3.0) } else { 3.0 };
    }
    if !case.poisson {
        return (FEW / arrivals).max(3.0);
    }
    let from = [0.5 * capacity, 0.6 * capacity, capacity].map(|threshold| (arrivals - threshold).abs());
    let distance = from.into_iter().fold(f64::INFINITY, f64::min);
    (2.0 * ERRORS.powi(2) * arrivals / distance.powi(2)).clamp(3.0, 48.0)
}

impl Fluid {
    fn step(&mut self, case: &Case, t: f64) -> Vec<Word> {
        let (state, since) = case.state_at(t);
        let is_frozen = case.freeze.is_some_and(|(every, length)| t >= every && t % every < length);
        let capacity = capacity(case, state);
        let works = if is_frozen || state.paused { 0.0 } else { capacity };
        let brim = case.capacity + case.patience_s.unwrap_or(0.0) * state.pipelined;
        self.backlog = (self.backlog + (state.pipelined - works) * STEP).clamp(0.0, brim);
        let level = state.spawned * case.service_s + state.clients as f64;
        let left = if is_frozen { 1.0 } else { (-STEP / case.service_s).exp() };
        self.inside = self.inside * left + level * (1.0 - left);
        if self.backlog > 0.0 || state.pipelined > 0.0 {
            // What a consumer has begun takes a few service times.
            self.at_work_until = t + 3.0 * case.service_s;
        }
        // What chance may have added to the fluid, or taken from it.
        let chance = 4.0 * ((state.pipelined + works).max(1.0) * (t - since).min(20.0)).sqrt();
        self.words(case, t, state, is_frozen, capacity, chance)
    }

    fn words(
        &self,
        case: &Case,
        t: f64,
        state: State,
        is_frozen: bool,
        capacity: f64,
        chance: f64,
    ) -> Vec<Word> {
        if is_frozen {
            return vec![Word::Frozen];
        }
        if state.paused {
            return vec![Word::Paused];
        }
        if state.concurrency == 0.0 {
            return vec![Word::NoConsumers];
        }
        if state.spawned > 0.0 && self.inside > 1.2 * (10.0 * state.concurrency).max(100.0) {
            return vec![Word::Unprotected];
        }
        let busy = state.pipelined / capacity;
        let mut words = self.of_the_load(case, t, state, busy);
        if self.inside > 0.9 * (10.0 * state.concurrency).max(100.0) {
            words.push(Word::Unprotected);
        }
        if busy > 1.1 {
            let room = case.capacity - self.backlog;
            let almost = chance + 0.05 * case.capacity;
            return match room {
                // A short queue is full now and then.
                room if room <= 0.0 && busy < 1.5 && case.capacity < chance => {
                    vec![Word::Full, Word::Overloaded]
                }
                room if room <= 0.0 && self.backlog >= case.capacity => vec![Word::Full],
                room if room < almost => vec![Word::Overloaded, Word::Full],
                _ => vec![Word::Overloaded],
            };
        }
        let much = capacity + 6.0 * busy / (1.0 - busy);
        if self.backlog > 1.6 * much + chance {
            words = vec![Word::Draining];
            if self.backlog > 0.8 * case.capacity {
                words.push(Word::Full);
            }
        } else if self.backlog > 0.3 * much - chance && self.backlog > 0.0 {
            words.push(Word::Draining);
        }
        words
    }

    /// What would be said without a backlog.
    fn of_the_load(&self, case: &Case, t: f64, state: State, busy: f64) -> Vec<Word> {
        match state {
            State { pipelined, .. } if pipelined > 0.0 && busy < 0.5 => vec![Word::Starved],
            State { pipelined, .. } if pipelined > 0.0 => vec![Word::Balanced],
            State { clients: 1.., .. } => vec![Word::HeldBack],
            State { spawned, .. } if spawned > 0.0 => vec![Word::AtWork],
            _ if self.inside > 0.5 || self.backlog > 0.0 => vec![Word::AtWork, Word::HeldBack, Word::Idle],
            _ if t < self.at_work_until + 10.0 * case.service_s => vec![Word::Idle, Word::AtWork],
            _ => vec![Word::Idle],
        }
    }
}
