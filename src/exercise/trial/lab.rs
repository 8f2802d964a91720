//! The figures of a run in a lab, three ways.

use std::collections::BTreeMap;

use crate::exercise::Value;

/// Figures by name.
pub(super) type Found = BTreeMap<&'static str, Value>;

/// The figures of a run in a lab.
#[derive(Debug, Clone, Default)]
pub(in crate::exercise) struct LabFound {
    /// By theory.
    pub(super) predicted: Found,
    /// In a simulation.
    pub(super) simulated: Found,
    /// In a lab of its own.
    pub(super) measured: Found,
}
