//! Tables of an SQLite database by the names of their columns.

use clair_rpmdb::Error;
use clair_rpmdb::sqlite::{Database, Row, Value};

/// More rows than a history has.
const MAX_ROWS: usize = 2_000_000;

/// The rows of a table, with the columns that were asked for in that order.
pub(super) struct Columns {
    places: Vec<usize>,
}

/// Words that begin a constraint of a table in the place of a column.
const CONSTRAINTS: [&str; 5] = ["constraint", "primary", "unique", "check", "foreign"];

impl Columns {
    /// Calls `each` for every row that can be read. What could not be read is told, once for each
    /// kind of damage.
    ///
    /// # Errors
    ///
    /// When there is no such table, it lacks a column, or has too many rows.
    pub(super) fn for_each(
        database: &Database<'_>,
        table: &str,
        names: &[&str],
        problems: &mut Vec<String>,
        mut each: impl FnMut(&Self, &Row<'_>),
    ) -> Result<(), String> {
        let found = database.table(table).map_err(|error| error.to_string())?;
        let declared = declared(found.sql());
        let place = |name: &&str| {
            let place = declared.iter().position(|column| column == name);
            place.ok_or_else(|| format!("table {table} has no column {name}"))
        };
        let columns = Self {
            places: names.iter().map(place).collect::<Result<_, _>>()?,
        };
        let mut told: Option<Error> = None;
        for (count, row) in found.rows().enumerate() {
            if count >= MAX_ROWS {
                return Err(format!("table {table} has more than {MAX_ROWS} rows"));
            }
            match row {
                Ok(row) => each(&columns, &row),
                Err(error) if told.is_none() => {
                    problems.push(format!("table {table}: {error}"));
                    told = Some(error);
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// A number. The key of a row is stored apart from its columns.
    pub(super) fn number(&self, row: &Row<'_>, column: usize) -> Option<i64> {
        match row.value(self.places[column]) {
            Value::Integer(number) => Some(number),
            Value::Null => Some(row.rowid()),
            _ => None,
        }
    }

    /// A text; numbers are taken for one, since SQLite keeps what it was given.
    pub(super) fn text(&self, row: &Row<'_>, column: usize) -> Option<String> {
        match row.value(self.places[column]) {
            Value::Text(text) => Some(text.into_owned()),
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// The columns that a `CREATE TABLE` declares, in lower case.
fn declared(sql: &str) -> Vec<String> {
    let sql = without_comments(sql);
    let Some((_, body)) = sql.split_once('(') else {
        return Vec::new();
    };
    let mut depth = 0_usize;
    let mut definitions = vec![String::new()];
    for character in body.chars() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                definitions.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = definitions.last_mut() {
            last.push(character);
        }
    }
    let names = definitions.iter().filter_map(|definition| {
        let word = definition.split_ascii_whitespace().next()?;
        let word = word.split('(').next().unwrap_or(word);
        let name = word.trim_matches(['"', '`', '[', ']', '\'']);
        let is_quoted = name.len() < word.len();
        let name = name.to_ascii_lowercase();
        let is_column = is_quoted || !CONSTRAINTS.contains(&name.as_str());
        is_column.then_some(name)
    });
    names.collect()
}

fn without_comments(sql: &str) -> String {
    let mut left = sql;
    let mut kept = String::with_capacity(sql.len());
    while let Some(at) = left.find(['-', '/']) {
        let (before, rest) = left.split_at(at);
        kept.push_str(before);
        let end = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            kept.push_str(&rest[..1]);
            1
        };
        left = &rest[end..];
    }
    kept.push_str(left);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_in_a_declaration() {
        let sql = "CREATE TABLE trans_item (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- the key, of course
            \"trans_id\" INTEGER REFERENCES trans(id, other),
            action INTEGER NOT NULL /* (enum), really */,
            [check] TEXT DEFAULT ('a'),
            PRIMARY KEY (id), UNIQUE(action), FOREIGN KEY(id) REFERENCES item(id)
        ) -- done";
        assert_eq!(declared(sql), ["id", "trans_id", "action", "check"]);
        assert_eq!(declared("CREATE TABLE"), Vec::<String>::new());
        assert_eq!(declared("CREATE TABLE a (b"), ["b"]);
        assert_eq!(declared("CREATE TABLE a (/*"), Vec::<String>::new());
    }
}
