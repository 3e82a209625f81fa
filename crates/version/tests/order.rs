//! `order` is a total order and `compare` is a part of it, whatever the strings.

use std::cmp::Ordering;

use clair_version::{Range, Scheme};
use proptest::prelude::*;

const PIECES: &[&str] = &[
    "0", "00", "1", "01", "2", "10", "999", "a", "b", "A", "p", "r", ".", "..", "-", "-r", "-r1",
    "_", "_rc", "_p", "_alpha", "~", "~f", "^", "+", ":", "1:", " ", "é", "\0",
];

/// Strings of what versions consist of, so short and of so few pieces that they often tie.
fn like_a_version() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..7)
        .prop_map(|pieces| pieces.concat())
}

fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![4 => like_a_version(), 1 => any::<String>()]
}

fn any_scheme() -> impl Strategy<Value = Scheme> {
    proptest::sample::select(Scheme::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 5_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn order_is_total(
        scheme in any_scheme(),
        a in any_string(),
        b in any_string(),
        c in any_string(),
    ) {
        prop_assert_eq!(scheme.order(&a, &a), Ordering::Equal);
        prop_assert_eq!(scheme.order(&a, &b), scheme.order(&b, &a).reverse());

        let mut sorted = [&a, &b, &c];
        sorted.sort_by(|a, b| scheme.order(a, b));
        let (low, middle, high) = (sorted[0], sorted[1], sorted[2]);
        let steps = scheme.order(low, middle).then(scheme.order(middle, high));
        prop_assert_eq!(scheme.order(low, high), steps, "{:?}", sorted);
    }

    #[test]
    fn compare_agrees_with_order(scheme in any_scheme(), a in any_string(), b in any_string()) {
        let valid = (scheme.validate(&a).is_ok(), scheme.validate(&b).is_ok());
        let order = scheme.order(&a, &b);
        match scheme.compare(&a, &b) {
            Ok(compared) => {
                prop_assert_eq!(valid, (true, true));
                prop_assert_eq!(compared, order);
            }
            Err(error) => {
                prop_assert_ne!(valid, (true, true));
                prop_assert!(error.to_string().chars().count() < 1000);
                let expected = match valid {
                    (true, false) => Ordering::Greater,
                    (false, true) => Ordering::Less,
                    _ => a.cmp(&b),
                };
                prop_assert_eq!(order, expected);
            }
        }
    }

    #[test]
    fn a_version_is_before_its_fix_or_not_at_all(
        scheme in any_scheme(),
        version in any_string(),
        fixed in any_string(),
    ) {
        if let Ok(inside) = Range::before(&*fixed).contains(scheme, &version) {
            prop_assert_eq!(inside, scheme.order(&version, &fixed).is_lt());
        }
    }
}

#[test]
fn order_is_transitive_over_all_short_strings() {
    let alphabet = ["0", "1", "a", "r", "p", ".", "-", "_", "~", "^", ":"];
    let mut strings = vec![String::new()];
    let mut longest = strings.clone();
    for _ in 0..3 {
        longest = longest
            .iter()
            .flat_map(|start| alphabet.iter().map(move |end| format!("{start}{end}")))
            .collect();
        strings.extend_from_slice(&longest);
    }
    for &scheme in Scheme::ALL {
        strings.sort_by(|a, b| scheme.order(a, b));
        // Seen from any string, those after it must be its equals first, then newer ones only.
        for (nth, low) in strings.iter().enumerate() {
            let after: Vec<Ordering> = strings[nth..]
                .iter()
                .map(|high| scheme.order(low, high))
                .collect();
            let equals = after.iter().take_while(|order| order.is_eq()).count();
            assert!(
                after[equals..].iter().all(|order| order.is_lt()),
                "{scheme}: {low:?}"
            );
        }
    }
}

#[test]
fn huge_strings_are_compared_in_linear_time() {
    const LENGTH: usize = 1 << 18;
    for &scheme in Scheme::ALL {
        for piece in [
            "9", "0", "1.", "a", "~", "^", "_p1", "1a", "1:", "-", "é", " ", "\0",
        ] {
            let long = format!("1{}", piece.repeat(LENGTH / piece.len()));
            let longer = format!("{long}1");
            assert_eq!(
                scheme.order(&long, &long),
                Ordering::Equal,
                "{scheme} {piece:?}"
            );
            let there = scheme.order(&long, &longer);
            assert_eq!(
                scheme.order(&longer, &long),
                there.reverse(),
                "{scheme} {piece:?}"
            );
        }
    }
}
