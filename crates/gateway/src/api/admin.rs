//! `/admin/api/v1/`: for those who run the suite.

pub(crate) mod database;
pub(crate) mod dead_letters;
mod outcome;
pub(crate) mod sources;
pub(crate) mod status;
pub(crate) mod update;
