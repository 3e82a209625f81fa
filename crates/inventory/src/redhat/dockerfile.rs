//! The labels that a Dockerfile gives to the image of its last stage,
//! <https://docs.docker.com/reference/dockerfile/>.

use std::collections::{BTreeMap, HashMap};
use std::iter::Peekable;
use std::str::Chars;

/// The length that labels and variables may have together. Variables that are made of others can
/// double with every line.
const MAX_EXPANDED: usize = 4 << 20;

/// Reads the labels.
///
/// # Errors
///
/// When variables make them too long.
pub(super) fn labels(text: &str) -> Result<BTreeMap<String, String>, &'static str> {
    let mut stage = Stage::default();
    let escape = escape(text);
    let mut lines = text.lines();
    while let Some(instruction) = instruction(&mut lines, escape) {
        let instruction = instruction.trim();
        let (word, rest) = instruction
            .split_once(|c: char| c.is_ascii_whitespace())
            .unwrap_or((instruction, ""));
        match word.to_ascii_uppercase().as_str() {
            "FROM" => stage = Stage::default(),
            "LABEL" => {
                for (name, value) in stage.pairs(rest.trim_start(), escape)? {
                    stage.labels.insert(name, value);
                }
            }
            "ENV" => {
                for (name, value) in stage.pairs(rest.trim_start(), escape)? {
                    stage.variables.insert(name, value);
                }
            }
            // What is in the environment has precedence.
            "ARG" if rest.contains('=') => {
                for (name, value) in stage.pairs(rest.trim_start(), escape)? {
                    stage.variables.entry(name).or_insert(value);
                }
            }
            "RUN" | "COPY" | "ADD" => skip_documents(rest, &mut lines),
            _ => {}
        }
    }
    Ok(stage.labels)
}

/// What a stage of the build has set so far.
#[derive(Default)]
struct Stage {
    labels: BTreeMap<String, String>,
    variables: HashMap<String, String>,
    expanded: usize,
}

/// The character that makes the next one stand for itself: a directive at the very top names it.
fn escape(text: &str) -> char {
    let mut directives = text.lines().map_while(|line| line.strip_prefix('#'));
    let escape = directives.find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let is_escape = name.trim().eq_ignore_ascii_case("escape");
        is_escape.then(|| value.trim().to_owned())
    });
    if escape.as_deref() == Some("`") {
        '`'
    } else {
        '\\'
    }
}

/// The next instruction, with all lines it goes on in. Comments and empty lines within it are no
/// part of it.
fn instruction(lines: &mut std::str::Lines<'_>, escape: char) -> Option<String> {
    let mut whole = String::new();
    loop {
        let Some(line) = lines.next() else {
            return (!whole.is_empty()).then_some(whole);
        };
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        match line.trim_end().strip_suffix(escape) {
            Some(part) => whole.push_str(part),
            None => {
                whole.push_str(line);
                return Some(whole);
            }
        }
    }
}

/// Passes over the documents that an instruction has in the lines after it: `RUN <<EOF`.
fn skip_documents(instruction: &str, lines: &mut std::str::Lines<'_>) {
    for (at, _) in instruction.match_indices("<<") {
        let rest = instruction[at + 2..].trim_start_matches('-');
        let rest = rest.trim_start_matches(['"', '\'']);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, _) = rest.split_at(end);
        // `<<<` and a shift of bits are none.
        if !word.starts_with(|first: char| first.is_ascii_alphabetic()) {
            continue;
        }
        let ahead = lines.clone();
        if ahead
            .into_iter()
            .any(|line| line.trim_start_matches('\t') == word)
        {
            lines.find(|line| line.trim_start_matches('\t') == word);
        }
    }
}

