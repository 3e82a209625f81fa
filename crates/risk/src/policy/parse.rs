//! From words to conditions.

use std::iter::Peekable;
use std::vec;

use clair_model::facts::Exploitation;
use clair_model::{FixState, Severity};

use super::token::{Placed, Token, error, tokens};
use super::{Condition, Flag, Number, Operator, ParsePolicyError, Text};
use crate::Decision;

/// Parentheses and negations within each other.
const DEPTH: usize = 64;

const FIELDS: &str = "severity, cvss, epss, epss.percentile, risk, ssvc, ssvc.exploitation, \
    fix-state, package, vulnerability, kev, kev.ransomware, fixable, ssvc.automatable or \
    ssvc.total-impact";

type Parsed<T> = Result<T, ParsePolicyError>;

pub(super) fn parse(text: &str) -> Parsed<Condition> {
    let mut parser = Parser {
        end: text.chars().count() + 1,
        tokens: tokens(text)?.into_iter().peekable(),
    };
    let condition = parser.any(0)?;
    match parser.tokens.next() {
        None => Ok(condition),
        Some((column, token)) => Err(error(
            column,
            format!(
                "expected \"and\", \"or\" or the end, found {}",
                shown(&token)
            ),
        )),
    }
}

struct Parser {
    tokens: Peekable<vec::IntoIter<Placed>>,
    /// The column behind the last character.
    end: usize,
}

impl Parser {
    fn any(&mut self, depth: usize) -> Parsed<Condition> {
        let mut all = vec![self.all(depth)?];
        while self.takes(&Token::Or) {
            all.push(self.all(depth)?);
        }
        Ok(single(all, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Parsed<Condition> {
        let mut all = vec![self.not(depth)?];
        while self.takes(&Token::And) {
            all.push(self.not(depth)?);
        }
        Ok(single(all, Condition::All))
    }

    fn not(&mut self, depth: usize) -> Parsed<Condition> {
        let Some((column, token)) = self.tokens.next() else {
            return Err(error(self.end, "expected a condition, found the end"));
        };
        if depth > DEPTH {
            return Err(error(column, format!("more than {DEPTH} levels deep")));
        }
        match token {
            Token::Not => Ok(Condition::Not(Box::new(self.not(depth + 1)?))),
            Token::Open => {
                let condition = self.any(depth + 1)?;
                match self.tokens.next() {
                    Some((_, Token::Close)) => Ok(condition),
                    Some((column, token)) => Err(error(
                        column,
                        format!("expected \")\", found {}", shown(&token)),
                    )),
                    None => {
                        let reason = format!("expected \")\" for the \"(\" at column {column}");
                        Err(error(self.end, reason))
                    }
                }
            }
            Token::Word(word) => self.test(column, &word),
            other => Err(error(
                column,
                format!("expected a condition, found {}", shown(&other)),
            )),
        }
    }

    fn test(&mut self, column: usize, word: &str) -> Parsed<Condition> {
        let name = word.to_ascii_lowercase();
        if let Some(flag) = flag(&name) {
            return match self.tokens.peek() {
                Some((column, Token::Operator(_))) => Err(error(
                    *column,
                    format!("{name} holds or does not: it is not compared"),
                )),
                _ => Ok(Condition::Flag(flag)),
            };
        }
        if let Ok(severity) = name.parse::<Severity>() {
            return match self.tokens.peek() {
                Some((column, Token::Operator(_))) => Err(error(
                    *column,
                    format!("{name} is a value: write \"severity\" in front of the comparison"),
                )),
                _ => Ok(Condition::Severity(Operator::AtLeast, severity)),
            };
        }
        let field = Field::of(&name).ok_or_else(|| {
            let reason = format!("{word:?} is neither a severity nor a field: {FIELDS}");
            error(column, reason)
        })?;
        let (place, operator) = self.operator(&name)?;
        let (column, value) = self.value(&name)?;
        field.compare(place, operator, column, &value)
    }

    fn operator(&mut self, name: &str) -> Parsed<(usize, Operator)> {
        match self.tokens.next() {
            Some((column, Token::Operator(operator))) => Ok((column, operator)),
            Some((column, token)) => Err(error(
                column,
                format!("expected a comparison of {name}, found {}", shown(&token)),
            )),
            None => Err(error(
                self.end,
                format!("expected a comparison of {name}, found the end"),
            )),
        }
    }

    fn value(&mut self, name: &str) -> Parsed<Word> {
        match self.tokens.next() {
            Some((column, Token::Word(word))) => Ok((column, word)),
            Some((column, token)) => Err(error(
                column,
                format!("expected a value for {name}, found {}", shown(&token)),
            )),
            None => Err(error(
                self.end,
                format!("expected a value for {name}, found the end"),
            )),
        }
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        self.tokens.next_if(|(_, token)| token == wanted).is_some()
    }
}

/// A word and its column.
type Word = (usize, String);

/// What is compared with a value.
#[derive(Debug, Clone, Copy)]
enum Field {
    Number(Number, f64),
    Severity,
    Ssvc,
    Exploitation,
    FixState,
    Text(Text),
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "severity" => Self::Severity,
            "cvss" => Self::Number(Number::Cvss, 10.0),
            "epss" => Self::Number(Number::Epss, 1.0),
            "epss.percentile" => Self::Number(Number::Percentile, 1.0),
            "risk" => Self::Number(Number::Risk, 100.0),
            "ssvc" => Self::Ssvc,
            "ssvc.exploitation" => Self::Exploitation,
            "fix-state" => Self::FixState,
            "package" => Self::Text(Text::Package),
            "vulnerability" => Self::Text(Text::Vulnerability),
            _ => return None,
        })
    }

