//! The process of a registry: it makes claims, one after the other.

use std::sync::Arc;

use weir_stage::server::{Context, Handle, Server};

use super::claim::Claim;
use super::error::ClaimError;
use super::table::Table;

pub(super) struct Process<T> {
    table: Arc<Table<T>>,
}

impl<T> Process<T> {
    pub(super) fn new(table: Arc<Table<T>>) -> Self {
        Self { table }
    }
}

impl<T: Clone + Send + Sync + 'static> Server for Process<T> {}

/// Claims a name.
#[derive(Clone)]
pub(super) struct Take<T> {
    pub(super) name: Arc<str>,
    pub(super) value: T,
    /// The most names.
    pub(super) most: usize,
}

impl<T: Clone + Send + Sync + 'static> Handle<Take<T>> for Process<T> {
    type Reply = Result<Claim<T>, ClaimError>;

    fn handle(&mut self, take: Take<T>, _: &mut Context<'_, Self>) -> Self::Reply {
        let Take { name, value, most } = take;
        let generation = self.table.take(&name, value, most)?;
        Ok(Claim { table: Arc::downgrade(&self.table), name, generation })
    }
}
