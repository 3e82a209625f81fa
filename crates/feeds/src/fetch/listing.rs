//! The pages that web servers make of directories.

use url::Url;

/// The names right below `directory` that a page of it links to: whatever follows `href=`, if it
/// leads one step down. Servers differ in everything else about these pages.
pub(super) fn names(directory: &Url, page: &str) -> Vec<String> {
    let mut names: Vec<String> = page
        .split("href=")
        .skip(1)
        .filter_map(quoted)
        .filter_map(|link| name_below(directory, link))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split(quote).next()
}

fn name_below(directory: &Url, link: &str) -> Option<String> {
    let mut url = directory.join(link).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    let name = directory.make_relative(&url)?;
    let is_one_step = url.as_str().starts_with(without_query(directory).as_str())
        && !name.is_empty()
        && name.find('/').is_none_or(|slash| slash + 1 == name.len());
    is_one_step.then_some(name)
}

fn without_query(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_one_step_down_are_names() {
        let page = r##"<html><a href="../">../</a><a href='v3.18/'>v3.18/</a>
            <a href="/m/edge/">edge</a> <a href="https://a.example/m/last-update">x</a>
            <a href="?C=N;O=D">Name</a> <a href="https://b.example/m/v9.9/">no</a>
            <a href="v3.18/main.json">no</a> <a href="/m/">no</a> <a href="#top">no</a>
            <a href="./license.txt">license</a> <a href="v3.18/">again</a> <a href=x> href="##;
        let directory = Url::parse("https://a.example/m/").unwrap();
        assert_eq!(
            names(&directory, page),
            ["edge/", "last-update", "license.txt", "v3.18/"]
        );
        assert!(names(&directory, "").is_empty());
    }
}
