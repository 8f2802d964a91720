//! The queue and its four policies, against a naive model.

use std::collections::VecDeque;
use std::time::Duration;

use futures::FutureExt;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};
use weir::queue::{MemoryQueue, PushError, QueueSettings, WhenFull};

fn queue(capacity: usize, when_full: WhenFull) -> MemoryQueue<u32> {
    MemoryQueue::new(QueueSettings { capacity, when_full })
}

const SECOND: Duration = Duration::from_secs(1);
const WAIT: WhenFull = WhenFull::Wait { timeout: SECOND };

async fn fill(queue: &MemoryQueue<u32>, events: std::ops::Range<u32>) {
    for event in events {
        assert_eq!(queue.push(|_| event).await, Ok(None));
    }
}

#[tokio::test]
async fn a_queue_at_capacity_refuses_the_next_event() {
    let queue = queue(3, WhenFull::Reject);
    fill(&queue, 0..3).await;
    let never = |_| unreachable!("a refused event is not made");
    assert_eq!(queue.push(never).await, Err(PushError::Full { capacity: 3 }));
    assert_eq!(queue.pop(2).await, Some(vec![0, 1]));
    fill(&queue, 3..5).await;
    assert_eq!((queue.depth(), queue.peak_depth()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn in_virtual_time_the_peak_counts_only_levels_that_lasted() {
    let queue = queue(10, WhenFull::Reject).in_virtual_time();
    fill(&queue, 0..5).await;
    assert_eq!(queue.pop(2).await, Some(vec![0, 1]));
    assert_eq!(queue.peak_depth(), 0, "the instant has not ended");
    sleep(SECOND).await;
    assert_eq!(queue.peak_depth(), 3);
    fill(&queue, 5..9).await;
    assert_eq!(queue.pop(7).await.map(|events| events.len()), Some(7));
    sleep(SECOND).await;
    assert_eq!(queue.peak_depth(), 3);
    queue.reset_peak();
    assert_eq!(queue.peak_depth(), 0);
}

#[tokio::test]
async fn a_policy_that_drops_returns_the_dropped_event() {
    let queue = queue(2, WhenFull::DropNewest);
    fill(&queue, 0..2).await;
    assert_eq!(queue.push(|_| 2).await, Ok(Some(2)));
    queue.configure(QueueSettings { capacity: 2, when_full: WhenFull::DropOldest });
    assert_eq!(queue.push(|_| 3).await, Ok(Some(0)));
    assert_eq!(queue.pop(9).await, Some(vec![1, 3]));
}

#[tokio::test(start_paused = true)]
async fn waiting_senders_get_places_in_order_of_arrival() {
    let queue = queue(1, WAIT);
    fill(&queue, 0..1).await;
    let mut first = Box::pin(queue.push(|_| 1));
    let mut second = Box::pin(queue.push(|_| 2));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(queue.waiting(), 2);
    assert_eq!(queue.pop(1).await, Some(vec![0]));
    // The place is promised to the first sender, so a new one has to wait.
    let mut third = Box::pin(queue.push(|_| 3));
    assert!(third.as_mut().now_or_never().is_none());
    assert_eq!(first.await, Ok(None));
    assert_eq!(queue.pop(1).await, Some(vec![1]));
    assert_eq!(second.await, Ok(None));
    assert_eq!(queue.pop(1).await, Some(vec![2]));
    assert_eq!(third.await, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_times_out_is_refused_and_delays_no_other() {
    let queue = queue(1, WAIT);
    fill(&queue, 0..1).await;
    let start = Instant::now();
    assert_eq!(queue.push(|_| 1).await, Err(PushError::TimedOut { timeout: SECOND }));
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(queue.waiting(), 0);
    assert_eq!(queue.pop(1).await, Some(vec![0]));
    fill(&queue, 2..3).await;
}

#[tokio::test]
async fn a_promised_place_goes_to_the_next_sender_if_its_owner_gives_up() {
    let queue = queue(1, WAIT);
    fill(&queue, 0..1).await;
    let mut first = Box::pin(queue.push(|_| 1));
    let mut second = Box::pin(queue.push(|_| 2));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(queue.pop(1).await, Some(vec![0]));
    drop(first);
    assert_eq!(second.now_or_never(), Some(Ok(None)));
    assert_eq!(queue.pop(1).await, Some(vec![2]));
}

#[tokio::test]
async fn a_smaller_capacity_drops_no_event_and_a_larger_one_admits_waiting_senders() {
    let queue = queue(3, WAIT);
    fill(&queue, 0..3).await;
    queue.configure(QueueSettings { capacity: 1, when_full: WAIT });
    let mut waiting = Box::pin(queue.push(|_| 3));
    assert_eq!(queue.pop(2).await, Some(vec![0, 1]));
    assert!(waiting.as_mut().now_or_never().is_none(), "one event is left, and one is allowed");
    queue.configure(QueueSettings { capacity: 2, when_full: WAIT });
    assert_eq!(waiting.now_or_never(), Some(Ok(None)));
    assert_eq!(queue.pop(9).await, Some(vec![2, 3]));
}

#[tokio::test(start_paused = true)]
async fn a_taker_waits_until_an_event_comes_or_the_queue_closes() {
    let queue = queue(5, WhenFull::Reject);
    let taker = async {
        assert_eq!(queue.pop(10).await, Some(vec![7]));
        assert_eq!(queue.pop(10).await, None);
    };
    let sender = async {
        sleep(SECOND).await;
        fill(&queue, 7..8).await;
        sleep(SECOND).await;
        queue.close();
    };
    tokio::join!(taker, sender);
    assert_eq!(queue.push(|_| 0).await, Err(PushError::Closed));
}

#[tokio::test]
async fn closing_refuses_waiting_senders_and_keeps_the_events_inside() {
    let queue = queue(1, WAIT);
    fill(&queue, 0..1).await;
    let mut waiting = Box::pin(queue.push(|_| 1));
    assert!(waiting.as_mut().now_or_never().is_none());
    queue.close();
    assert_eq!(waiting.now_or_never(), Some(Err(PushError::Closed)));
    assert_eq!(queue.pop(9).await, Some(vec![0]));
    assert_eq!(queue.pop(9).await, None);
}

#[derive(Debug, Clone)]
enum Step {
    Push,
    Pop(usize),
    Capacity(usize),
    Policy(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Push),
        2 => (1usize..5).prop_map(Step::Pop),
        1 => (1usize..6).prop_map(Step::Capacity),
        1 => (0usize..3).prop_map(Step::Policy),
    ]
}

const POLICIES: [WhenFull; 3] = [WhenFull::Reject, WhenFull::DropNewest, WhenFull::DropOldest];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_script_agrees_with_a_naive_queue(script in prop::collection::vec(step(), 0..60)) {
        let (mut capacity, mut policy) = (3, POLICIES[0]);
        let real = queue(capacity, policy);
        let mut model = VecDeque::new();
        for (event, step) in script.into_iter().enumerate() {
            let event = event as u32;
            match step {
                Step::Push => {
                    let found = real.push(|_| event).now_or_never().expect("no policy here waits");
                    let expected = if model.len() < capacity {
                        model.push_back(event);
                        Ok(None)
                    } else {
                        match policy {
                            WhenFull::DropNewest => Ok(Some(event)),
                            WhenFull::DropOldest => {
                                let oldest = model.pop_front();
                                model.push_back(event);
                                Ok(oldest)
                            }
                            _ => Err(PushError::Full { capacity }),
                        }
                    };
                    prop_assert_eq!(found, expected);
                }
                Step::Pop(n) => {
                    let found = real.pop(n).now_or_never();
                    let expected: Vec<_> = model.drain(..n.min(model.len())).collect();
                    prop_assert_eq!(found, (!expected.is_empty()).then_some(Some(expected)));
                }
                Step::Capacity(new) => capacity = new,
                Step::Policy(new) => policy = POLICIES[new],
            }
            real.configure(QueueSettings { capacity, when_full: policy });
            prop_assert_eq!(real.depth(), model.len());
        }
    }
}
