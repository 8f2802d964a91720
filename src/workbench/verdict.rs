//! The verdict on the bench: one word, its cause, its consequence, what would help, and
//! the part to blame.
//!
//! ```text
//!   Figures ─▶ rules: which words hold ─▶ clock: which word is said ─▶ words: its sentences
//! ```
//!
//! All of it is pure: figures and the time are passed in. The words in their order, and
//! when each of them holds, are in [`rules`]; how long a word must hold
//! before it is said, and how long it stays, is kept by [`Clock`].

mod clock;
mod figures;
mod format;
mod rules;
mod words;

use serde::{Deserialize, Serialize};

pub(super) use clock::Clock;
pub(super) use figures::{Figures, Rate};
pub use rules::Word;

/// What is said of the bench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The state.
    pub word: Word,
    /// How the state feels.
    pub tone: Tone,
    /// The part to blame, if one is.
    pub blame: Option<Part>,
    /// Why it is so: a sentence with figures.
    pub cause: String,
    /// What follows; empty when nothing does.
    pub consequence: String,
    /// What would help, if anything would.
    pub remedy: Option<String>,
    /// How long the word has been said, in seconds.
    pub since_s: f64,
}

/// The mood of a word. A page has a colour for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Something is lost or runs full.
    Danger,
    /// Held on purpose.
    Hold,
    /// Less than could be, or on the way there.
    Flow,
    /// The consumers keep up, or clients hold back.
    Good,
    /// The resource stands still.
    Ice,
    /// Nothing to do.
    Idle,
}

/// A part of the picture that can be to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The resource.
    Resource,
    /// The gate between queue and consumers.
    Gate,
    /// The consumers.
    Consumers,
    /// The queue.
    Basin,
}

impl Default for Verdict {
    /// The verdict before the first look: idle.
    fn default() -> Self {
        Self::on(Word::Idle, &Figures::default(), 0.0)
    }
}

impl Verdict {
    /// The sentences of a word, from these figures.
    pub(super) fn on(word: Word, figures: &Figures, since_s: f64) -> Self {
        let words::Sentences { cause, consequence, remedy } = words::sentences(word, figures);
        Self { word, tone: word.tone(), blame: word.blame(figures), cause, consequence, remedy, since_s }
    }
}
