use weir::record::{Arrivals, Mode, Model, Plan, Profile, Timing};

use crate::simulate::{close, closed, open, run};

/// All in seconds, or a second.
const RATE: f64 = 500.0;
const SERVICE: f64 = 0.002;
const CONNECTIONS: usize = 10;
const FREEZE: f64 = 1.0;
const SECONDS: f64 = 25.0;
/// At 5, 10, 15 and 20 s.
const FREEZES: f64 = 4.0;

const FLAGS: [&str; 3] =
    ["resource.latency.mean=2ms", "resource.freeze_every=5s", "resource.freeze_for=1s"];

fn at(timing: &Timing, share: f64) -> f64 {
    timing.quantile_ms(share).unwrap() / 1e3
}

/// The share of the time in which the connections are busy, and the resource not
/// frozen.
const UTILISATION: f64 = RATE * SERVICE / CONNECTIONS as f64;

/// What share of the responses is longer than `r`, S ≤ r ≤ F + S.
///
/// A request that is due `u` into a freeze of length F finds `λu` before it. They
/// go when the freeze is over, k at a time, `k/S` a second. So it has its answer
/// `R(u) = F - u + λu S/k + S = F + S - u (1 - ρ)` later, ρ = λS/k: the response
/// falls in a straight line, and reaches S again at `u = F / (1 - ρ)`. Of a run of
/// T seconds with m freezes the share with `R(u) > r` is then
///
/// ```text
///     m (F + S - r) / ((1 - ρ) T)        and so  r_p = F + S - (1 - p) (1 - ρ) T / m
/// ```
///
/// Requests are counted and not poured: one more or less is 1/λ, and they leave k
/// at a time, S apart.
fn quantile(p: f64) -> f64 {
    (FREEZE + SERVICE - (1.0 - p) * (1.0 - UTILISATION) * SECONDS / FREEZES).max(SERVICE)
}

#[test]
fn the_intended_clock_shows_a_freeze_that_the_service_clock_hides() {
    let mut plan = open(RATE, SECONDS, Arrivals::Constant, 1);
    let Model::Open { connections, .. } = &mut plan.model else { unreachable!("an open plan") };
    *connections = CONNECTIONS;
    let client = run(&FLAGS, Mode::Serial, &plan).client.unwrap();
    assert_eq!(client.ok, (RATE * SECONDS) as u64);
    let (response, service) = (client.response.unwrap().ok, client.service.ok);
    for p in [0.5, 0.8, 0.9, 0.95, 0.99] {
        let (found, expected) = (at(&response, p), quantile(p));
        let allowed = 1.0 / RATE + SERVICE + 0.001 * expected;
        assert!((found - expected).abs() <= allowed, "p{p}: {found} s, and must be {expected} ± {allowed}");
    }
    assert!((quantile(0.9), quantile(0.99)) > (0.4, 0.9), "the freeze shows");
    // By the service clock a freeze is k requests that take long, 40 of 12 500.
    for p in [0.5, 0.9, 0.99] {
        assert_eq!(at(&service, p), SERVICE);
    }
    assert!(at(&service, 0.998) > 0.9);
    // The longest was due just before the freeze and had done almost nothing.
    close(at(&response, 1.0), FREEZE + SERVICE, 0.1);
}

#[test]
fn enough_connections_show_it_on_both_clocks() {
    // No request waits for a connection: it is sent when it is due.
    let client = run(&FLAGS, Mode::Serial, &open(RATE, SECONDS, Arrivals::Constant, 1)).client.unwrap();
    let (response, service) = (client.response.unwrap().ok, client.service.ok);
    assert_eq!(response, service);
    // ρ = 0: of each freeze, all that are due in it end at its end.
    for p in [0.9, 0.95, 0.99] {
        let expected = FREEZE + SERVICE - (1.0 - p) * SECONDS / FREEZES;
        assert!((at(&response, p) - expected).abs() < 1.0 / RATE + SERVICE, "p{p}");
    }
}

#[test]
fn a_closed_load_hides_a_freeze_even_at_the_last_percentile() {
    let clients = Profile::constant(1.0, Some(SECONDS));
    let plan = Plan { model: Model::Closed { clients }, requests: None, ..closed(1.0, 1) };
    let client = run(&FLAGS, Mode::Serial, &plan).client.unwrap();
    // It sends nothing while it stands still: only the rate is lower.
    assert_eq!(client.ok, ((SECONDS - FREEZES * FREEZE) / SERVICE) as u64);
    for p in [0.5, 0.99, 0.999] {
        assert_eq!(at(&client.service.ok, p), SERVICE);
    }
    close(at(&client.service.ok, 1.0), FREEZE + SERVICE, 0.1);
}
