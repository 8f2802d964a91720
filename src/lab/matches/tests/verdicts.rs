//! The verdict for each state of a match.

use super::super::verdict::Seen;
use super::super::*;

fn game(period: Period) -> MatchFigures {
    let text = str::to_owned;
    MatchFigures {
        id: text("weir-sluice"),
        home: text("Weir"),
        away: text("Sluice"),
        score: [2, 1],
        minute: 67,
        period,
        stadium: text("Lock Road"),
        visits: 10_214,
        users: 10_000,
        playing: true,
        rate: 2.0,
        next: 449,
    }
}

fn event(reached: u64, last_ms: Option<f64>) -> EventFigures {
    let shard = |number: u64| ShardRow {
        name: format!("shard-{number}"),
        transport: "ws",
        watchers: 5_000,
        behind: 0,
    };
    EventFigures {
        seq: 448,
        kind: "goal".to_owned(),
        sent: 10_000,
        reached,
        elapsed_ms: 36.0,
        last_ms,
        order: "shards",
        curve: Vec::new(),
        shards: vec![shard(0), shard(1)],
        behind: Vec::new(),
        stalled_ms: 0,
    }
}

fn late(mut event: EventFigures, users: u64) -> EventFigures {
    for user in 0..users {
        let user = format!("w{}", 4711 + user);
        let row = BehindRow { user, place: 4711, events: 64, dropped: 12, gap: None, for_ms: 32_000 };
        event.behind.push(row);
    }
    event.shards[1].behind = users;
    event
}

#[test]
fn each_state_has_its_word_and_its_numbers() {
    let machine = Machine {
        watchers: 19_200,
        watchers_why: "descriptors".to_owned(),
        connects_s: 47_000.0,
        art_ms: 0.3,
        send_us: 6.3,
        measured_ms: 300,
    };
    let base = game(Period::SecondHalf);
    let seen = |game: &MatchFigures, watchers, event: Option<&EventFigures>, behind: &str| {
        let seen = Seen {
            at_ms: 60_000,
            game,
            watchers,
            event,
            machine: Some(&machine),
            behind,
            is_by_task: false,
            restarted: None,
        };
        let verdict = seen.verdict();
        format!("{}: {}", verdict.word, verdict.text)
    };
    let whole = |event: Option<&EventFigures>| seen(&base, 10_000, event, "drop_oldest");
    assert!(seen(&game(Period::NotBegun), 0, None, "wait").starts_with("NOT BEGUN: "));
    assert!(seen(&game(Period::Over), 0, None, "wait").starts_with("OVER: The match is over, 2 : 1."));
    assert!(seen(&base, 0, None, "wait").starts_with("IDLE: No watchers yet."));
    assert_eq!(whole(None), "WAITING: 10,000 watchers wait for the next event.");
    assert_eq!(
        whole(Some(&event(5_150, None))),
        "GOING OUT: One after the other: 5,150 of 10,000 watchers have the goal after 36.0 ms."
    );
    assert_eq!(
        whole(Some(&event(10_000, Some(69.9)))),
        "DELIVERED: All 10,000 watchers have it 69.9 ms after the goal, 1.11 × what the machine needs."
    );
    assert_eq!(
        whole(Some(&late(event(9_999, Some(69.9)), 1))),
        "ONE IS BEHIND: Watcher w4711 has read nothing for 32 s and loses its oldest events. The others have \
         the goal in 69.9 ms."
    );
    let many = seen(&base, 10_000, Some(&late(event(9_970, None), 30)), "close");
    assert!(many.starts_with("30 ARE BEHIND: 30 watchers read too slowly"), "{many}");
    let stalled = EventFigures { stalled_ms: 8_000, ..late(event(4_711, None), 1) };
    assert_eq!(
        seen(&base, 10_000, Some(&stalled), "wait"),
        "STALLED: 1 watcher reads nothing, and behind = \"wait\": 9,999 watchers have waited 8.0 s for the next \
         event."
    );
}
