//! What a vulnerability report says, given an index report and a database.

mod coverage;
mod explanation;
mod findings;
mod support;
