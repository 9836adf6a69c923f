//! What may reach the shaper: visible characters, and the two joiners that some scripts need.
//!
//! Control characters cannot be drawn, and bidi overrides could show an amount or an account number
//! in another order than it is stored in, so neither gets onto the page.

/// Most bytes of one text.
pub(crate) const TEXT_BYTES_MAX: usize = 64 << 10;

/// The paragraphs of a text: split at line ends, each cleaned, blank ones dropped at both ends.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let text = truncated(text);
    let cleaned: Vec<String> = text
        .split(['\n', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}'])
        .map(paragraph)
        .collect();
    let first = cleaned.iter().position(|paragraph| !paragraph.is_empty());
    let last = cleaned.iter().rposition(|paragraph| !paragraph.is_empty());
    match (first, last) {
        (Some(first), Some(last)) => cleaned[first..=last].to_vec(),
        _ => Vec::new(),
    }
}

/// A text as one paragraph: line ends become spaces.
pub(crate) fn single_line(text: &str) -> String {
    paragraph(truncated(text))
}

fn truncated(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

fn paragraph(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() && !is_fixed_space(character) {
            if !cleaned.is_empty() && !cleaned.ends_with(' ') {
                cleaned.push(' ');
            }
        } else if !is_dropped(character) {
            cleaned.push(character);
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// Spaces that number formats and authors put in on purpose.
const fn is_fixed_space(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{202f}' | '\u{3000}')
}

/// Controls, bidi controls, and characters that stand for nothing visible.
fn is_dropped(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::{paragraphs, single_line};

    #[test]
    fn controls_and_bidi_overrides_never_reach_the_page() {
        assert_eq!(single_line("a\u{0}\u{202e}b\u{2066}c\u{7}\u{200f}"), "abc");
    }

    #[test]
    fn white_space_collapses_and_fixed_spaces_stay() {
        assert_eq!(
            single_line("  1\u{202f}234,50\u{a0}€ \t\r\n x "),
            "1\u{202f}234,50\u{a0}€ x"
        );
    }

    #[test]
    fn blank_paragraphs_stay_only_between_others() {
        assert_eq!(paragraphs("\n\na\r\n\nb\n\n"), ["a", "", "b"]);
    }
}