impl Stage {
    /// The assignments of an instruction: `A=B "C D"=E`, or in the old form `A all the rest`.
    fn pairs(&mut self, text: &str, escape: char) -> Result<Vec<(String, String)>, &'static str> {
        let first = text.split_ascii_whitespace().next().unwrap_or_default();
        if !first.contains('=') {
            let Some((name, value)) = text.split_once(|c: char| c.is_ascii_whitespace()) else {
                return Ok(Vec::new());
            };
            let value = value.trim();
            let mut rest = value.chars().peekable();
            let value = self.word(&mut rest, escape, false)?;
            return Ok(vec![(name.to_owned(), value)]);
        }
        let mut pairs = Vec::new();
        let mut characters = text.chars().peekable();
        loop {
            while characters.next_if(char::is_ascii_whitespace).is_some() {}
            if characters.peek().is_none() {
                return Ok(pairs);
            }
            let word = self.word(&mut characters, escape, true)?;
            // What is no assignment has no place here, and says nothing.
            if let Some((name, value)) = word.split_once('=')
                && !name.is_empty()
            {
                pairs.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// A word, without its quotes and with the values of variables. Ends at white space if it is
    /// one of several.
    fn word(
        &mut self,
        characters: &mut Peekable<Chars<'_>>,
        escape: char,
        is_one_of_several: bool,
    ) -> Result<String, &'static str> {
        let mut word = String::new();
        let mut quote = None;
        while let Some(&character) = characters.peek() {
            if quote.is_none() && is_one_of_several && character.is_ascii_whitespace() {
                break;
            }
            characters.next();
            match (character, quote) {
                ('\'' | '"', None) => quote = Some(character),
                (_, Some(open)) if character == open => quote = None,
                (_, None | Some('"')) if character == escape => match characters.next() {
                    // In double quotes it stands for itself before all else.
                    Some(next) if quote.is_some() && !matches!(next, '"' | '$' | '\\' | '`') => {
                        word.push(character);
                        word.push(next);
                    }
                    Some(next) => word.push(next),
                    None => {}
                },
                ('$', None | Some('"')) => word.push_str(&self.variable(characters)),
                _ => word.push(character),
            }
            if self.expanded + word.len() > MAX_EXPANDED {
                return Err("its labels and variables are too long");
            }
        }
        self.expanded += word.len();
        Ok(word)
    }

    /// The value of what follows a dollar sign.
    fn variable(&self, characters: &mut Peekable<Chars<'_>>) -> String {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let in_braces = characters.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(character) = characters.next_if(is_name) {
            name.push(character);
        }
        let value = self.variables.get(&name).cloned().unwrap_or_default();
        if !in_braces {
            return if name.is_empty() {
                "$".to_owned()
            } else {
                value
            };
        }
        let rest: String = characters.take_while(|&c| c != '}').collect();
        match rest.split_at_checked(2) {
            Some((":-", default)) if value.is_empty() => default.to_owned(),
            Some((":+", alternative)) if !value.is_empty() => alternative.to_owned(),
            Some((":+", _)) => String::new(),
            _ => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        labels(text).unwrap().into_iter().collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn labels_are_read_in_all_their_forms() {
        let text = "FROM scratch AS build\nLABEL lost=1\nFROM scratch\n\
                    ARG V=1\nENV A=\"B C\" \\\n  # a comment\n  D=E V=2\n\
                    label x=\"$A $D\" y='$A' z=${V}-${NO:-none}${A:+!} \"w v\"=\\$A u=a\\ b\n\
                    LABEL old form of $A\nLABEL alone\nLABEL =5 six\n";
        assert_eq!(
            read(text),
            [
                pair("old", "form of B C"),
                pair("u", "a b"),
                pair("w v", "$A"),
                pair("x", "B C E"),
                pair("y", "$A"),
                pair("z", "2-none!"),
            ]
        );
    }

    #[test]
    fn another_character_may_escape() {
        let text = "# escape=`\nFROM a\nLABEL a=C:\\b `\n c=d\n";
        assert_eq!(read(text), [pair("a", "C:\\b"), pair("c", "d")]);
    }

    #[test]
    fn documents_are_passed_over() {
        let text =
            "FROM a\nRUN <<EOF\nLABEL a=b\nEOF\nRUN a <<< b\nLABEL c=d\nRUN <<NEVER\nLABEL e=f";
        assert_eq!(read(text), [pair("c", "d"), pair("e", "f")]);
    }

    #[test]
    fn variables_that_double_end() {
        let mut text = "ENV A=aaaaaaaaaaaaaaaa\n".to_owned();
        for _ in 0..64 {
            text.push_str("ENV A=$A$A\n");
        }
        assert!(labels(&text).is_err());
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes() {
        for text in [
            "LABEL",
            "LABEL a=\"b",
            "LABEL a=${b",
            "LABEL a=\\",
            "LABEL a=$",
            "\\",
            "LABEL a=${}",
        ] {
            labels(text).unwrap();
        }
        assert_eq!(read("LABEL a=\"b c"), [pair("a", "b c")]);
    }

    /// Labels of real Dockerfiles, as another reader has them.
    #[test]
    fn labels_of_the_corpus_are_read() {
        let Some(corpus) = clair_testing::corpus() else {
            return;
        };
        let entries = std::fs::read_dir(corpus.join("pkgdb/dockerfile")).unwrap();
        let mut count = 0;
        for entry in entries {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "want") {
                continue;
            }
            let text = std::fs::read_to_string(path.with_extension("")).unwrap_or_else(|_| {
                let name = path.to_string_lossy();
                std::fs::read_to_string(name.trim_end_matches(".want")).unwrap()
            });
            let want = std::fs::read_to_string(&path).unwrap();
            let want: BTreeMap<String, String> = serde_json::from_str(&want).unwrap();
            assert_eq!(labels(&text).unwrap(), want, "{}", path.display());
            count += 1;
        }
        assert_eq!(count, 11);
    }
}
