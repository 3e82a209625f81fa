//! The product tree: what products are, and which are parts of others.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::Product;
use crate::text::quoted;
use crate::vex::product::Identity;

#[derive(Deserialize, Default)]
pub(super) struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    full_product_names: Vec<Named>,
    #[serde(default)]
    product_groups: Vec<Group>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Self>,
    #[serde(default)]
    product: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
    product_id: String,
    #[serde(default)]
    product_identification_helper: Option<Helper>,
}

/// What a product can be recognised by.
#[derive(Deserialize, Default)]
struct Helper {
    #[serde(default)]
    cpe: Option<String>,
    #[serde(default)]
    purl: Option<String>,
    /// In place of `purl` from version 2.1 on.
    #[serde(default)]
    purls: Vec<String>,
}

#[derive(Deserialize)]
struct Group {
    group_id: String,
    #[serde(default)]
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: Named,
    product_reference: String,
    relates_to_product_reference: String,
}

/// How many things a product can be in. In honest use it is one, seldom two.
const MOST_CONTEXTS: usize = 8;

/// Why a product is none that is looked for.
pub(super) enum Failure {
    /// Nothing can be recognised by it.
    Unusable(String),
    /// The document contradicts itself.
    Wrong(String),
}

/// All products by their identifiers.
pub(super) struct Products<'t> {
    named: HashMap<&'t str, Known<'t>>,
    related: HashMap<&'t str, &'t Relationship>,
    groups: HashMap<&'t str, &'t [String]>,
    resolved: HashMap<&'t str, Resolved>,
}

#[derive(Clone)]
struct Known<'t> {
    name: &'t str,
    identities: Arc<[Identity]>,
}

/// A product with what it is in.
#[derive(Clone)]
struct Resolved {
    component: Arc<[Identity]>,
    contexts: Vec<Arc<[Identity]>>,
}

impl<'t> Products<'t> {
    pub(super) fn of(tree: &'t Tree, notes: &mut Vec<String>) -> Self {
        let mut named = HashMap::new();
        // The tree is as deep as the reader of JSON allows, so not on the stack of this thread.
        let mut branches: Vec<&Branch> = tree.branches.iter().collect();
        let mut list: Vec<&Named> = tree.full_product_names.iter().collect();
        while let Some(branch) = branches.pop() {
            list.extend(&branch.product);
            branches.extend(&branch.branches);
        }
        for product in list {
            let known = Known {
                name: &product.name,
                identities: product.identities(notes),
            };
            named.insert(product.product_id.as_str(), known);
        }
        Self {
            named,
            related: tree
                .relationships
                .iter()
                .map(|it| (it.full_product_name.product_id.as_str(), it))
                .collect(),
            groups: tree
                .product_groups
                .iter()
                .map(|group| (group.group_id.as_str(), group.product_ids.as_slice()))
                .collect(),
            resolved: HashMap::new(),
        }
    }

    /// The products of a group.
    pub(super) fn group(&self, id: &str) -> &'t [String] {
        self.groups.get(id).copied().unwrap_or_default()
    }

    /// The product of an identifier.
    pub(super) fn product(&mut self, id: &str) -> Result<Product, Failure> {
        let resolved = self.resolve(id, &mut Vec::new())?;
        let is_unknown = |list: &Arc<[Identity]>| list.is_empty();
        if is_unknown(&resolved.component) || resolved.contexts.iter().any(is_unknown) {
            return Err(Failure::Unusable(format!(
                "nothing is recognised by {}: there is neither a package URL nor a CPE that can be read",
                quoted(id)
            )));
        }
        let is_image =
            |it: &Identity| matches!(it, Identity::Purl(purl) if Identity::is_of_image(purl));
        let mut contexts = resolved.contexts;
        if resolved.component.iter().any(is_image) {
            // An image is known by itself. What it is for, as `cpe:/a:redhat:openshift:4.12`, is
            // not where its packages are from.
            contexts.retain(|list| !list.iter().all(|it| matches!(it, Identity::Cpe(_))));
        }
        let mut product = Product::anywhere(id, resolved.component);
        product.contexts = contexts;
        Ok(product)
    }

    /// Follows relationships. `path` are the products that led here.
    fn resolve(&mut self, id: &str, path: &mut Vec<&'t str>) -> Result<Resolved, Failure> {
        if let Some(known) = self.resolved.get(id) {
            return Ok(known.clone());
        }
        let Some((&id, &relationship)) = self.related.get_key_value(id) else {
            let known = self
                .named
                .get(id)
                .ok_or_else(|| Failure::Unusable(format!("there is no product {}", quoted(id))))?;
            return Ok(Resolved {
                component: Arc::clone(&known.identities),
                contexts: Vec::new(),
            });
        };
        // Each one on the way is in the context of the next.
        if path.contains(&id) || path.len() > MOST_CONTEXTS {
            return Err(Failure::Wrong(format!(
                "by the relationships of the product tree, {} is in itself or in too much",
                quoted(id)
            )));
        }
        path.push(id);
        let part = self.resolve(&relationship.product_reference, path)?;
        let whole = self.resolve(&relationship.relates_to_product_reference, path)?;
        path.pop();
        let mut resolved = part;
        self.name_rpm(relationship, &whole, &mut resolved);
        resolved.contexts.push(whole.component);
        resolved.contexts.extend(whole.contexts);
        if resolved.contexts.len() > MOST_CONTEXTS {
            return Err(Failure::Wrong(format!(
                "by the relationships of the product tree, {} is in more than {MOST_CONTEXTS} others",
                quoted(id)
            )));
        }
        self.resolved.insert(id, resolved.clone());
        Ok(resolved)
    }

    /// SUSE describes packages by their names alone, as `samba-libs-4.17.9-150500.3.11.1`.
    fn name_rpm(&self, relationship: &Relationship, whole: &Resolved, part: &mut Resolved) {
        let is_suse = whole.component.iter().any(
            |it| matches!(it, Identity::Cpe(cpe) if matches!(cpe.vendor(), Some("suse" | "opensuse"))),
        );
        let has_purl = part
            .component
            .iter()
            .any(|it| matches!(it, Identity::Purl(_)));
        let known = self.named.get(relationship.product_reference.as_str());
        if let Some(known) = known.filter(|_| is_suse && !has_purl) {
            part.component = Arc::new([Identity::Rpm(known.name.to_owned())]);
        }
    }
}

impl Named {
    fn identities(&self, notes: &mut Vec<String>) -> Arc<[Identity]> {
        let Some(helper) = &self.product_identification_helper else {
            return Arc::new([]);
        };
        let mut identities = Vec::new();
        for text in helper.purl.iter().chain(&helper.purls) {
            match text.parse() {
                Ok(purl) => identities.push(Identity::Purl(Box::new(purl))),
                Err(error) => notes.push(format!(
                    "product_tree: product {}: {} is no package URL: {error}",
                    quoted(&self.product_id),
                    quoted(text)
                )),
            }
        }
        // A package URL is the better name where there are both.
        if identities.is_empty() {
            identities.extend(helper.cpe.as_deref().and_then(Identity::of_cpe));
        }
        identities.into()
    }
}
