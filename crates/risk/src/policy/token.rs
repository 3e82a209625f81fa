//! The words of an expression, and where they are.

use super::{Operator, ParsePolicyError};

/// No expression that a person writes is longer.
const LENGTH: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Operator(Operator),
    Word(String),
}

/// A token and the column at which it begins.
pub(super) type Placed = (usize, Token);

/// Divides an expression.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, ParsePolicyError> {
    if text.len() > LENGTH {
        return Err(error(1, format!("it is longer than {LENGTH} bytes")));
    }
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        if character.is_whitespace() {
            at += 1;
            continue;
        }
        let rest = &characters[at..];
        let (token, length) = match (character, rest.get(1)) {
            ('(', _) => (Token::Open, 1),
            (')', _) => (Token::Close, 1),
            ('&', Some('&')) => (Token::And, 2),
            ('|', Some('|')) => (Token::Or, 2),
            ('>', Some('=')) => (Token::Operator(Operator::AtLeast), 2),
            ('<', Some('=')) => (Token::Operator(Operator::AtMost), 2),
            ('=', Some('=')) => (Token::Operator(Operator::Equal), 2),
            ('!', Some('=')) => (Token::Operator(Operator::Unequal), 2),
            ('>', _) => (Token::Operator(Operator::More), 1),
            ('<', _) => (Token::Operator(Operator::Less), 1),
            ('=', _) => (Token::Operator(Operator::Equal), 1),
            ('!', _) => (Token::Not, 1),
            _ if is_of_word(character) => word(rest),
            _ => {
                return Err(error(
                    at + 1,
                    format!("{character:?} is not part of any word"),
                ));
            }
        };
        tokens.push((at + 1, token));
        at += length;
    }
    Ok(tokens)
}

fn word(rest: &[char]) -> (Token, usize) {
    let word: String = rest.iter().take_while(|c| is_of_word(**c)).collect();
    let length = word.chars().count();
    let token = match word.to_ascii_lowercase().as_str() {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        _ => Token::Word(word),
    };
    (token, length)
}

/// What names of packages, of vulnerabilities and of decisions are made of.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || "._-+:*/@~".contains(character)
}

pub(super) fn error(column: usize, reason: impl Into<String>) -> ParsePolicyError {
    ParsePolicyError {
        column,
        reason: reason.into(),
    }
}
