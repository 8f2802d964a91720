//! Puts the snapshot of a match together.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::history::History;
use super::nodes::MatchNodes;
use super::sampled::millis;
use super::snapshot::{EventFigures, MatchFigures, MatchRow, MatchSnapshot, Now, ShardRow};
use super::verdict::Seen;
use super::{Life, LiveMatch, lock};
use crate::hub::HubFigures;
use crate::lab::{Tone, Verdict};

impl LiveMatch {
    /// Returns the number of watchers.
    pub(super) fn watchers(&self) -> u64 {
        self.life().map_or(0, |life| life.hub.figures().watchers())
    }

    pub(super) fn is_playing(&self) -> bool {
        lock(&self.playing).plan().is_some()
    }

    pub(super) fn row(&self) -> MatchRow {
        let figures = self.game_figures();
        MatchRow {
            id: figures.id,
            home: figures.home,
            away: figures.away,
            score: figures.score,
            minute: figures.minute,
            period: figures.period,
            watchers: self.watchers(),
            visits: figures.visits,
            playing: figures.playing,
        }
    }

    fn game_figures(&self) -> MatchFigures {
        let (state, next) = self.now();
        let plan = lock(&self.playing).plan();
        MatchFigures {
            id: self.id().to_owned(),
            home: state.sheet.teams[0].name.clone(),
            away: state.sheet.teams[1].name.clone(),
            score: state.score,
            minute: state.minute,
            period: state.period,
            stadium: state.sheet.stadium.clone(),
            visits: self.arrivals.visits(),
            users: self.users.count(),
            playing: plan.is_some(),
            rate: plan.unwrap_or_default().rate,
            next,
        }
    }

    /// Returns the current figures, with the history from `from_ms` on.
    pub(super) fn snapshot(&self, from_ms: u64) -> MatchSnapshot {
        self.settle();
        let (core, config, life) = (&self.core, self.core.config(), self.life());
        let hub = life.as_ref().map(|life| life.hub.figures()).unwrap_or_default();
        let at_ms = core.now_ms();
        let game = self.game_figures();
        let event = self.event_figures(life.as_deref(), &hub);
        let machine = lock(&core.machine).clone();
        let of = |name: &str| {
            let is_of =
                |framing: usize| core.transports.get(framing).is_some_and(|found| found.name() == name);
            hub.shards.iter().filter(|shard| is_of(shard.framing)).map(|shard| shard.watchers).sum()
        };
        let (past, feed, history, last_ms) = {
            let sampled = lock(&self.sampled);
            let last = sampled.traced.as_ref().and_then(|traced| traced.last_ms);
            (
                sampled.past.iter().copied().collect::<Vec<f64>>(),
                sampled.feed.iter().cloned().collect(),
                History::of(&sampled.points, from_ms),
                last.or(sampled.past.front().copied()),
            )
        };
        let now = Now {
            watchers: hub.watchers(),
            ws: of("ws"),
            sse: of("sse"),
            connects_s: self.arrivals.per_second().round(),
            art_ms: self.arrivals.percentiles(),
            rss_per_watcher: lock(&core.memory).per_watcher(),
            last_ms,
        };
        let restarted =
            life.as_ref().filter(|life| life.is_restart).map(|life| (life.began_ms, life.number));
        let behind = config.behind.to_string();
        let verdict = Seen {
            at_ms,
            game: &game,
            watchers: now.watchers,
            event: event.as_ref(),
            machine: machine.as_ref(),
            behind: &behind,
            is_by_task: life.as_ref().is_some_and(|life| life.is_by_task()),
            restarted,
        }
        .verdict();
        let nodes = self.nodes();
        let outage = nodes.as_ref().and_then(MatchNodes::outage);
        let verdict =
            outage.map_or(verdict, |text| Verdict { word: "AWAY".to_owned(), tone: Tone::Bad, text });
        MatchSnapshot {
            at_ms,
            read_only: core.read_only.load(Ordering::Relaxed),
            game,
            verdict,
            now,
            machine,
            event,
            past,
            feed,
            ladder: lock(&core.results).ladder(&config),
            connections: core.connections(),
            writer: config.writer.to_string(),
            behind,
            settings: config,
            nodes,
            ledger: self.ledger(),
            history,
            marks: lock(&core.marks).since(from_ms),
        }
    }

    fn event_figures(&self, life: Option<&Life>, hub: &HubFigures) -> Option<EventFigures> {
        let (traced, behind, stalled) = {
            let sampled = lock(&self.sampled);
            (sampled.traced.clone()?, sampled.behind.clone(), sampled.stalled)
        };
        let way = life.and_then(|life| self.way(life, traced.seq));
        let shard = |(number, shard): (usize, &crate::hub::ShardFigures)| ShardRow {
            name: format!("shard-{number}"),
            transport: self.core.transports.get(shard.framing).map_or("", |transport| transport.name()),
            watchers: shard.watchers,
            behind: shard.blocked,
        };
        let by_task = way.as_ref().is_some_and(|way| way.by_task);
        Some(EventFigures {
            seq: traced.seq,
            kind: traced.kind,
            sent: way.as_ref().map_or(traced.sent, |way| way.sent),
            reached: way.as_ref().map_or(0, |way| way.reached),
            elapsed_ms: traced.last_ms.unwrap_or_else(|| millis(traced.published.elapsed())),
            last_ms: traced.last_ms,
            order: if by_task { "tasks" } else { "shards" },
            curve: way.map(|way| way.points).unwrap_or_default(),
            shards: hub.shards.iter().enumerate().map(shard).collect(),
            behind,
            stalled_ms: stalled.map_or(0, |since| (Instant::now() - since).as_millis() as u64),
        })
    }
}
