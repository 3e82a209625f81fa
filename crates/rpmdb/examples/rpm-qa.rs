//! Lists the packages of a database like `rpm -qa`, one per line with tabs: name, epoch, version,
//! release, architecture, source package, module label. With `--files` after the database, the
//! paths each package owns instead. A write-ahead log beside the database is read with it.

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("usage: rpm-qa DATABASE [--files]")?;
    let files = arguments
        .next()
        .is_some_and(|argument| argument == "--files");
    let wal = fs::read(format!("{path}-wal")).ok();
    let contents = clair_rpmdb::read(&fs::read(&path)?, wal.as_deref())?;

    let mut out = BufWriter::new(io::stdout().lock());
    for package in &contents.packages {
        if files {
            for file in &package.files {
                writeln!(out, "{}\t{file}", package.name)?;
            }
            continue;
        }
        let none = |value: &Option<String>| value.clone().unwrap_or("-".into());
        writeln!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            package.name,
            package.epoch.map_or("-".into(), |epoch| epoch.to_string()),
            package.version,
            package.release,
            none(&package.arch),
            none(&package.source_rpm),
            none(&package.modularity_label),
        )?;
    }
    out.flush()?;
    let mut complaints = io::stderr().lock();
    for problem in &contents.problems {
        writeln!(complaints, "{problem}")?;
    }
    Ok(())
}
