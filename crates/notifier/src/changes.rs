//! From the statements that came and went to what there is to tell of which image.

use std::collections::HashMap;

use clair_model::Digest;
use clair_rpc::proto::matcher::v1::{AffectedByAdvisoriesResponse, Change};
use clair_store::Reason;
use roaring::RoaringBitmap;

use crate::error::Failure;
use crate::summary::{self, Identity};

/// Which images the statements affect in which two states of a source differ.
///
/// It is in memory as a whole, since a statement that came is news only where none with the same
/// identity went. Images are numbered, and each statement has a compressed set of numbers: some
/// bits for each image that it affects.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    numbers: HashMap<Digest, u32>,
    statements: HashMap<Identity, Statement>,
}

/// A statement on both sides of the difference.
#[derive(Debug, Default)]
struct Statement {
    severity: i32,
    name: String,
    came: Side,
    went: Side,
}

/// A statement on one side of the difference.
#[derive(Debug, Default)]
struct Side {
    /// The summary as it is kept.
    summary: Vec<u8>,
    images: RoaringBitmap,
}

/// What there is to tell.
#[derive(Debug)]
pub(crate) struct News {
    /// The images, by their numbers.
    images: Vec<Digest>,
    items: Vec<Item>,
}

/// One thing to tell of some images.
#[derive(Debug)]
struct Item {
    reason: Reason,
    summary: Vec<u8>,
    images: RoaringBitmap,
}

impl Changes {
    /// Takes a part of the matcher's answer.
    ///
    /// # Errors
    ///
    /// When it makes no sense.
    pub(crate) fn add(&mut self, part: AffectedByAdvisoriesResponse) -> Result<(), Failure> {
        let change = part.change();
        let vulnerability = part
            .vulnerability
            .ok_or_else(|| Failure::Answer("a part has no vulnerability".to_owned()))?;
        let images = part
            .manifest_digests
            .iter()
            .map(|text| self.number(text))
            .collect::<Result<Vec<u32>, _>>()?;
        let summary = summary::summarize(vulnerability);
        let identity = summary::identity(&summary);
        let statement = self
            .statements
            .entry(identity)
            .or_insert_with(|| Statement {
                severity: summary.normalized_severity,
                name: summary.name.clone(),
                ..Statement::default()
            });
        let side = match change {
            Change::Added => &mut statement.came,
            Change::Removed => &mut statement.went,
            Change::Unspecified => {
                let reason = "a statement neither came nor went".to_owned();
                return Err(Failure::Answer(reason));
            }
        };
        if side.images.is_empty() {
            side.summary = summary::encode(&summary);
        }
        side.images.extend(images);
        Ok(())
    }

    fn number(&mut self, text: &str) -> Result<u32, Failure> {
        let digest: Digest = text
            .parse()
            .map_err(|error: clair_model::ParseDigestError| Failure::Answer(error.to_string()))?;
        let next = u32::try_from(self.numbers.len())
            .map_err(|_| Failure::Answer("more images than can be numbered".to_owned()))?;
        Ok(*self.numbers.entry(digest).or_insert(next))
    }

    /// What there is to tell, of the worst vulnerabilities first. In a summary, an image has at
    /// most one notification for each reason.
    pub(crate) fn into_news(self, summarize: bool) -> News {
        let mut images: Vec<(u32, Digest)> = self
            .numbers
            .into_iter()
            .map(|(digest, number)| (number, digest))
            .collect();
        images.sort_unstable_by_key(|(number, _)| *number);
        let mut statements: Vec<(Identity, Statement)> = self.statements.into_iter().collect();
        statements.sort_unstable_by(|(identity, statement), (other_identity, other)| {
            let order = other.severity.cmp(&statement.severity);
            let order = order.then_with(|| statement.name.cmp(&other.name));
            order.then_with(|| identity.cmp(other_identity))
        });
        let mut told = [RoaringBitmap::new(), RoaringBitmap::new()];
        let mut items = Vec::new();
        for (_, Statement { came, went, .. }) in statements {
            let both = &came.images & &went.images;
            let sides = [(Reason::Added, came), (Reason::Removed, went)];
            for ((reason, side), told) in sides.into_iter().zip(&mut told) {
                let mut images = side.images - &both;
                if summarize {
                    images -= &*told;
                    *told |= &images;
                }
                if !images.is_empty() {
                    items.push(Item {
                        reason,
                        summary: side.summary,
                        images,
                    });
                }
            }
        }
        News {
            images: images.into_iter().map(|(_, digest)| digest).collect(),
            items,
        }
    }
}

impl News {
    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How much there is to tell for a reason.
    pub(crate) fn count(&self, reason: Reason) -> u64 {
        let items = self.items.iter().filter(|item| item.reason == reason);
        items.map(|item| item.images.len()).sum()
    }

    /// Every notification: the image, the reason, and the summary of the vulnerability.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Digest, Reason, &[u8])> {
        self.items.iter().flat_map(|item| {
            let images = item.images.iter();
            let images = images.filter_map(|number| self.images.get(number as usize));
            images.map(|image| (image, item.reason, item.summary.as_slice()))
        })
    }
}

#[cfg(test)]
mod tests;
