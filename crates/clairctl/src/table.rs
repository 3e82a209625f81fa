//! Tables as this program prints them: without lines, columns two spaces apart, as wide as the
//! terminal at most.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

/// A table without rows.
pub(crate) fn new() -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Writes a table, without the spaces that fill up its last column.
pub(crate) fn write(out: &mut dyn Write, mut table: Table) -> io::Result<()> {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
