//! The table of a climb, as text while it grows and in Markdown at the end.

use super::climb::Row;
use crate::cli::answers::matches::Machine;
use crate::cli::text::{NONE, hang, number, pad, percent, wrap};

/// The width of the name of a rung, and of each figure.
const NAME: usize = 19;
const FIGURE: usize = 9;
/// The indent of the words below the figures.
const INDENT: usize = 6;

/// The lines above the first rung.
pub(super) fn title(watchers: usize, transport: &str, id: &str) -> String {
    let title = format!(
        "The ladder, with {watchers} watchers of {id} over {transport}. N: watchers with the snapshot. \
         C: connects per second. ART: time until a newcomer has the snapshot. last: time until the last \
         watcher has an event (median over the events)."
    );
    let names = ["N", "C", "ART p50", "ART p99", "last", "memory"];
    let units = ["watchers", "/s", "ms", "ms", "ms", "kB each"];
    format!("{}\n{}{}", wrap(&title, 0), line("rung", "", names), line("", "", units))
}

fn line<T: AsRef<str>>(rung: &str, name: &str, figures: [T; 6]) -> String {
    let cells = figures.iter().map(|figure| format!("{:>FIGURE$}", figure.as_ref()));
    let line = format!("{rung:>4}  {}{}", pad(name, NAME), cells.collect::<String>());
    format!("{}\n", line.trim_end())
}

fn figures(row: &Row) -> [String; 6] {
    let result = &row.result;
    let whole = |figure: Option<f64>| figure.map_or(NONE.to_owned(), |figure| format!("{figure:.0}"));
    let short = |figure: Option<f64>| figure.map_or(NONE.to_owned(), number);
    [
        whole(result.n),
        whole(result.c),
        short(result.art_ms),
        short(row.art_p99_ms),
        short(result.last_ms),
        short(result.kb),
    ]
}

/// A rung: a line of figures, and what changed.
pub(super) fn row(row: &Row) -> String {
    let mut text = line(&row.rung.to_string(), &row.name, figures(row));
    let changed = if row.words.is_empty() { String::new() } else { format!(": {}", row.words) };
    let indent = " ".repeat(INDENT);
    text += &hang(&indent, &format!("{}{changed} (original: {})", row.key, row.original));
    text.extend(row.problems.iter().map(|problem| hang(&format!("{indent}caution: "), problem)));
    text
}

/// The machine's own limits, and the distance of the last rung from them.
pub(super) fn ending(rows: &[Row], machine: Option<&Machine>) -> String {
    let Some(machine) = machine else {
        return wrap("The server has not measured its machine, so there are no limits to compare with.", 0);
    };
    let last = rows.iter().rfind(|row| row.is_measured());
    let floor = |row: &Row| row.result.n.map(|n| machine.send_us * n / 1e3);
    let floor_ms = last.and_then(floor).map_or(NONE.to_owned(), number);
    let cells = [
        machine.watchers.to_string(),
        format!("{:.0}", machine.connects_s),
        number(machine.art_ms),
        String::new(),
        floor_ms,
        String::new(),
    ];
    let mut text = line("", "the machine alone", cells);
    let Some(last) = last else { return text };
    let mut distances = Vec::new();
    if let Some(n) = last.result.n {
        distances.push(format!(
            "N is {} of the machine's ({})",
            percent(n / machine.watchers as f64),
            machine.watchers_why
        ));
    }
    if let Some(c) = last.result.c {
        distances.push(format!("C {} of it", percent(c / machine.connects_s)));
    }
    if let Some(art) = last.result.art_ms {
        distances.push(format!("ART {} times that of a lone connection", number(art / machine.art_ms)));
    }
    if let Some((ms, floor)) = last.result.last_ms.zip(floor(last)).filter(|(_, floor)| *floor > 0.0) {
        distances.push(format!(
            "the last watcher waits {} times as long as in a loop of sends",
            number(ms / floor)
        ));
    }
    text += &wrap(&format!("On rung {}: {}.", last.rung, distances.join(", ")), INDENT);
    text
}

/// The whole table in Markdown, as the README has it.
pub(super) fn markdown(rows: &[Row], machine: Option<&Machine>) -> String {
    let mut text = String::from(
        "| rung | setting | N | C, /s | ART p50 / p99, ms | last, ms | memory, kB | against the rung before | in the original |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let [n, c, p50, p99, last, kb] = figures(row);
        let words = match row.problems.is_empty() {
            true => row.words.clone(),
            false => [row.words.clone(), row.problems.join("; ")].join(" ").trim().to_owned(),
        };
        let cells = [
            format!("{} {}", row.rung, row.name),
            format!("`{}`", row.key),
            n,
            c,
            format!("{p50} / {p99}"),
            last,
            kb,
            words,
            row.original.clone(),
        ];
        text += &format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    if let Some(machine) = machine {
        let sends = rows.iter().rfind(|row| row.is_measured()).and_then(|row| row.result.n);
        let last = sends.map_or(NONE.to_owned(), |n| number(machine.send_us * n / 1e3));
        text += &format!(
            "| the machine alone | | {} | {:.0} | {} / | {last} | | | |\n",
            machine.watchers,
            machine.connects_s,
            number(machine.art_ms)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::matches::ladder::climb::tests::{measured, refused};
    use crate::cli::text::assert_fits;

    fn machine() -> Machine {
        Machine {
            watchers: 19_200,
            watchers_why: "descriptors".to_owned(),
            connects_s: 47_000.0,
            art_ms: 0.3,
            send_us: 6.3,
            measured_ms: 300.0,
        }
    }

    #[test]
    fn the_table_grows_by_a_rung_and_ends_with_the_distance_from_the_machine() {
        let rows = [measured(0, 1_000.0, 80.0), measured(1, 1_020.0, 80.0), refused(2)];
        let mut text = title(10_000, "ws", "weir-sluice");
        text.extend(rows.iter().map(row));
        text += &ending(&rows, Some(&machine()));
        assert_fits(&text);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for says in [
            "rung N C ART p50 ART p99 last memory watchers /s ms ms ms kB each",
            "0 rung 0 10000 1000 80.1 240 316 137 key = 0 (original: C × 20)",
            "key = 1: no effect: C + 2 % (original: C × 20)",
            "2 rung 2 – – – – – – key = 2 (original: C × 20) caution: 9000 of 10000 watchers were refused \
             (connect: refused)",
            "the machine alone 19200 47000 0.300 63.0",
            "On rung 1: N is 52.1 % of the machine's (descriptors), C 2.17 % of it, ART 267 times that of",
            "a loop of sends.",
        ] {
            assert!(words.contains(says), "no {says:?} in\n{text}");
        }
        assert!(ending(&rows, None).contains("no limits to compare with"));
    }

    #[test]
    fn markdown_has_a_row_for_each_rung_and_one_for_the_machine() {
        let text = markdown(&[measured(0, 1_000.0, 80.0), refused(1)], Some(&machine()));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert!(lines.iter().all(|line| line.matches('|').count() == 10), "{text}");
        assert_eq!(
            lines[2],
            "| 0 rung 0 | `key = 0` | 10000 | 1000 | 80.1 / 240 | 316 | 137 |  | C × 20 |"
        );
        assert!(lines[3].contains("9000 of 10000 watchers were refused"), "{text}");
        assert!(lines[4].starts_with("| the machine alone | | 19200 | 47000 | 0.300 / | 63.0 |"), "{text}");
    }
}
