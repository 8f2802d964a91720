//! Orders to a match, carried out at its home.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::mailbox::Letter;
use super::super::{Event, LiveMatch, MatchState, OrderError, PlayPlan, Recorded};
use super::word::{Done, Order};

/// The node at which an order is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// This node.
    Here,
    /// Another node.
    There(String),
}

/// Carries out an order at this node.
pub(super) async fn carry_out(live: &Arc<LiveMatch>, order: Order) -> Result<Option<Done>, OrderError> {
    match order {
        Order::Apply(event) => {
            let Recorded { seq, text, state, .. } = live.apply_here(event).await?;
            return Ok(Some(Done { seq, text, score: state.score }));
        }
        Order::Play(plan) => live.play_here(plan).await?,
        Order::Pause => live.pause_here(),
        Order::Stop => live.stop_here().await?,
        Order::Again => live.again_here().await?,
    }
    Ok(None)
}

impl LiveMatch {
    /// Returns the home of the match. Without one, this node becomes it.
    async fn place(&self) -> Result<Place, OrderError> {
        let Some(peers) = self.core.peers() else { return Ok(Place::Here) };
        if self.core.is_draining() {
            return Err(OrderError::ShuttingDown);
        }
        peers.settle().await;
        let (done, answer) = oneshot::channel();
        self.letters.send(Letter::Home { done }).map_err(|_| OrderError::ShuttingDown)?;
        answer.await.unwrap_or(Err(OrderError::ShuttingDown))
    }

    /// Passes an order to the home, unless that is here.
    async fn elsewhere(&self, order: Order) -> Result<Option<Option<Done>>, OrderError> {
        match (self.place().await?, self.core.peers()) {
            (Place::There(home), Some(peers)) => peers.ask(&home, self.number, order).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Applies an event, and sends it to the watchers of all nodes. Returns once the dispatcher has
    /// taken it; with `behind = "wait"`, that may take as long as a watcher does not read.
    ///
    /// # Errors
    /// [`OrderError::Refused`], if the rules do not allow the event. With other nodes, also
    /// [`OrderError::There`] and [`OrderError::Away`].
    ///
    /// # Cancel safety
    /// The event takes effect even if the future is dropped.
    pub async fn apply(&self, event: Event) -> Result<Recorded, OrderError> {
        let Some(done) = self.elsewhere(Order::Apply(event)).await? else {
            return self.apply_here(event).await;
        };
        let Done { seq, text, score } = done.unwrap_or(Done { seq: 0, text: String::new(), score: [0; 2] });
        // The home's event may still be in flight to this node.
        let state = Arc::new(MatchState { score, ..MatchState::clone(&self.state()) });
        Ok(Recorded { seq, event, text, state })
    }

    /// Plays the match by itself. A match that is over begins anew. While a play runs, only its
    /// rate changes.
    ///
    /// # Errors
    /// [`OrderError::Rate`], if the rate is out of bounds, and [`OrderError::ShuttingDown`]. With
    /// other nodes, also [`OrderError::There`] and [`OrderError::Away`].
    pub async fn play(self: &Arc<Self>, plan: PlayPlan) -> Result<(), OrderError> {
        match self.elsewhere(Order::Play(plan)).await? {
            Some(_) => Ok(()),
            None => self.play_here(plan).await,
        }
    }

    /// Stops the play. The match stays as it is.
    ///
    /// # Errors
    /// With other nodes, [`OrderError::There`] and [`OrderError::Away`].
    pub async fn pause(&self) -> Result<(), OrderError> {
        if self.elsewhere(Order::Pause).await?.is_none() {
            self.pause_here();
        }
        Ok(())
    }

    /// Ends the match with a stop event. Its watchers are sent the events that they lack and the
    /// end, and are closed. A play ends too.
    ///
    /// # Errors
    /// [`OrderError::Refused`], if the match is over already. With other nodes, also
    /// [`OrderError::There`] and [`OrderError::Away`].
    pub async fn stop(&self) -> Result<(), OrderError> {
        match self.elsewhere(Order::Stop).await? {
            Some(_) => Ok(()),
            None => self.stop_here().await,
        }
    }

    /// Replaces a match that has not begun or is over by a new one, which has not begun.
    ///
    /// # Errors
    /// [`OrderError::InPlay`], if the match is being played. With other nodes, also
    /// [`OrderError::There`] and [`OrderError::Away`].
    pub async fn again(&self) -> Result<(), OrderError> {
        match self.elsewhere(Order::Again).await? {
            Some(_) => Ok(()),
            None => self.again_here().await,
        }
    }
}
