//! Version schemes of package managers: parse, compare, ranges.
//!
//! Every package manager orders versions by its own rules. [`Scheme`] names those rules, answers
//! whether a string is a version under them and which of two versions is newer; [`Range`] says
//! which versions an advisory means. This crate is a leaf: it knows no packages, no feeds and no
//! distributions.
//!
//! ```
//! use clair_version::{Range, Scheme};
//! use std::cmp::Ordering;
//!
//! assert_eq!(Scheme::Dpkg.compare("1.0~rc1", "1.0")?, Ordering::Less);
//! assert!(Range::before("1.1.1w-0+deb11u1").contains(Scheme::Dpkg, "1.1.1n-0+deb11u5")?);
//! # Ok::<(), clair_version::ParseVersionError>(())
//! ```
//!
//! A new scheme is one file with `parse` and `compare`, its `mod` line here, and one line in the
//! table in `scheme.rs`.

mod apk;
mod bitnami;
mod digits;
mod dpkg;
mod error;
mod evr;
mod gentoo;
mod pacman;
mod range;
mod rhctag;
mod rpm;
mod scheme;

pub use error::{ParseVersionError, UnknownScheme};
pub use range::{Range, RangeRef};
pub use scheme::Scheme;
