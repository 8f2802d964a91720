//! `weir room compare`: the same kill under each `rooms.backup`.
//!
//! It plays in a room of its own, which it removes, and restores the setting at the end, after
//! an error and after Ctrl-C.

use std::time::Duration;

use hyper::Method;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use super::path;
use super::show::position;
use crate::cli::Exit;
use crate::cli::answers::rooms::{Created, Killed, Snapshot};
use crate::cli::ask::{Ask, Said};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::{complain, say};
use crate::cli::set::encoded;
use crate::cli::text::{NONE, Table, left, number, right};
use crate::config::Backup;

/// How long the times of the setting before may take to leave the server's figures.
const FORGETTING: Duration = Duration::from_secs(3);
/// The time between two looks at the figures.
const LOOK: Duration = Duration::from_millis(100);

/// The options of `weir room compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Number of moves before each kill
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    moves: u64,
}

/// What a kill has cost under one setting.
#[derive(Debug, Serialize)]
struct Row {
    backup: String,
    acknowledged: u64,
    lost: u64,
    from: Option<u64>,
    to: Option<u64>,
    life: u64,
    n: u64,
    ack_p50_us: Option<f64>,
    down_ms: f64,
}

pub(super) fn run(ask: &Ask<'_>, args: &Args) -> Result<Exit, Said> {
    let before = ask.get::<Snapshot>("")?.read.backup;
    // A server that refuses this change would also refuse the others.
    set(ask, &before)?;
    let interrupts = Interrupts::listen().map_err(Said::Nothing)?;
    let name = format!("compare-{:04x}", fastrand::u16(..));
    let mut restore = Restore { ask, before, name: &name, is_due: true };
    let mut rows = Vec::new();
    for backup in Backup::ALL {
        match measure(ask, &name, &backup.to_string(), args.moves, &interrupts)? {
            Some(row) => rows.push(row),
            None => break,
        }
    }
    let restored = restore.now();
    if ask.as_json {
        say(json!({ "moves": args.moves, "kills": rows }));
    } else {
        say(table(&rows).trim_end());
    }
    if let Err(words) = restored {
        complain(words);
        return Ok(Exit::Failure);
    }
    Ok(if interrupts.stop().is_cancelled() { Exit::Interrupted } else { Exit::Success })
}

/// Plays a new room under a setting, and kills it. `None` after Ctrl-C.
fn measure(
    ask: &Ask<'_>,
    name: &str,
    backup: &str,
    moves: u64,
    interrupts: &Interrupts,
) -> Result<Option<Row>, Said> {
    set(ask, backup)?;
    forget_times(ask, interrupts)?;
    ask.tell::<Created>("", json!({ "name": name }).to_string())?;
    let client = format!("{:x}", fastrand::u64(..));
    let mut command = json!({ "move": "join", "player": "ada", "client": client, "number": 1 });
    super::moves::send(ask, name, &command)?;
    command["move"] = json!("say");
    for number in 2..=moves {
        if interrupts.stop().is_cancelled() {
            return Ok(None);
        }
        (command["text"], command["number"]) = (json!(format!("move {number}")), json!(number));
        super::moves::send(ask, name, &command)?;
    }
    let kill = ask.tell::<Killed>(&path(name, "/kill"), json!({ "what": "room" }).to_string())?.read;
    let ack = ask.get::<Snapshot>("")?.read.now.ack_us;
    remove(ask, name)?;
    Ok(Some(Row {
        backup: backup.to_owned(),
        acknowledged: kill.acked,
        lost: kill.lost,
        from: kill.from,
        to: kill.to,
        life: kill.life,
        n: kill.n,
        ack_p50_us: ack.map(|ack| ack.p50),
        down_ms: kill.down_ms,
    }))
}

/// Waits until the server's figures of the last second contain no earlier move, or a moment if
/// other rooms play.
fn forget_times(ask: &Ask<'_>, interrupts: &Interrupts) -> Result<(), Said> {
    let began = Instant::now();
    while began.elapsed() < FORGETTING
        && !interrupts.stop().is_cancelled()
        && ask.get::<Snapshot>("")?.read.now.ack_us.is_some()
    {
        std::thread::park_timeout(LOOK);
    }
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let header = ["backup", "moves", "lost", "watchers get", "a move, p50", "down"];
    let columns = [left(8), right(6), right(6), left(18), right(11), right(9)];
    let mut table = Table::new(columns).header(header);
    for row in rows {
        let told = match (row.lost, row.from.zip(row.to)) {
            (0, _) => format!("resumed {}", position(row.life, row.n)),
            (_, Some((from, to))) => format!("gap {from} to {to}"),
            (_, None) => "gap".to_owned(),
        };
        let took = row.ack_p50_us.map_or_else(|| NONE.to_owned(), |us| format!("{} µs", number(us)));
        let (moves, lost) = (row.acknowledged.to_string(), row.lost.to_string());
        table.row([&row.backup, &moves, &lost, &told, &took, &format!("{} ms", number(row.down_ms))]);
    }
    table.to_string()
}

fn set(ask: &Ask<'_>, backup: &str) -> Result<(), Said> {
    let config = Ask { lab: "/api/config", ..*ask };
    config.order(&format!("?toml={}", encoded(&format!("rooms.backup = \"{backup}\"")))).map(drop)
}

fn remove(ask: &Ask<'_>, name: &str) -> Result<(), Said> {
    ask.send(Method::DELETE, &path(name, ""), String::new()).map(drop)
}

/// Restores the setting once, at the latest when it is dropped.
struct Restore<'a> {
    ask: &'a Ask<'a>,
    before: String,
    name: &'a str,
    is_due: bool,
}

impl Restore<'_> {
    fn now(&mut self) -> Result<(), String> {
        self.is_due = false;
        // After Ctrl-C, the room is still there.
        let _ = remove(self.ask, self.name);
        set(self.ask, &self.before).map_err(|why| {
            let why = match why {
                Said::No { words, .. } => words,
                Said::Nothing(error) => format!("{error:#}"),
            };
            let command = format!("weir set rooms.backup={}", self.before);
            format!("cannot restore the setting: {why}\nto restore it: {command}")
        })
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        if self.is_due
            && let Err(words) = self.now()
        {
            complain(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::assert_fits;

    #[test]
    fn each_setting_is_a_row_with_what_the_kill_has_cost() {
        let row = |backup: &str, lost, gap: Option<(u64, u64)>, n| Row {
            backup: backup.to_owned(),
            acknowledged: 200,
            lost,
            from: gap.map(|gap| gap.0),
            to: gap.map(|gap| gap.1),
            life: 2,
            n,
            ack_p50_us: Some(5.4),
            down_ms: 0.8,
        };
        let text = table(&[row("after", 4, Some((197, 200)), 196), row("before", 0, None, 200)]);
        assert_fits(&text);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let after = lines.iter().find(|line| line.first() == Some(&"after")).unwrap();
        assert_eq!(after[1..7], ["200", "4", "gap", "197", "to", "200"]);
        let before = lines.iter().find(|line| line.first() == Some(&"before")).unwrap();
        assert_eq!(before[1..5], ["200", "0", "resumed", "2·200"]);
    }
}
