//! Whatever the plan and the target, every request ends once.

use super::*;

fn act() -> impl Strategy<Value = Act> {
    let status = prop_oneof![Just(200), Just(404), Just(500), Just(503)];
    prop_oneof![
        6 => (status, 1u64..200).prop_map(|(status, ms)| Act::Answer(status, ms)),
        1 => (1u64..200).prop_map(Act::Close),
        1 => (1u64..200).prop_map(Act::Break),
        1 => Just(Act::Hang),
    ]
}

fn profile(most: u32) -> impl Strategy<Value = Profile> {
    let phase = (0..=most, 0..=most, 1u32..1500);
    proptest::collection::vec(phase, 1..4).prop_filter_map("zero all the time", |phases| {
        let texts = phases.into_iter().map(|(from, to, ms)| format!("{from}..{to}:{ms}ms"));
        Profile::parse(&texts.collect::<Vec<_>>().join(","), None).ok()
    })
}

fn model() -> impl Strategy<Value = Model> {
    let arrivals = prop_oneof![
        Just(Arrivals::Constant),
        Just(Arrivals::Poisson),
        (1u64..20).prop_map(Arrivals::Burst)
    ];
    let open = (profile(200), arrivals, any::<u64>(), 1usize..20);
    prop_oneof![
        profile(10).prop_map(|clients| Model::Closed { clients }),
        open.prop_map(|(rate, arrivals, seed, connections)| Model::Open {
            rate,
            arrivals,
            seed,
            connections
        }),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let requests = proptest::option::of(1u64..300);
    (model(), requests, any::<bool>(), 10u64..300).prop_map(|(model, requests, keep_alive, timeout_ms)| {
        let timeout_s = timeout_ms as f64 / 1e3;
        Plan { model, requests, request: RequestPlan { keep_alive, timeout_s, ..RequestPlan::default() } }
    })
}

/// Compares the client's counts with counts of the requests that the target received.
fn holds(plan: &Plan, made: &Made) {
    let Made { client, asked, .. } = made;
    assert!(plan.requests.is_none_or(|most| client.sent + client.unsent <= most));
    // What could not connect was sent, and never seen.
    let connects = client.errors.get("cannot connect: refused").copied().unwrap_or_default();
    let seen = asked.at.borrow().len() as u64;
    assert!(seen + connects <= client.sent && client.sent - connects - seen <= 20, "{seen}: {client:?}");
    let most = match &plan.model {
        Model::Closed { clients } => clients.peak().ceil() as usize,
        Model::Open { connections, .. } => *connections,
    };
    assert!(asked.peak.get() <= most, "{} at once", asked.peak.get());
    assert!(client.in_flight <= most as f64 + 1e-9, "{} under way", client.in_flight);
    // Little's law, where no time is missing: to the microsecond a request that a
    // time is recorded in, and a histogram's three digits.
    if client.aborted == 0 && client.seconds > 0.0 {
        let times = [&client.service.ok, &client.service.refused, &client.service.failed];
        let sum: f64 = times.iter().filter_map(|t| Some(t.count()? as f64 * t.mean_ms()? / 1e3)).sum();
        let apart = (client.in_flight * client.seconds - sum).abs();
        assert!(apart <= 0.001 * sum + 1e-6 * client.sent as f64, "{apart} of {sum}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(super::super::replicas(150) as u32)
    })]

    #[test]
    fn whatever_is_planned_and_answered_every_request_ends_once(
        plan in plan(),
        acts in proptest::collection::vec(act(), 1..30),
        stop_ms in proptest::option::of(1u64..3000),
        picky: bool,
    ) {
        let connects: fn(usize) -> bool = if picky { |n| n % 4 != 1 } else { good };
        let script = acts.clone();
        let made = Made::of(&plan, stop_ms, connects, move |n| script[n % script.len()]);
        holds(&plan, &made);
    }
}
