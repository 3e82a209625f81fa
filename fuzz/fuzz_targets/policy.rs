//! Conditions on findings. An error is within the expression, and what is a condition can be asked.
#![no_main]

use clair_model::{FixState, Severity};
use clair_risk::{Facts, Finding, Policy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let facts = Facts::default();
    match text.parse::<Policy>() {
        Ok(policy) => {
            policy.holds(&Finding {
                package: "openssl",
                name: "CVE-2024-1000",
                aliases: &[],
                severity: Severity::High,
                vectors: &["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()],
                fix_state: FixState::Fixed,
                risk: None,
                facts: &facts,
            });
        }
        Err(error) => {
            assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}");
        }
    }
});
