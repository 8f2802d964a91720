//! Prometheus' text format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::Ordering;

use super::{Family, PerThreadHistogram, Series};

/// Upper bounds of the buckets, in seconds: two or three per decade, from the fastest
/// handler to the longest wait.
const BOUNDS: [f64; 20] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
    2.5, 5.0, 10.0, 30.0, 60.0, 600.0,
];

type Labels = [(String, String)];

pub(super) fn render(families: &BTreeMap<String, Family>) -> String {
    let mut text = String::new();
    for (name, family) in families {
        if let Some(series) = family.series.values().next() {
            let kind = match series {
                Series::Counter(_) => "counter",
                Series::Gauge(_) => "gauge",
                Series::Histogram(_) => "histogram",
            };
            let help = family.help.replace('\\', r"\\").replace('\n', r"\n");
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        }
        for (labels, series) in &family.series {
            match series {
                Series::Counter(counter) => {
                    let value = counter.0.load(Ordering::Relaxed);
                    line(&mut text, name, "", labels, None, &value.to_string());
                }
                Series::Gauge(gauge) => line(&mut text, name, "", labels, None, &gauge.get().to_string()),
                Series::Histogram(histogram) => buckets(&mut text, name, labels, histogram),
            }
        }
    }
    text
}

fn buckets(text: &mut String, name: &str, labels: &Labels, histogram: &PerThreadHistogram) {
    let (counts, seconds) = histogram.read();
    let mut recorded = counts.iter_recorded().peekable();
    let mut below = 0;
    for bound in BOUNDS {
        let micros = (bound * 1e6).round() as u64;
        while let Some(bucket) =
            recorded.next_if(|b| counts.lowest_equivalent(b.value_iterated_to()) <= micros)
        {
            below += bucket.count_at_value();
        }
        line(text, name, "_bucket", labels, Some(&bound.to_string()), &below.to_string());
    }
    let count = counts.len().to_string();
    line(text, name, "_bucket", labels, Some("+Inf"), &count);
    line(text, name, "_sum", labels, None, &seconds.to_string());
    line(text, name, "_count", labels, None, &count);
}

fn line(text: &mut String, name: &str, suffix: &str, labels: &Labels, le: Option<&str>, value: &str) {
    let mut pairs: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escaped(v))).collect();
    pairs.extend(le.map(|bound| format!("le=\"{bound}\"")));
    let braces = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
    let _ = writeln!(text, "{name}{suffix}{braces} {value}");
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use crate::metrics::Registry;
    use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
    use std::time::Duration;

    #[test]
    fn counters_gauges_and_histograms_are_written_with_help_and_type() {
        let registry = Registry::new();
        let metadata = Metadata::new("test", Level::INFO, None);
        registry.describe_counter(KeyName::from("a_total"), None, "Things.\nMany.".into());
        let key = Key::from_parts("a_total", vec![Label::new("mode", "a\"b")]);
        registry.register_counter(&key, &metadata).increment(3);
        registry.register_gauge(&Key::from_name("b"), &metadata).set(2.5);
        let histogram = registry.histogram(&Key::from_name("c_seconds"));
        for ms in [1, 30, 30, 700_000] {
            histogram.record_duration(Duration::from_millis(ms));
        }
        let text = registry.render();
        for expected in [
            "# HELP a_total Things.\\nMany.\n# TYPE a_total counter\na_total{mode=\"a\\\"b\"} 3\n",
            "# TYPE b gauge\nb 2.5\n",
            "# TYPE c_seconds histogram\n",
            "c_seconds_bucket{le=\"0.0005\"} 0\nc_seconds_bucket{le=\"0.001\"} 1\n",
            "c_seconds_bucket{le=\"0.025\"} 1\nc_seconds_bucket{le=\"0.05\"} 3\n",
            "c_seconds_bucket{le=\"600\"} 3\nc_seconds_bucket{le=\"+Inf\"} 4\nc_seconds_sum 700.061\nc_seconds_count 4\n",
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
    }
}
