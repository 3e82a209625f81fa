//! The history of DNF: from which repository each package was installed.
//!
//! It is an SQLite database. That of DNF 5 has names for what DNF 4 has numbers for, and refers to
//! names of packages and architectures by keys:
//! <https://github.com/rpm-software-management/dnf5/tree/main/libdnf5/transaction/db/sql>.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clair_rpmdb::sqlite::Database;

use super::is_name;
use super::table::Columns;
use crate::lines;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings, History, Origin};
use crate::{Provenance, limits};

pub(crate) struct DnfHistoryAnalyzer;

const PLACES: [&str; 2] = [
    "usr/lib/sysimage/libdnf5/transaction_history.sqlite",
    "var/lib/dnf/history.sqlite",
];
const LOG: &str = "-wal";

/// What DNF 4 calls install, downgrade, obsolete, upgrade and reinstall: after these a package is
/// there. Changing the reason for it is no installation, and has no repository.
const INSTALLING: [i64; 5] = [1, 2, 4, 6, 9];
const INSTALLING_NAMES: [&str; 5] = ["Install", "Downgrade", "Obsolete", "Upgrade", "Reinstall"];
/// The state of what did not work out.
const FAILED: i64 = 2;
const FAILED_NAME: &str = "Error";

/// The root file system of a path, if it is that of a history.
pub(super) fn root_of(path: &str) -> Option<&str> {
    let path = path.strip_suffix(LOG).unwrap_or(path);
    PLACES.iter().find_map(|place| lines::root_of(path, place))
}

impl Analyzer for DnfHistoryAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "dnf-history",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        root_of(file.path).is_some()
    }

    /// SQLite's write-ahead log holds what was not yet copied into the database.
    fn companion_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        root_of(path).map(|_| path.strip_suffix(LOG).unwrap_or(path))
    }

    fn analyze(&self, file: &File<'_>, companions: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        if file.path.ends_with(LOG) {
            return Ok(Findings::default());
        }
        let log = companions.iter().find(|other| other.path.ends_with(LOG));
        let log = log.map(|log| log.bytes).filter(|log| !log.is_empty());
        let database = Database::open(file.bytes, log).map_err(AnalyzeError::new)?;
        let mut problems = Vec::new();
        let history = read(&database, &mut problems).map_err(AnalyzeError::new)?;
        Ok(Findings {
            provenance: Some(Provenance::History(history)),
            problems,
            ..Findings::default()
        })
    }
}

type Problems = Vec<String>;

fn read(database: &Database<'_>, problems: &mut Problems) -> Result<History, String> {
    let repositories = names(database, "repo", "repoid", problems)?;
    let is_dnf5 = ["config", "trans_item_action"]
        .iter()
        .all(|table| database.table(table).is_ok());
    let installed = if is_dnf5 {
        let actions = names(database, "trans_item_action", "name", problems)?;
        let states = names(database, "trans_item_state", "name", problems)?;
        let is = |names: &HashMap<i64, String>, key, wanted: &[&str]| {
            let name = names.get(&key).map(String::as_str);
            name.is_some_and(|name| wanted.contains(&name))
        };
        let columns = ["id", "item_id", "repo_id", "action_id", "state_id"];
        installed(database, &columns, problems, |action, state| {
            is(&actions, action, &INSTALLING_NAMES) && !is(&states, state, &[FAILED_NAME])
        })?
    } else {
        let columns = ["id", "item_id", "repo_id", "action", "state"];
        installed(database, &columns, problems, |action, state| {
            INSTALLING.contains(&action) && state != FAILED
        })?
    };
    origins(database, is_dnf5, &installed, &repositories, problems)
}

/// The names of a table by their keys.
fn names(
    database: &Database<'_>,
    table: &str,
    column: &str,
    problems: &mut Problems,
) -> Result<HashMap<i64, String>, String> {
    let mut names = HashMap::new();
    Columns::for_each(
        database,
        table,
        &["id", column],
        problems,
        |columns, row| {
            if let (Some(id), Some(name)) = (columns.number(row, 0), columns.text(row, 1)) {
                names.insert(id, name);
            }
        },
    )?;
    Ok(names)
}

/// The repository from which each item was installed last.
fn installed(
    database: &Database<'_>,
    columns: &[&str],
    problems: &mut Problems,
    is_installation: impl Fn(i64, i64) -> bool,
) -> Result<HashMap<i64, i64>, String> {
    let mut last: HashMap<i64, (i64, i64)> = HashMap::new();
    Columns::for_each(database, "trans_item", columns, problems, |columns, row| {
        let number = |column| columns.number(row, column);
        let (Some(id), Some(item), Some(repository)) = (number(0), number(1), number(2)) else {
            return;
        };
        let (Some(action), Some(state)) = (number(3), number(4)) else {
            return;
        };
        if is_installation(action, state) {
            let known = last.entry(item).or_insert((id, repository));
            *known = (*known).max((id, repository));
        }
    })?;
    Ok(last
        .into_iter()
        .map(|(item, (_, repository))| (item, repository))
        .collect())
}

fn origins(
    database: &Database<'_>,
    is_dnf5: bool,
    installed: &HashMap<i64, i64>,
    repositories: &HashMap<i64, String>,
    problems: &mut Problems,
) -> Result<History, String> {
    let (mut named, mut arches) = (HashMap::new(), HashMap::new());
    let [name, arch] = if is_dnf5 {
        named = names(database, "pkg_name", "name", problems)?;
        arches = names(database, "arch", "name", problems)?;
        ["name_id", "arch_id"]
    } else {
        ["name", "arch"]
    };
    let mut found: BTreeMap<(String, String, String), &str> = BTreeMap::new();
    let columns = ["item_id", name, "epoch", "version", "release", arch];
    Columns::for_each(database, "rpm", &columns, problems, |columns, row| {
        let text = |column, names: &HashMap<i64, String>| {
            if is_dnf5 {
                names.get(&columns.number(row, column)?).cloned()
            } else {
                columns.text(row, column)
            }
        };
        let repository = columns
            .number(row, 0)
            .and_then(|item| installed.get(&item))
            .and_then(|repository| repositories.get(repository))
            // `@System` and `@commandline` are none.
            .filter(|id| is_name(id) && !id.starts_with('@'));
        let (Some(repository), Some(name), Some(arch)) =
            (repository, text(1, &named), text(5, &arches))
        else {
            return;
        };
        let (Some(version), Some(release)) = (columns.text(row, 3), columns.text(row, 4)) else {
            return;
        };
        let version = match columns.text(row, 2).as_deref() {
            None | Some("0" | "") => format!("{version}-{release}"),
            Some(epoch) => format!("{epoch}:{version}-{release}"),
        };
        if found.len() < limits::MAX_PACKAGES
            && [&name, &version, &arch].iter().all(|it| is_name(it))
        {
            found.insert((name, version, arch), repository);
        }
    })?;
    let ids: Vec<&str> = found
        .values()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let origins = found.into_iter().filter_map(|((name, version, arch), id)| {
        let place = ids.binary_search(&id).ok()?;
        Some(Origin {
            name,
            version,
            arch,
            repository: u32::try_from(place).ok()?,
        })
    });
    Ok(History {
        origins: origins.collect(),
        repositories: ids.iter().map(|&id| id.to_owned()).collect(),
    })
}
