//! A run of watchers as text.

use super::{listed, marks, put, times};
use crate::cli::text::{number, percent, time};
use crate::record::{Origin, Timing, WatchSide};

/// The figures that matter most: N, C, ART and the time to the last watcher.
pub(super) fn result(text: &mut String, watch: &WatchSide) {
    let mut figures = vec![
        format!("N {} watchers", watch.watchers),
        format!("C {} connects/s", number(watch.connects_s)),
    ];
    let of = |what: &str, timing: &Timing, share| {
        Some(format!("{what} {} ms", time(timing.quantile_ms(share)?, Origin::Load)))
    };
    figures.extend(of("ART p50", &watch.art, 0.5));
    figures.extend(of("p99", &watch.art, 0.99));
    put(text, "result", figures.join(", "));
    let of_events = [
        of("first", &watch.first, 0.5),
        of("median", &watch.median, 0.5),
        of("last", &watch.last, 0.5),
        of("last p99", &watch.last, 0.99),
    ];
    let of_events: Vec<String> = of_events.into_iter().flatten().collect();
    if !of_events.is_empty() {
        put(text, "an event", of_events.join(", "));
    }
}

/// Everything that the watchers saw.
pub(super) fn side(text: &mut String, watch: &WatchSide) {
    text.push('\n');
    let WatchSide { connected, refused, lost, ended, events, deliveries, bytes, .. } = watch;
    put(
        text,
        "watchers",
        format!("{connected} connected, {refused} refused, {lost} lost, {ended} ended with the match"),
    );
    for (label, reasons) in [("refused", &watch.refusals), ("gone", &watch.losses)] {
        if !reasons.is_empty() {
            put(text, label, listed(reasons));
        }
    }
    let per_second = *deliveries as f64 / watch.seconds.max(1e-9);
    put(
        text,
        "events",
        format!(
            "{events} events, {} deliveries/s, {} MB received",
            number(per_second),
            number(*bytes as f64 / 1e6)
        ),
    );
    put(text, "deliveries", watch.account());
    put(
        text,
        "",
        format!("{} twice, {} out of order; {} gaps told", watch.twice, watch.disordered, watch.gaps),
    );
    if let Some(server) = &watch.server {
        let memory = server.rss_per_watcher.map(|bytes| format!("{} bytes a watcher", number(bytes)));
        let cpu = server.cpu.map(|cores| format!("{} cores", number(cores)));
        let figures: Vec<String> = memory.into_iter().chain(cpu).collect();
        if !watch.match_id.is_empty() {
            put(text, "ledger", server.ledger.to_string());
        }
        if !figures.is_empty() {
            put(text, "server", figures.join(", "));
        }
    }
    let used = watch.cpu.map(|share| format!("used {} of a core", percent(share)));
    let starved = watch
        .starved
        .map(|share| format!("was runnable but waiting for a CPU {} of the time", percent(share)));
    let shares: Vec<String> = [used, starved].into_iter().flatten().collect();
    if !shares.is_empty() {
        put(text, "generator", shares.join("; "));
    }
    let rows = [
        ("ART", &watch.art),
        ("first", &watch.first),
        ("median", &watch.median),
        ("last", &watch.last),
        ("all deliveries", &watch.latency),
    ];
    times(text, &rows.map(|(name, timing)| (name.to_owned(), Some(timing))), Origin::Load);
    marks(text, &watch.marks);
}

#[cfg(test)]
mod tests {
    use crate::cli::text::assert_fits;
    use crate::record::{Origin, Run, WatchLedger, WatchServer, WatchSide};

    use super::super::report;

    #[test]
    fn a_run_of_watchers_has_a_page() {
        let ledger = WatchLedger { sent: 1000, delivered: 1000, ..WatchLedger::default() };
        let server =
            WatchServer { ledger, compared: Some(1000), rss_per_watcher: Some(1542.0), cpu: Some(0.62) };
        let mut run = Run::new(Origin::Load, "watch", crate::record::now());
        run.watch = Some(WatchSide {
            seconds: 10.0,
            transport: "ws".to_owned(),
            match_id: "weir-sluice".to_owned(),
            wanted: 101,
            watchers: 100,
            connected: 100,
            refused: 1,
            refusals: [("connect: connection refused".to_owned(), 1)].into(),
            connects_s: 30_100.0,
            ramp_s: Some(1000.0),
            events: 10,
            deliveries: 1000,
            expected: 1000,
            bytes: 2_500_000,
            server: Some(server),
            cpu: Some(0.25),
            starved: Some(0.0),
            ..WatchSide::default()
        });
        let text = report(&run.audited());
        for line in [
            "result      N 100 watchers, C 30100 connects/s",
            "load        101 watchers over ws at 1000/s",
            "watchers    100 connected, 1 refused, 0 lost, 0 ended with the match",
            "refused     1 \u{d7} connect: connection refused",
            "events      10 events, 100 deliveries/s, 2.50 MB received",
            "deliveries  due 1000 = received 1000 + gaps 0 + missed 0 + under way 0",
            "            0 twice, 0 out of order; 0 gaps told",
            "ledger      sent 1000 = delivered 1000 + behind 0 + dropped 0 + closed 0",
            "server      1542 bytes a watcher, 0.620 cores",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
        }
        assert_fits(&text);
    }
}
