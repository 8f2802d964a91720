//! Runs ten good jobs beside one that never ends, on one thread. Finds the rogue, reads its
//! stack, traces it and kills it. Then repairs the code while it is in use.
//!
//! `cargo run --example rogue`

use std::time::Duration;

use tokio::task::JoinSet;
use weir_job_wasm::{Code, Jobs, RehearsalLimits, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jobs = Jobs::new(Code::new(include_bytes!("sum.wat"))?, Settings::default())?;

    // The rogue comes first: the sum of 1 to -1 has no end.
    let rogue = jobs.submit(-1);
    let mut running = JoinSet::new();
    running.spawn(rogue);
    let mut good = JoinSet::new();
    for number in 1..=10 {
        good.spawn(jobs.submit(number * 1_000));
    }

    println!("top, once all have had a turn:");
    println!("   id   input  slices  reductions  M/s");
    tokio::task::yield_now().await;
    for row in jobs.top() {
        let rate = row.reductions_per_s / 1e6;
        println!("{:>5} {:>7} {:>7} {:>11} {rate:>4.0}", row.id, row.input, row.slices, row.reductions);
    }
    while let Some(finished) = good.join_next().await {
        let finished = finished?;
        println!("sum({}) = {}, slices: {}", finished.input, finished.outcome, finished.slices);
    }

    println!("\nten are done; top again:");
    let worst = jobs.top().remove(0);
    println!(
        "job {} with input {}: {} reductions in {} slices",
        worst.id, worst.input, worst.reductions, worst.slices
    );
    println!("stack: {}", jobs.stack(worst.id).await?);
    let trace = jobs.trace(worst.id, 3, Duration::from_secs(1)).await?;
    for call in &trace.calls {
        println!("trace: {call}");
    }
    println!("kill: {}", jobs.kill(worst.id).await?);
    while let Some(finished) = running.join_next().await {
        println!("its submitter is answered: {}", finished?.outcome);
    }

    println!("\nsum(13): {}", jobs.run(13).await);
    let repaired = Code::new(include_bytes!("sum_repaired.wat"))?;
    println!("rehearsal: {}", jobs.rehearse(&repaired, RehearsalLimits::default()).await);
    println!("swap: version {}", jobs.swap(repaired)?);
    println!("sum(13) = {}, sum(999999999) = {}", jobs.run(13).await, jobs.run(999_999_999).await);
    println!("sum(-1): {}", jobs.run(-1).await);
    Ok(())
}
