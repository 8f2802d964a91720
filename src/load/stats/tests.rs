use super::*;

/// A stats, and what it says after the generator wanted to come at once and came later.
async fn stalls(late_ms: &[u64]) -> Stalls {
    let clock = Clock::start();
    let stats = Stats::new(clock, false, Vec::new());
    stats.begin(clock.now());
    for &ms in late_ms {
        let due = clock.now();
        tokio::time::advance(Duration::from_millis(ms)).await;
        stats.pulse(due);
    }
    stats.finish(0).stalls
}

#[tokio::test(start_paused = true)]
async fn a_generator_that_comes_a_tenth_of_a_second_late_has_stood_still() {
    assert_eq!(stalls(&[1, 50, 99]).await, Stalls::default());
    let found = stalls(&[1, 700, 20, 300]).await;
    assert_eq!(found.count, 2);
    assert!((found.seconds - 1.0).abs() < 1e-9 && (found.longest_s - 0.7).abs() < 1e-9, "{found:?}");
}
