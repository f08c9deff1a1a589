//! The files that a run writes to.

pub(crate) mod place;

use crate::output::Ui;

/// The files that a run writes to.
pub(crate) struct Outputs {
    pub(crate) ui: Ui,
}

impl Outputs {
    pub(crate) fn new(ui: Ui) -> Self {
        Self { ui }
    }
}
