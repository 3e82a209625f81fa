//! `clairctl` as a person runs it: arguments in, standard output and exit status out.

mod database;
mod platforms;
mod scan;
mod statements;
mod support;
