//! What all rooms of a house share: the settings, how a room begins, and the dead letters.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::Room;
use super::report::DeadLetter;
use super::settings::RoomSettings;
use super::told::Told;
use crate::hub::Encode;

/// The dead letters that are kept, and the characters of each text in one.
const LETTERS: usize = 100;
const LONGEST: usize = 500;

pub(super) struct Terms<R: Room> {
    settings: RwLock<RoomSettings>,
    /// Makes the state of a room that begins.
    pub(super) new: Box<dyn Fn(&str) -> R + Send + Sync>,
    /// Writes the messages to watchers.
    pub(super) encoder: Arc<dyn Encode<Told<R>>>,
    letters: Mutex<VecDeque<DeadLetter>>,
    is_stopped: AtomicBool,
}

impl<R: Room> Terms<R> {
    pub(super) fn new(
        settings: RoomSettings,
        new: impl Fn(&str) -> R + Send + Sync + 'static,
        encoder: impl Encode<Told<R>>,
    ) -> Self {
        Self {
            settings: RwLock::new(settings),
            new: Box::new(new),
            encoder: Arc::new(encoder),
            letters: Mutex::default(),
            is_stopped: AtomicBool::new(false),
        }
    }

    pub(super) fn settings(&self) -> RoomSettings {
        *self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the settings, and returns the last ones.
    pub(super) fn change(&self, settings: RoomSettings) -> RoomSettings {
        let mut current = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, settings)
    }

    /// Starts no room from now on.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Relaxed)
    }

    pub(super) fn bury(&self, letter: DeadLetter) {
        let cut = |text: String| text.chars().take(LONGEST).collect::<String>();
        let letter = DeadLetter { command: cut(letter.command), panic: cut(letter.panic), ..letter };
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.truncate(LETTERS - 1);
        letters.push_front(letter);
    }

    pub(super) fn letters(&self) -> Vec<DeadLetter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
