//! The names over JetStream.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use weir_nats::{AppendError, Claim, ClaimError, NatsError, Place, Registry};

use super::away;
use crate::nodes::{Away, NamePlace, Names, NotAppended, NotClaimed, Owned};

#[derive(Debug)]
pub(super) struct NatsNames(pub(super) Registry);

fn place(place: Place) -> NamePlace {
    NamePlace { node: place.node, generation: place.generation, is_here: place.is_here }
}

fn owned(claimed: Result<Claim, ClaimError>) -> Result<Box<dyn Owned>, NotClaimed> {
    match claimed {
        Ok(claim) => Ok(Box::new(NatsClaim(claim))),
        Err(ClaimError::Taken(found)) => Err(NotClaimed::Taken(place(found))),
        Err(error) => Err(NotClaimed::Away(Away { why: error.to_string() })),
    }
}

impl Names for NatsNames {
    fn try_claim<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn Owned>, NotClaimed>> {
        async move { owned(self.0.try_claim(name).await) }.boxed()
    }

    fn claim<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Box<dyn Owned>, NotClaimed>> {
        async move { owned(self.0.claim(name).await) }.boxed()
    }

    fn whereis<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<NamePlace>, Away>> {
        async move {
            let found = self.0.whereis(name).await.map_err(|error: NatsError| away(&error))?;
            Ok(found.map(place))
        }
        .boxed()
    }
}

#[derive(Debug)]
struct NatsClaim(Claim);

impl Owned for NatsClaim {
    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn is_valid(&self) -> bool {
        self.0.is_valid()
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Bytes>, Away>> {
        async move {
            let entries = self.0.log().read_from(1).await.map_err(|error| away(&error))?;
            let earlier = entries.into_iter().filter(|entry| entry.number < self.0.mark());
            Ok(earlier.filter_map(|entry| entry.event).collect())
        }
        .boxed()
    }

    fn append(&self, event: Vec<u8>) -> BoxFuture<'_, Result<u64, NotAppended>> {
        async move {
            self.0.append(event).await.map_err(|error| match error {
                AppendError::Fenced { by } => NotAppended::Fenced { by },
                error => NotAppended::Away { why: error.to_string() },
            })
        }
        .boxed()
    }

    fn lost(&self) -> BoxFuture<'_, u64> {
        self.0.lost().boxed()
    }
}
