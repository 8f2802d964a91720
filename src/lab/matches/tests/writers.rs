//! The switch between the writers: whatever happens, a client reads whole frames in order. In
//! real time, because the kernel's timers take part when a window is closed.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::super::*;
use super::support::{Client, begin, configured, lab, shot};

#[derive(Debug, Clone, Copy)]
enum Step {
    Events(u8),
    ByTask,
    ByShards,
    Read(u16),
    Turns(u8),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..30_u8).prop_map(Step::Events),
        1 => Just(Step::ByTask),
        1 => Just(Step::ByShards),
        2 => (1..20_000_u16).prop_map(Step::Read),
        1 => (1..20_u8).prop_map(Step::Turns),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn a_client_reads_whole_frames_in_order_whoever_writes(steps in prop::collection::vec(any_step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps))?;
    }
}

/// Lets a client with small buffers read as the script says, and checks what it has read.
async fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let lab = lab(&["send_buffer=4KiB", "behind_limit=100000"]);
    let live = lab.default_match();
    begin(&live).await;
    let (mut client, arrival) = Client::arrive("ada", 0, None).await;
    SockRef::from(&client.stream).set_recv_buffer_size(4 << 10).unwrap();
    live.watch(arrival).await.unwrap();
    let (mut bytes, mut events) = (Vec::new(), 1);
    for step in steps {
        match step {
            Step::Events(number) => {
                for _ in 0..number {
                    shot(&live, 2).await;
                    events += 1;
                }
            }
            Step::ByTask => {
                _ = lab.apply(&configured(&["writer=task", "send_buffer=4KiB", "behind_limit=100000"]));
            }
            Step::ByShards => _ = lab.apply(&configured(&["send_buffer=4KiB", "behind_limit=100000"])),
            Step::Read(most) => {
                let mut buffer = vec![0; usize::from(most)];
                // There may be nothing to read.
                if let Ok(read) = timeout(Duration::from_millis(1), client.stream.read(&mut buffer)).await {
                    bytes.extend_from_slice(&buffer[..read.unwrap()]);
                }
            }
            Step::Turns(turns) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    live.stop().await.unwrap();
    timeout(Duration::from_secs(60), client.stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    let is_status =
        lines.next().is_some_and(|line| line.starts_with("snapshot 0 {") && line.ends_with("}}"));
    prop_assert!(is_status, "the status comes first");
    for seq in 1..=events {
        let line = lines.next().unwrap_or("");
        let is_whole = line.starts_with(&format!("event {seq} {{")) && line.ends_with("}}");
        prop_assert!(is_whole, "event {}: {}", seq, line);
    }
    prop_assert_eq!(lines.next(), Some("end - {\"end\":{\"why\":\"the match is over\"}}"));
    prop_assert_eq!((lines.next(), lines.next()), (Some("last - 1000"), None));
    prop_assert_eq!(live.ledger().unaccounted, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn tasks_report_the_curve_of_an_event_in_any_order() {
    let lab = lab(&["writer=task"]);
    let live = lab.default_match();
    begin(&live).await;
    let mut clients = Vec::new();
    for number in 0..20 {
        clients.push(Client::watch(&live, &format!("u{number}")).await);
    }
    for client in &mut clients {
        client.expect("snapshot").await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let seq = shot(&live, 2).await;
    for client in &mut clients {
        assert_eq!(client.expect("event").await.seq, Some(seq));
    }
    let event = lab.snapshot_since(live.id(), 0).unwrap().event.unwrap();
    assert_eq!((event.order, event.seq, event.sent, event.reached), ("tasks", seq, 20, 20));
    assert!(event.last_ms.is_some() && event.curve.len() == 20);
    assert_eq!(Arc::strong_count(&lab), 1);
}
