//! The task of a shard: takes events and commands, and walks over the watchers.

mod walk;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep_until};
use weir_stage::shutdown::StopToken;
use weir_stage::stage::{Reason, Subscription};

use super::command::Command;
use super::curve::Tracing;
use super::number::Numbered;
use super::seat::Life;
use super::shard::SWEEPS;
use super::sink::Sink;
use super::watcher::{BehindWatcher, LeftReason, Since};
use super::{Encoding, Settings};

/// The most commands that are taken before the next event is.
const COMMANDS_AT_ONCE: usize = 256;

/// The events of a shard, until they end.
pub(super) type Source<E> = Option<Subscription<Numbered<E>>>;

/// Runs a shard until its events have ended and every watcher is closed, or until it is
/// stopped.
pub(super) async fn run<E, S>(mut life: Life<E, S>, mut events: Source<E>, stop: StopToken) -> Reason
where
    E: Send + Sync + 'static,
    S: Sink,
{
    let mut sweep = Sweep::default();
    loop {
        if life.shard.is_closing() && life.shard.is_empty() {
            // Ends the task only: a later command finds the mailbox closed.
            life.close(LeftReason::Ended);
            return Reason::Finished;
        }
        let is_behind = life.walked != life.shard.head();
        let has_room = life.shard.has_room() && events.is_some();
        let (has_blocked, sweep_at) = (life.shard.has_blocked(), sweep.due(life.shard.settings()));
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                life.close(LeftReason::Stopped);
                return Reason::Stopped;
            }
            () = sleep_until(sweep_at), if has_blocked => {
                life.shard.sweep();
                sweep.done();
            }
            Some(command) = life.commands.recv() => life.obey(command),
            event = next(&mut events), if has_room => {
                if let Err(reason) = life.accept(event, &mut events) {
                    return reason;
                }
            }
            // More has come during the last walk.
            () = ready(()), if is_behind => {}
        }
        if let Err(reason) = life.take_waiting(&mut events) {
            return reason;
        }
        if let Err(reason) = life.walk(&mut events).await {
            return reason;
        }
        life.publish_trace();
        life.settle();
        life.report();
    }
}

/// Waits for the next event.
async fn next<E>(events: &mut Source<E>) -> Option<Numbered<E>> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

/// When the next check for silent watchers is due.
#[derive(Default)]
struct Sweep(Option<(Instant, Duration)>);

impl Sweep {
    fn due(&mut self, settings: &Settings) -> Instant {
        let every = settings.silence / u32::from(SWEEPS);
        let begin = |(at, was): (Instant, Duration)| if was == every { at } else { Instant::now() };
        let last = self.0.map_or_else(Instant::now, begin);
        self.0 = Some((last, every));
        last + every
    }

    fn done(&mut self) {
        self.0 = None;
    }
}

