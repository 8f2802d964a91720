//! `weir predict rooms`: what a kill of a room loses with each `rooms.backup`.

use std::time::Duration;

use crate::cli::Exit;
use crate::cli::output::{complain, say};
use crate::cli::text::{Table, hang, left, number, percent, right, wrap};
use crate::config::{Backup, Rooms, Sources};
use crate::duration;
use crate::theory::NoModel;
use crate::theory::rooms::{Kills, Loss, predict};

/// The settings, in the order of the table.
const BACKUPS: [(&str, Backup); 3] =
    [("before", Backup::Before), ("after", Backup::After), ("none", Backup::None)];

/// Load and kills.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Moves per second and room
    #[arg(short, long, value_name = "RATE", default_value = "5/s", value_parser = rate)]
    moves: f64,
    /// Kills per second
    #[arg(short, long, value_name = "RATE", default_value = "1/s", value_parser = rate)]
    kill: f64,
    /// Length of the load; a plain number is seconds
    #[arg(short, long, value_name = "TIME", default_value = "30s", value_parser = time)]
    duration: Duration,
    /// How often the backup takes new moves [default: rooms.backup_every]
    #[arg(long, value_name = "TIME", value_parser = time)]
    backup_every: Option<Duration>,
    /// Age of a room at its kill, for `none` [default: half of the duration]
    #[arg(long, value_name = "TIME", value_parser = time)]
    age: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).trim().parse().ok();
    let number = number.filter(|rate| (0.0..=1e6).contains(rate));
    number.ok_or_else(|| "expected a number per second from 0 to 1000000, such as 5/s".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    duration::parse_seconds(text).ok_or_else(|| "expected a time, such as 10ms or 30s".to_owned())
}

pub(super) fn run(args: &Args, sources: &Sources) -> anyhow::Result<Exit> {
    let rooms = match sources.load() {
        Ok(loaded) => loaded.settings.rooms,
        Err(error) => {
            complain(error);
            return Ok(Exit::Usage);
        }
    };
    let kills = args.kills(&rooms);
    let losses = match losses(&kills) {
        Ok(losses) => losses,
        Err(error) => {
            complain(error);
            return Ok(Exit::Usage);
        }
    };
    if args.json {
        let all: serde_json::Map<String, serde_json::Value> = losses
            .iter()
            .map(|(name, loss)| Ok(((*name).to_owned(), serde_json::to_value(loss)?)))
            .collect::<Result<_, serde_json::Error>>()?;
        say(serde_json::to_string_pretty(&all)?);
    } else {
        say(table(&kills, &losses, rooms.backup).trim_end());
    }
    Ok(Exit::Success)
}

fn losses(kills: &Kills) -> Result<[(&'static str, Loss); 3], NoModel> {
    let [a, b, c] = BACKUPS;
    let of = |(name, backup)| Ok((name, predict(backup, kills)?));
    Ok([of(a)?, of(b)?, of(c)?])
}

impl Args {
    fn kills(&self, rooms: &Rooms) -> Kills {
        Kills {
            rate: self.moves,
            every: self.backup_every.unwrap_or(rooms.backup_every).as_secs_f64(),
            age: self.age.unwrap_or(self.duration / 2).as_secs_f64(),
            kills: self.kill,
            duration: self.duration.as_secs_f64(),
        }
    }
}

fn table(kills: &Kills, losses: &[(&str, Loss)], configured: Backup) -> String {
    let Kills { rate, every, age, kills: per_second, duration } = kills;
    let mut text = wrap(
        &format!(
            "a room with {rate} moves/s, backup_every {} ms, {per_second} kills/s for {duration} s; a room \
             is {age} s old at its kill",
            number(every * 1e3)
        ),
        0,
    );
    text += &hang("  by            ", "theory: a renewal process (src/theory/rooms.rs)");
    text.push('\n');
    let header = ["backup", "lost a kill", "p99", "lose nothing", "lost in all", ""];
    let mut table = Table::new([left(8), right(11), right(7), right(12), right(11), left(0)]).indented(2);
    table = table.header(header);
    for ((name, loss), (_, backup)) in losses.iter().zip(BACKUPS) {
        let is_set = if backup == configured { "configured" } else { "" };
        let cells =
            [number(loss.mean), format!("{:.0}", loss.p99), percent(loss.nothing), number(loss.total)];
        let [mean, p99, nothing, total] = cells;
        table.row([(*name).to_owned(), mean, p99, nothing, total, is_set.to_owned()]);
    }
    text += &table.to_string();
    text += "\nassumes\n";
    for line in [
        "moves come as a Poisson process, and kills at random moments",
        "with after, the backup sleeps until there is something new, then waits backup_every and takes all",
        "a timer of the server fires up to 1 ms late, which adds to backup_every",
        "with none, a room starts again with a fresh state",
    ] {
        text += &hang("  - ", line);
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::text::assert_fits;
    use crate::config::Settings;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn a_prediction_has_a_row_for_each_setting() {
        let line = Line::parse_from(["rooms", "--moves", "100/s", "-d", "10"]);
        let kills = line.args.kills(&Settings::default().rooms);
        let text = table(&kills, &losses(&kills).unwrap(), Backup::Before);
        let row = |name: &str| -> Vec<String> {
            let found = text.lines().find(|line| line.trim_start().starts_with(name));
            found.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(row("before"), ["before", "0", "0", "100", "%", "0", "configured"], "{text}");
        // One move comes on average while the backup waits: 1/2 of the kills lose 1.5 of them.
        assert_eq!(
            row("after")[..6],
            ["after", "0.750", "4", "50.0", "%", "7.50"].map(str::to_owned),
            "{text}"
        );
        assert_eq!(row("none")[1], "500", "{text}");
        assert_fits(&text);
    }

    #[test]
    fn arguments_have_units() {
        assert_eq!((rate("5/s"), rate("0.5")), (Ok(5.0), Ok(0.5)));
        assert!(rate("-1").is_err() && rate("fast").is_err() && time("soon").is_err());
    }
}
