//! Kills rooms and backups on a schedule, over a connection of its own.

use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep_until;

use super::house::House;
use super::server::{Killed, message};
use crate::load::http::Talk;

/// Separates the kills' random numbers from those of the moves.
const KILLS: u64 = 0x6b69_6c6c;

/// Kills at the plan's rate until the load is over. The next kill waits for the answer to the
/// last one.
pub(super) async fn run(house: Rc<House>, mut talk: Talk) {
    let plan = &house.plan;
    if plan.kills <= 0.0 {
        return;
    }
    let mut random = Rng::with_seed(plan.seed ^ KILLS);
    let began = house.clock.now();
    for kill in 0_u64.. {
        // The first one comes after one interval, so that every room has a calm beginning.
        let at = Duration::from_secs_f64((kill + 1) as f64 / plan.kills);
        if at >= plan.duration {
            return;
        }
        sleep_until(house.clock.to_instant(began.after(at))).await;
        if house.is_over() {
            return;
        }
        let room = random.usize(..plan.rooms);
        kill_one(&house, &mut talk, room, plan.what.of(kill)).await;
    }
}

async fn kill_one(house: &House, talk: &mut Talk, room: usize, what: &'static str) {
    let name = house.plan.room(room);
    let path = format!("/api/rooms/{name}/kill");
    let body = format!(r#"{{"what":"{what}"}}"#);
    let sent = house.clock.now();
    house.kills.borrow_mut()[room].send(sent);
    let told = match talk.ask("POST", &path, Some(&body)).await {
        Ok(reply) if reply.status == 200 => {
            let told = serde_json::from_slice::<Killed>(reply.body);
            told.map_err(|error| format!("200: not the answer to a kill: {error}"))
        }
        Ok(reply) => Err(format!("{}: {}", reply.status, message(reply.body))),
        Err(error) => Err(error.to_string()),
    };
    let now = house.clock.now();
    house.kills.borrow_mut()[room].answer(now);
    let mut tally = house.tally.borrow_mut();
    match told {
        Ok(told) => tally.kill(&name, what, told, sent, now),
        Err(why) => tally.kill_failed(why),
    }
}