impl<E: Send + Sync + 'static, S: Sink> Life<E, S> {
    /// Takes the commands and events that wait, without waiting for more. Called during a walk
    /// too: the watchers that come later in the walk get the new events in the same write.
    fn take_waiting(&mut self, events: &mut Source<E>) -> Result<(), Reason> {
        for _ in 0..COMMANDS_AT_ONCE {
            let Ok(command) = self.commands.try_recv() else { break };
            self.obey(command);
        }
        while self.shard.has_room() && events.is_some() {
            let Some(event) = next(events).now_or_never() else { break };
            self.accept(event, events)?;
        }
        Ok(())
    }

    /// Takes an event into the window, or the end of the events.
    ///
    /// # Errors
    /// The reason of a source that has failed; the supervisor restarts the shard then.
    fn accept(&mut self, event: Option<Numbered<E>>, events: &mut Source<E>) -> Result<(), Reason> {
        if let Some(event) = event {
            self.publish(event);
            return Ok(());
        }
        let reason = events.take().and_then(|events| events.reason().cloned());
        match reason.filter(|reason| !reason.is_normal()) {
            Some(reason) => Err(reason),
            None => {
                let mut frame = Vec::new();
                self.encode(|encoder| encoder.end(&mut frame));
                self.shard.close_all(&frame);
                Ok(())
            }
        }
    }

    /// Encodes an event, once for all watchers.
    fn publish(&mut self, numbered: Numbered<E>) {
        let Numbered { seq, event, published, traced } = numbered;
        let mut frame = Vec::new();
        self.encode(|encoder| encoder.event(&event, seq, &mut frame));
        let encoder = Arc::clone(&self.seat.encoder);
        self.shard.publish(seq, &frame, &|from, to, out| encoder.gap(from, to, out));
        if traced {
            self.tracing = Some(Tracing::new(seq, self.shard.head(), published, self.shard.receiving()));
        }
        if self.shard.settings().encoding == Encoding::Each {
            self.recent.push_back((seq, Arc::clone(&event)));
            let most = 2 * self.shard.settings().keep();
            while self.recent.len() > most {
                self.recent.pop_front();
            }
        } else {
            self.recent.clear();
        }
        self.last = Some(event);
    }

    /// Calls the encoder. If it panics, the shard is as it was before.
    fn encode(&mut self, work: impl FnOnce(&dyn super::Encode<E>)) {
        let encoder = Arc::clone(&self.seat.encoder);
        self.is_encoding = true;
        work(&*encoder);
        self.is_encoding = false;
    }

    /// Returns the snapshot before the next event. It is encoded once per event.
    fn snapshot(&mut self) -> Vec<u8> {
        let next = self.shard.next();
        if let Some((at, bytes)) = &self.snapshot
            && *at == next
        {
            return bytes.clone();
        }
        let (mut bytes, last) = (Vec::new(), self.last.clone());
        self.encode(|encoder| encoder.snapshot(last.as_deref(), next, &mut bytes));
        self.snapshot = Some((next, bytes.clone()));
        bytes
    }

    fn obey(&mut self, command: Command<S>) {
        let encoder = Arc::clone(&self.seat.encoder);
        let gap = |from: u64, to: u64, out: &mut Vec<u8>| encoder.gap(from, to, out);
        match command {
            Command::Join { sink, mut own, since, done } => {
                if since == Since::Snapshot {
                    own.extend(self.snapshot());
                }
                let joined = self.shard.join(sink, &own, since, &gap);
                // A caller that has gone away is not asked: its watcher has joined.
                _ = done.send(joined);
                if let Some(joined) = joined {
                    self.write(joined.id.slot);
                }
            }
            Command::Say { id, bytes, done } => {
                if let Some(slot) = self.shard.slot_of(id) {
                    self.shard.say(slot, &bytes);
                    self.flushes.entry(id).or_default().push(done);
                    self.write(slot);
                }
            }
            Command::Close { id, frame, reason } => {
                if let Some(slot) = self.shard.slot_of(id) {
                    self.shard.close(slot, &frame, reason);
                    self.write(slot);
                }
            }
            Command::Leave { id, reason } => {
                if let Some(slot) = self.shard.slot_of(id) {
                    self.shard.remove(slot, reason);
                }
            }
            Command::Writable(id) => {
                if let Some(slot) = self.shard.slot_of(id) {
                    self.blocked_since.remove(&id);
                    self.shard.unblock(slot, &gap);
                    self.write(slot);
                }
            }
            Command::Change(settings) => self.shard.change(settings),
            Command::Slowest { most, done } => {
                // A caller that has gone away needs no answer.
                _ = done.send(self.slowest(most));
            }
            Command::ResetPeaks => self.shard.reset_peaks(),
            Command::CloseAll { frame, done } => {
                self.shard.close_all(&frame);
                self.drains.push(done);
            }
            Command::Crash => panic!("a crash was ordered"),
        }
    }

    /// Lists the watchers that are blocked, those furthest behind first.
    fn slowest(&self, most: usize) -> Vec<(BehindWatcher, Arc<S>)> {
        let mut all: Vec<_> = self.shard.blocked_watchers().collect();
        all.sort_by_key(|(watcher, _)| std::cmp::Reverse((watcher.events, watcher.dropped)));
        all.truncate(most);
        for (watcher, _) in &mut all {
            watcher.blocked = self.blocked_since.get(&watcher.id).map_or(Duration::ZERO, |at| at.elapsed());
        }
        all
    }

    /// Applies the policy to watchers that are behind, and trims the window.
    fn settle(&mut self) {
        let encoder = Arc::clone(&self.seat.encoder);
        self.shard.settle(&|from, to, out| encoder.gap(from, to, out));
    }

    /// Publishes the record of a traced event, if it has changed, and ends it when every watcher
    /// has the event. Called after a walk, when a watcher that does not have it is blocked.
    fn publish_trace(&mut self) {
        let walked = self.walked;
        let Some(tracing) = &mut self.tracing else { return };
        let is_walked = walked >= tracing.end;
        let (news, has_settled) = tracing.news(is_walked);
        let (seq, has_ended) = (tracing.seq, tracing.is_complete());
        if has_ended {
            self.tracing = None;
        }
        if let Some(trace) = news {
            self.seat.keep_trace(trace);
        }
        if has_settled && let Some(observer) = self.seat.on_traced.clone() {
            observer(seq);
        }
    }
}
