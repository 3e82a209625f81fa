//! Reports as results of tests, in the form of `JUnit` that Clair's `clairctl` writes: a suite for
//! each image, a test for each package, which fails if the package is vulnerable.

use std::fmt::Write as _;

use clair_client::Report;

/// The results of an image.
#[derive(Debug)]
pub(super) struct Suite {
    /// The image.
    pub(super) name: String,
    /// Its report, or why there is none.
    pub(super) report: Result<Report, String>,
}

/// All results in a document.
pub(super) fn document(suites: &[Suite]) -> String {
    let mut xml = String::from("<testsuites>");
    for suite in suites {
        write_suite(&mut xml, suite);
    }
    xml.push_str("</testsuites>");
    xml
}

fn write_suite(xml: &mut String, suite: &Suite) {
    let name = escaped(&suite.name);
    match &suite.report {
        Err(error) => {
            let error = escaped(error);
            // To a `String` everything can be written.
            let _ = write!(
                xml,
                r#"<testsuite name="{name}" tests="1" errors="1" failures="0"><properties></properties><testcase name="{name}"><error>{error}</error></testcase></testsuite>"#
            );
        }
        Ok(report) => {
            let findings = report.findings();
            let tests = findings.len();
            let failures = findings
                .iter()
                .filter(|(_, found)| !found.is_empty())
                .count();
            let _ = write!(
                xml,
                r#"<testsuite name="{name}" tests="{tests}" errors="0" failures="{failures}"><properties><property name="manifest" value="{}"></property></properties>"#,
                report.manifest_hash
            );
            for (package, found) in findings {
                let test = escaped(&format!("{} {}", package.name, package.version));
                let _ = write!(xml, r#"<testcase name="{test}">"#);
                if !found.is_empty() {
                    xml.push_str("<failure>Found the following vulnerabilities:");
                    for vulnerability in found {
                        let _ = write!(xml, "\n\t{}", escaped(&vulnerability.name));
                    }
                    xml.push_str("</failure>");
                }
                xml.push_str("</testcase>");
            }
            xml.push_str("</testsuite>");
        }
    }
}

/// A text as it may stand between tags and in attributes. Characters that XML does not know at all
/// (XML 1.0, section 2.2) are replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\n' => escaped.push_str("&#xA;"),
            '\t' => escaped.push_str("&#x9;"),
            '\r' => escaped.push_str("&#xD;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            character if character < ' ' => escaped.push(char::REPLACEMENT_CHARACTER),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packages_are_tests_that_fail_if_they_are_vulnerable() {
        let hash = format!("sha256:{}", "0".repeat(64));
        let report = serde_json::from_value(json!({
            "manifest_hash": hash,
            "packages": {"1": {"name": "a&b", "version": "<1>"}, "2": {"name": "z", "version": "2"}},
            "vulnerabilities": {"v": {"name": "CVE-1"}, "w": {"name": "CVE-2"}},
            "package_vulnerabilities": {"1": ["v", "w"]},
        }));
        let suites = [
            Suite {
                name: "x/y:1".to_owned(),
                report: Ok(report.unwrap()),
            },
            Suite {
                name: "z".to_owned(),
                report: Err("no \"image\"\u{1}".to_owned()),
            },
        ];
        let expected = format!(
            "<testsuites><testsuite name=\"x/y:1\" tests=\"2\" errors=\"0\" failures=\"1\">\
             <properties><property name=\"manifest\" value=\"{hash}\"></property></properties>\
             <testcase name=\"a&amp;b &lt;1&gt;\"><failure>Found the following vulnerabilities:\
             \n\tCVE-1\n\tCVE-2</failure></testcase><testcase name=\"z 2\"></testcase></testsuite>\
             <testsuite name=\"z\" tests=\"1\" errors=\"1\" failures=\"0\"><properties></properties>\
             <testcase name=\"z\"><error>no &#34;image&#34;\u{fffd}</error></testcase></testsuite>\
             </testsuites>"
        );
        assert_eq!(document(&suites), expected);
        assert_eq!(document(&[]), "<testsuites></testsuites>");
    }
}
