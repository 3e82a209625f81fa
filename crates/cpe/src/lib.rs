//! Common Platform Enumeration 2.3: how vendors name their products.
//!
//! A [`Cpe`] has eleven attributes. It is read from a URI (`cpe:/a:redhat:quay:3::el8`, the form of
//! CPE 2.2) or from a formatted string (`cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*`), and written as
//! the latter, or where it is asked for as the former: NIST IR 7695, <https://nvlpubs.nist.gov/nistpubs/Legacy/IR/nistir7695.pdf>. How two
//! names compare is in NIST IR 7696, <https://nvlpubs.nist.gov/nistpubs/Legacy/IR/nistir7696.pdf>.
//!
//! ```
//! use clair_cpe::Cpe;
//!
//! let product: Cpe = "cpe:/a:redhat:enterprise_linux:9".parse()?;
//! let channel: Cpe = "cpe:2.3:a:redhat:enterprise_linux:9:*:appstream:*:*:*:*:*".parse()?;
//! assert!(product.is_superset_of(&channel));
//! # Ok::<(), clair_cpe::ParseCpeError>(())
//! ```

mod attribute;
mod formatted;
mod uri;

use std::fmt;
use std::str::FromStr;

use attribute::Attribute;

/// How many attributes a name has.
const ATTRIBUTES: usize = 11;

/// No name is longer. Real ones have a few dozen bytes.
const MAX_LENGTH: usize = 1024;

/// The name of a product, or of a family of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cpe {
    attributes: [Attribute; ATTRIBUTES],
}

/// A text that is no CPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCpeError {
    /// It begins with neither `cpe:/` nor `cpe:2.3:`.
    #[error("it begins with neither cpe:/ nor cpe:2.3:")]
    Prefix,
    /// It has too few or too many attributes.
    #[error("it has not as many attributes as a name has")]
    Attributes,
    /// The kind of product is none of a, o and h.
    #[error("the kind of product is none of a, o and h")]
    Part,
    /// A character that must not be there, or not in that place.
    #[error("a character that the attribute of a name cannot have")]
    Character,
    /// It is too long.
    #[error("it is longer than {MAX_LENGTH} bytes")]
    Length,
}

impl Cpe {
    /// The kind of product: `a`, `o` or `h`. `None` where any is meant.
    pub fn part(&self) -> Option<&str> {
        self.attributes[0].value()
    }

    /// The vendor, if one is named.
    pub fn vendor(&self) -> Option<&str> {
        self.attributes[1].value()
    }

    /// The product, if one is named.
    pub fn product(&self) -> Option<&str> {
        self.attributes[2].value()
    }

    /// The version, if one is named.
    pub fn version(&self) -> Option<&str> {
        self.attributes[3].value()
    }

    /// The update, if one is named. SUSE puts a service pack here: `sp4`.
    pub fn update(&self) -> Option<&str> {
        self.attributes[4].value()
    }

    /// The edition, if one is named. Red Hat puts a channel or the release that a product is built
    /// for here: `appstream`, `el9`.
    pub fn edition(&self) -> Option<&str> {
        self.attributes[5].value()
    }

    /// Whether this name means all that the other one does: the relation of each attribute is
    /// *superset* or *equal* in the words of NIST IR 7696.
    pub fn is_superset_of(&self, other: &Self) -> bool {
        let mut pairs = self.attributes.iter().zip(&other.attributes);
        pairs.all(|(mine, theirs)| mine.is_superset_of(theirs))
    }

    /// The name as a URI, the form in which vendors write it.
    pub fn to_uri(&self) -> String {
        format!("cpe:/{}", uri::bind(&self.attributes))
    }
}

impl FromStr for Cpe {
    type Err = ParseCpeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_LENGTH {
            return Err(ParseCpeError::Length);
        }
        let text = text.to_ascii_lowercase();
        let attributes = if let Some(rest) = text.strip_prefix("cpe:2.3:") {
            formatted::unbind(rest)?
        } else if let Some(rest) = text.strip_prefix("cpe:/") {
            uri::unbind(rest)?
        } else {
            return Err(ParseCpeError::Prefix);
        };
        match attributes[0].value() {
            None | Some("a" | "o" | "h") => Ok(Self { attributes }),
            Some(_) => Err(ParseCpeError::Part),
        }
    }
}

/// Writes the formatted string of CPE 2.3.
impl fmt::Display for Cpe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cpe:2.3")?;
        self.attributes
            .iter()
            .try_for_each(|attribute| write!(f, ":{attribute}"))
    }
}

#[cfg(test)]
mod tests;
