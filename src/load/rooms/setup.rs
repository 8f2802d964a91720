//! Lets the players join before the load, and leave after it.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::house::House;
use super::mover::make;
use super::player::Move;
use super::{RoomsError, server};
use crate::load::http::Talker;

/// The most connections that join at once.
const AT_ONCE: usize = 32;
/// How long all players together may take to join.
const JOIN: Duration = Duration::from_secs(60);
/// How long players have to leave. Nothing depends on it.
const LEAVE: Duration = Duration::from_secs(5);

/// Lets all players join. Joins are moves, with numbers.
///
/// # Errors
/// [`RoomsError::NoPlace`], if a room does not take a player.
pub(super) async fn join_all(house: &Rc<House>, talker: &Talker) -> Result<(), RoomsError> {
    house.limit(JOIN);
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE {
        let (house, mut talk) = (Rc::clone(house), talker.talk());
        tasks.spawn_local(async move {
            let mut body = String::new();
            for number in (first..house.plan.clients()).step_by(AT_ONCE) {
                make(&house, &mut talk, number, Move::Join, house.clock.now(), &mut body).await;
                let player = &house.players.borrow()[number];
                if !player.is_in {
                    return Some(house.plan.room(player.room));
                }
            }
            None
        });
    }
    let mut refused = None;
    while let Some(ended) = tasks.join_next().await {
        refused = refused.or(ended.ok().flatten());
    }
    match refused {
        None => Ok(()),
        Some(room) => {
            let said = house.tally.borrow().reasons();
            leave_all(house, talker).await;
            Err(RoomsError::NoPlace { room, said })
        }
    }
}

/// Lets all players leave, so that the next load finds places. A failure is no matter.
pub(super) async fn leave_all(house: &Rc<House>, talker: &Talker) {
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE {
        let (house, mut talk) = (Rc::clone(house), talker.talk());
        tasks.spawn_local(async move {
            let mut body = String::new();
            for number in (first..house.plan.clients()).step_by(AT_ONCE) {
                let path = {
                    let player = &mut house.players.borrow_mut()[number];
                    player.begin(Move::Leave, &mut house.random.borrow_mut(), &mut body);
                    server::move_path(&house.plan.room(player.room))
                };
                if talk.ask("POST", &path, Some(&body)).await.is_err() {
                    return;
                }
            }
        });
    }
    let _ = timeout(LEAVE, async { while tasks.join_next().await.is_some() {} }).await;
}