    fn compare(
        self,
        place: usize,
        operator: Operator,
        column: usize,
        value: &str,
    ) -> Parsed<Condition> {
        let word = value.to_ascii_lowercase();
        let wrong = |expected: &str| {
            let reason = format!("expected {expected}, found {value:?}");
            error(column, reason)
        };
        Ok(match self {
            Self::Number(number, most) => {
                let asked = value.parse::<f64>().ok();
                let asked = asked.filter(|asked| (0.0..=most).contains(asked));
                let asked = asked.ok_or_else(|| wrong(&format!("a number from 0 to {most}")))?;
                Condition::Number(number, operator, asked)
            }
            Self::Severity => {
                let severity = word.parse();
                let expected = "unknown, negligible, low, medium, high or critical";
                Condition::Severity(operator, severity.map_err(|_| wrong(expected))?)
            }
            Self::Ssvc => {
                let expected = "track, track*, attend or act";
                Condition::Ssvc(
                    operator,
                    word.parse::<Decision>().map_err(|()| wrong(expected))?,
                )
            }
            Self::Exploitation => {
                let all = [Exploitation::None, Exploitation::Poc, Exploitation::Active];
                let asked = all.into_iter().find(|it| it.name() == word);
                let asked = asked.ok_or_else(|| wrong("none, poc or active"))?;
                Condition::Exploitation(operator, asked)
            }
            Self::FixState => {
                let asked = FixState::ALL.into_iter().find(|it| it.name() == word);
                let asked = asked.ok_or_else(|| {
                    let names: Vec<_> = FixState::ALL.iter().map(|it| it.name()).collect();
                    wrong(&format!("one of {}", names.join(", ")))
                })?;
                Condition::FixState(is_equal(place, operator)?, asked)
            }
            Self::Text(text) => Condition::Text(text, is_equal(place, operator)?, value.to_owned()),
        })
    }
}

/// For what has no order.
fn is_equal(place: usize, operator: Operator) -> Parsed<bool> {
    match operator {
        Operator::Equal => Ok(true),
        Operator::Unequal => Ok(false),
        _ => Err(error(
            place,
            "this has no order: it is compared by = and != only",
        )),
    }
}

fn flag(name: &str) -> Option<Flag> {
    Some(match name {
        "kev" => Flag::Kev,
        "kev.ransomware" => Flag::Ransomware,
        "fixable" => Flag::Fixable,
        "ssvc.automatable" => Flag::Automatable,
        "ssvc.total-impact" => Flag::TotalImpact,
        _ => return None,
    })
}

fn single(mut all: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    if all.len() == 1 {
        all.remove(0)
    } else {
        join(all)
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Open => "\"(\"".to_owned(),
        Token::Close => "\")\"".to_owned(),
        Token::And => "\"and\"".to_owned(),
        Token::Or => "\"or\"".to_owned(),
        Token::Not => "\"not\"".to_owned(),
        Token::Operator(_) => "a comparison".to_owned(),
        Token::Word(word) => format!("{word:?}"),
    }
}
