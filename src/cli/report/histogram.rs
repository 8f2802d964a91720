//! A histogram as a bar chart: where most times lie, and how long the tail is.

use hdrhistogram::Histogram;

use crate::cli::text::{Table, left, percent, right};

/// How many bars the body has, give or take one. The tail has one more.
const BARS: u64 = 8;
/// The longest bar, in characters.
const LONGEST: usize = 40;
/// The share of the times below the tail.
const BODY: f64 = 0.99;
/// The finest width of a bar, as a fraction of a time. Histograms have a resolution of
/// a thousandth, which narrower bars would show instead of the times.
const FINEST: u64 = 500;

/// Times above `from` and up to `to`, in microseconds. The first bin includes its lower
/// bound.
#[derive(Debug, Clone, PartialEq)]
struct Bin {
    from: u64,
    to: u64,
    count: u64,
}

/// The chart of a histogram in microseconds: bounds in milliseconds, a bar, the count
/// and its share. Empty if all times would be in one bar.
pub(super) fn chart(what: &str, times: &Histogram<u64>) -> String {
    let bins = bins(times);
    let [first, _, ..] = bins.as_slice() else { return String::new() };
    let decimals = match first.to - first.from {
        1000.. => 0,
        100.. => 1,
        10.. => 2,
        _ => 3,
    };
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or_default().max(1);
    let bound = |micros: u64| format!("{:.decimals$}", micros as f64 / 1e3);
    let columns = [left(17), left(LONGEST), right(9), right(6)];
    let mut table = Table::new(columns).header([format!("{what}, ms").as_str(), "", "count", "share"]);
    for bin in &bins {
        // Rounded up: a bin with a count has a bar.
        let length = (bin.count as f64 / most as f64 * LONGEST as f64).ceil() as usize;
        table.row([
            format!("{:>7} - {}", bound(bin.from), bound(bin.to)),
            "#".repeat(length),
            bin.count.to_string(),
            percent(bin.count as f64 / times.len() as f64),
        ]);
    }
    table.section()
}

/// Bins of the same round width up to the 99th percentile, and one for the rest.
fn bins(times: &Histogram<u64>) -> Vec<Bin> {
    if times.is_empty() {
        return Vec::new();
    }
    let longest = times.max();
    let body = times.value_at_quantile(BODY).min(longest);
    let least = times.min().min(body);
    let width = round_up((body - least).div_ceil(BARS).max(body / FINEST).max(1));
    let start = least / width * width;
    let count = (body - start).div_ceil(width).max(1);
    let bin = |n| Bin { from: start + n * width, to: start + (n + 1) * width, count: 0 };
    let mut bins: Vec<Bin> = (0..count).map(bin).collect();
    let end = start + count * width;
    if longest > end {
        bins.push(Bin { from: end, to: longest, count: 0 });
    }
    for bucket in times.iter_recorded() {
        let micros = bucket.value_iterated_to().min(longest);
        let n = micros.saturating_sub(start + 1) / width;
        let last = bins.len() - 1;
        bins[usize::try_from(n).map_or(last, |n| n.min(last))].count += bucket.count_at_value();
    }
    bins
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_up(value: u64) -> u64 {
    let mut ten = 1_u64;
    while ten.saturating_mul(10) <= value {
        ten *= 10;
    }
    [1, 2, 5, 10]
        .map(|step| ten.saturating_mul(step))
        .into_iter()
        .find(|round| *round >= value)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::text::assert_fits;
    use crate::metrics::empty_histogram;

    fn of(micros: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = empty_histogram();
        micros.into_iter().for_each(|micros| histogram.record(micros).unwrap());
        histogram
    }

    #[test]
    fn most_answers_and_the_tail_are_seen_at_a_glance() {
        let body = (0..990).map(|n| 20_000 + n * 8);
        let times = of(body.chain((0..10).map(|n| 40_000 + n * 1000)));
        let text = chart("answers", &times);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(lines.len(), 9, "{text}");
        assert!(
            lines[0].starts_with("     20 - 21       ########################################       "),
            "{text}"
        );
        assert!(lines[0].ends_with("      124  12.4 %"), "{text}");
        assert!(lines[8].starts_with("     28 - 49       ####    "), "{text}");
        assert!(lines[8].ends_with(" 10  1.00 %"), "{text}");
    }

    #[test]
    fn one_time_has_no_distribution() {
        assert!(chart("answers", &of([500, 500])).is_empty() && chart("answers", &of([])).is_empty());
    }

    proptest! {
        #[test]
        fn every_time_is_in_one_bar_and_every_line_fits(
            micros in proptest::collection::vec(prop_oneof![0_u64..100, 0_u64..100_000, any::<u32>().prop_map(u64::from)], 1..200)
        ) {
            let times = of(micros);
            let bins = bins(&times);
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), times.len());
            prop_assert!(bins.len() as u64 <= BARS + 2, "{:?}", bins);
            prop_assert!(bins.windows(2).all(|pair| pair[0].to == pair[1].from), "{:?}", bins);
            assert_fits(&chart("answers", &times));
        }
    }
}
