//! The mock under virtual time: latencies, places, failures, freezes.

use super::*;
use crate::resource::Distribution;
use futures::FutureExt;

fn mock(change: impl FnOnce(&mut MockSettings)) -> Mock {
    let mut settings = MockSettings::default();
    change(&mut settings);
    Mock::new(settings)
}

async fn latencies(mock: &Mock, n: usize) -> Vec<Duration> {
    let mut all = Vec::new();
    for _ in 0..n {
        let start = Instant::now();
        mock.reserve().unwrap().admission().await.work().await.unwrap();
        all.push(start.elapsed());
    }
    all
}

#[tokio::test(start_paused = true)]
async fn work_takes_its_latency_and_counts_as_in_use_meanwhile() {
    let mock = mock(|_| ());
    let start = Instant::now();
    let work = mock.reserve().unwrap().admission().await.work();
    assert_eq!(mock.usage().in_use, 1);
    work.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(500));
    let usage = mock.usage();
    assert_eq!((usage.in_use, usage.peak_in_use, usage.calls), (0, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn work_in_real_time_ends_at_most_a_quarter_of_a_millisecond_early() {
    let mock = mock(|settings| settings.latency = Latency::fixed(Duration::from_millis(3)));
    for latency in latencies(&mock, 50).await {
        assert!(latency >= Duration::from_micros(3000 - 250 - 15), "{latency:?}");
    }
}

#[test]
fn the_future_of_work_is_small() {
    let mock = mock(|_| ());
    let admission = mock.reserve().unwrap().admission().now_or_never().unwrap();
    let size = size_of_val(&admission.work());
    assert!(size <= 96, "{size} bytes");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_draws_the_same_latencies() {
    let exponential = Latency {
        distribution: Distribution::Exponential,
        mean: Duration::from_millis(50),
        min: Duration::ZERO,
        max: Duration::from_secs(1),
    };
    let mock = mock(|settings| settings.latency = exponential);
    let first = latencies(&mock, 20).await;
    mock.reset();
    assert_eq!(latencies(&mock, 20).await, first);
    mock.configure(MockSettings { seed: 2, ..mock.settings() });
    assert_ne!(latencies(&mock, 20).await, first);
}

#[tokio::test]
async fn a_full_resource_refuses_or_makes_wait_by_its_policy() {
    let mock = mock(|settings| {
        settings.max_concurrent = Some(1);
        settings.on_full = OnFull::Reject;
    });
    let inside = mock.reserve().unwrap().admission().await;
    assert_eq!(mock.reserve().unwrap_err(), Full { limit: 1 });
    mock.configure(MockSettings { on_full: OnFull::Wait, ..mock.settings() });
    let mut waiting = Box::pin(mock.reserve().unwrap().admission());
    assert!(waiting.as_mut().now_or_never().is_none());
    assert_eq!((mock.usage().waiting, mock.usage().refused), (1, 1));
    drop(inside);
    assert!(waiting.now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_share_of_failed_work_is_about_the_failure_rate() {
    let mock = mock(|settings| settings.failure_rate = 0.2);
    let mut failed = 0;
    for _ in 0..1000 {
        failed += usize::from(mock.reserve().unwrap().admission().await.work().await.is_err());
    }
    // Four standard deviations of a binomial with p = 0.2 and n = 1000.
    assert!((149..=251).contains(&failed), "{failed} of 1000 failed");
    assert_eq!(mock.usage().failed, failed as u64);
}
