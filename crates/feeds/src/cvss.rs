//! CVSS vectors in the forms that vendors write them.

use crate::text;

/// The vector in a text, which may have its score in front: `8.1/CVSS:3.0/AV:N/…`.
pub(crate) fn vector(text: &str) -> Option<String> {
    let text = text.trim();
    let vector = match text.split_once('/') {
        Some((score, vector)) if score.parse::<f32>().is_ok() => vector,
        _ => text,
    };
    let is_vector = vector.starts_with("CVSS:") || vector.starts_with("AV:");
    let is_plain = vector.len() <= 256 && vector.bytes().all(|b| b.is_ascii_graphic());
    (is_vector && is_plain).then(|| text::line(vector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_in_front_is_no_part_of_the_vector() {
        let v3 = "CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H";
        let v2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P";
        assert_eq!(vector(&format!("8.1/{v3}")).unwrap(), v3);
        assert_eq!(vector(v3).unwrap(), v3);
        assert_eq!(vector(&format!("7.5/{v2}")).unwrap(), v2);
        for text in ["", "8.1", "8.1/", "moderate", "CVSS:3.0/\u{1b}[31m"] {
            assert_eq!(vector(text), None, "{text}");
        }
    }
}
