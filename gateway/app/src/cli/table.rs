//! Aligned lines for people.

use jiff::{SignedDuration, Timestamp};

/// Between two columns.
const GAP: &str = "  ";

/// Rows under a heading, every column as wide as its widest cell. Nothing in a cell can leave its
/// line or speak to the terminal.
pub(super) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let heading: Vec<String> = heading.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&heading)
        .chain(rows)
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().enumerate();
            let cells: Vec<String> = cells
                .map(|(column, cell)| format!("{cell:<width$}", width = width(column)))
                .collect();
            cells.join(GAP).trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// A text without control and format characters, which could move the cursor or turn the line round.
pub(super) fn plain(text: &str) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown = text.chars();
    shown
        .map(|character| if is_hidden(character) { ' ' } else { character })
        .collect()
}

/// How long something has been, in words of seconds: `3m 12s`.
pub(super) fn age(duration: std::time::Duration) -> String {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_secs(seconds))
}

/// How long ago something was; a dash when it was not.
pub(super) fn ago(now: Timestamp, then: Option<Timestamp>) -> String {
    let age = then.map(|then| SignedDuration::from_secs(now.duration_since(then).as_secs()));
    age.map_or_else(|| "-".to_owned(), |age| format!("{age:#}"))
}

#[cfg(test)]
mod tests {
    use super::{plain, table};

    #[test]
    fn every_column_is_as_wide_as_its_widest_cell() {
        let rows = [
            vec!["a".to_owned(), "1".to_owned()],
            vec!["größer".to_owned(), "22".to_owned()],
        ];
        let text = table(&["NAME", "N"], &rows);
        assert_eq!(text, "NAME    N\na       1\ngrößer  22");
    }

    #[test]
    fn a_cell_cannot_speak_to_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d"), "a [2Jb c d");
    }
}
