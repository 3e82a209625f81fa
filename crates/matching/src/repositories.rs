//! The repositories of a vulnerability report: each once for every product that it is for, as Clair
//! writes them.

use std::collections::{BTreeMap, HashMap};

use clair_model::{Environment, Id, IndexReport, ReportRepository};

use crate::platform::Platforms;

type Repositories = BTreeMap<Id, ReportRepository>;
type Environments = BTreeMap<Id, Vec<Environment>>;

/// The repositories of an index report with their products, and the environments that refer to
/// them.
pub(crate) fn resolved(
    platforms: &Platforms<'_>,
    index: &IndexReport,
) -> (Repositories, Environments) {
    let mut repositories = index.repository.clone();
    let mut environments = index.environments.clone();
    let last = repositories.keys().next_back().map_or(0, |id| id.0);
    let mut free = (last.saturating_add(1)..).map(Id);
    let mut added: HashMap<&str, Vec<String>> = HashMap::new();
    for (key, entry) in &index.repository {
        if !entry.cpe.is_empty() {
            continue;
        }
        let named = entry.repository();
        let mut products = platforms.products_of(&entry.id).iter();
        if let Some(first) = products.next() {
            let first = named.of_product(&first.to_string());
            repositories.insert(*key, ReportRepository::of(entry.id.clone(), first));
        }
        for (product, key) in products.zip(free.by_ref()) {
            let repository = named.of_product(&product.to_string());
            repositories.insert(key, ReportRepository::of(key.to_string(), repository));
            added.entry(&entry.id).or_default().push(key.to_string());
        }
    }
    if !added.is_empty() {
        for environment in environments.values_mut().flatten() {
            if let Some(ids) = &mut environment.repository_ids {
                let more = ids.iter().filter_map(|id| added.get(id.as_str())).flatten();
                let more: Vec<String> = more.cloned().collect();
                ids.extend(more);
            }
        }
    }
    (repositories, environments)
}
