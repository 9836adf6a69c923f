//! Rules about Rust files: what each must open with, how long it may be, what may not stand in it.

use crate::assert_none;
use crate::workspace::{Source, sources};

/// Longest Rust file, in lines; 400 is what to aim for.
const FILE_LINES_MAX: usize = 600;
/// Folders in which amounts are computed and written down.
const EXACT_FOLDERS: [&str; 2] = ["aggregates/domain/", "schemas/"];
/// The attribute that leaves a test out of a plain `cargo test`.
const IGNORED: &str = "ignore";
/// What a test may be left out for: it runs in `./compose/stack test`, which leaves nothing out.
const WANTS_THE_STACK: &str = "#[ignore = \"wants the stack: ";
/// Attributes that switch a check or a test off, and what to write in their place.
const BANNED_ATTRIBUTES: [(&str, &str); 3] = [
    ("allow(", "write #[expect(lint, reason = \"...\")]"),
    (IGNORED, "a test runs or is not there"),
    ("should_panic", "assert on the error"),
];

fn documentation_violations(sources: &[Source]) -> Vec<String> {
    let silent = sources
        .iter()
        .filter(|source| !source.text.starts_with("//!"));
    silent.map(|source| source.path.clone()).collect()
}

fn length_violations(sources: &[Source]) -> Vec<String> {
    let lines = |source: &Source| source.text.lines().count();
    let long = sources
        .iter()
        .filter(|source| lines(source) > FILE_LINES_MAX);
    long.map(|source| format!("{}: {} lines", source.path, lines(source)))
        .collect()
}

fn float_violations(sources: &[Source]) -> Vec<String> {
    let floats = ["32", "64"].map(|width| format!("f{width}"));
    let mut violations = Vec::new();
    for source in sources {
        if !EXACT_FOLDERS
            .iter()
            .any(|folder| source.path.starts_with(folder))
        {
            continue;
        }
        for (index, line) in source.text.lines().enumerate() {
            let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            if words.any(|word| {
                floats
                    .iter()
                    .any(|float| word == float || is_literal(word, float))
            }) {
                violations.push(format!("{}:{}", source.path, index + 1));
            }
        }
    }
    violations
}

/// `1` or `1_` followed by the type's name is a number of that type.
fn is_literal(word: &str, float: &str) -> bool {
    word.strip_suffix(float).is_some_and(|digits| {
        digits.starts_with(|first: char| first.is_ascii_digit())
            && digits
                .chars()
                .all(|letter| letter.is_ascii_digit() || letter == '_')
    })
}

fn attribute_violations(sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources {
        for (line, attribute) in attributes(&source.text) {
            let beginning = source.text.lines().nth(line - 1).unwrap_or_default();
            let wants_the_stack = beginning.trim_start().starts_with(WANTS_THE_STACK);
            for (banned, instead) in BANNED_ATTRIBUTES {
                if mentions(&attribute, banned) && !(banned == IGNORED && wants_the_stack) {
                    let path = &source.path;
                    violations.push(format!("{path}:{line}: {attribute} ({instead})"));
                }
            }
        }
    }
    violations
}

/// Whether an attribute names the word, not merely a longer one that ends like it.
fn mentions(attribute: &str, word: &str) -> bool {
    attribute.match_indices(word).any(|(at, _)| {
        let before = attribute[..at].chars().next_back();
        let after = attribute[at + word.len()..].chars().next();
        let joins = |letter: Option<char>| {
            letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
        };
        !joins(before) && (word.ends_with('(') || !joins(after))
    })
}

/// Every attribute that begins a line, up to its closing bracket, with the number of that line; the
/// text of strings inside it is left out.
fn attributes(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("#[") || line.trim_start().starts_with("#![") {
            found.push((index + 1, attribute_at(&text[offset + indent..])));
        }
        offset += line.len();
    }
    found
}

fn attribute_at(text: &str) -> String {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut attribute = String::new();
    for letter in text.chars() {
        if in_string {
            in_string = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        attribute.push(letter);
        match letter {
            '"' => in_string = true,
            '[' => depth += 1,
            ']' if depth == 1 => break,
            ']' => depth -= 1,
            _ => {}
        }
    }
    attribute
}

#[test]
fn every_rust_file_opens_by_saying_what_it_is_for() {
    assert_none(
        "a Rust file begins with //! and what it is for",
        &documentation_violations(&sources()),
    );
}

#[test]
fn no_rust_file_is_longer_than_the_limit() {
    assert_none(
        "a Rust file has at most 600 lines",
        &length_violations(&sources()),
    );
}

#[test]
fn no_lint_is_allowed_away_and_no_test_is_switched_off() {
    assert_none(
        "a lint is expected with a reason, never allowed; a test is left out only for the stack",
        &attribute_violations(&sources()),
    );
}

#[test]
fn no_float_stands_where_amounts_are_computed_or_written_down() {
    assert_none(
        "no floating-point type in aggregates/domain and schemas",
        &float_violations(&sources()),
    );
}

fn planted(path: &str, text: String) -> [Source; 1] {
    [Source {
        path: path.to_owned(),
        text,
    }]
}

#[test]
fn planted_files_without_a_description_or_with_too_many_lines_are_caught() {
    assert_eq!(
        documentation_violations(&planted("a.rs", "use x;\n//! late".into())),
        ["a.rs"]
    );
    let long = "\n".repeat(FILE_LINES_MAX + 1);
    assert_eq!(
        length_violations(&planted("a.rs", long)),
        ["a.rs: 601 lines"]
    );
    assert!(length_violations(&planted("a.rs", "\n".repeat(FILE_LINES_MAX))).is_empty());
}

#[test]
fn planted_attributes_are_caught_also_when_nested_or_over_several_lines() {
    let hash = '#';
    for text in [
        format!("{hash}[allow(dead_code)]"),
        format!("    {hash}![allow(dead_code)]"),
        format!("{hash}[cfg_attr(\n    test,\n    allow(dead_code)\n)]"),
        format!("{hash}[test]\n{hash}[ignore]"),
        format!("{hash}[ignore = \"slow\"]"),
        format!("{hash}[ignore = \"flaky; wants the stack: Kafka\"]"),
        format!("{hash}[should_panic(expected = \"x\")]"),
    ] {
        assert_eq!(
            attribute_violations(&planted("a.rs", text.clone())).len(),
            1,
            "{text}"
        );
    }
    for text in [
        format!("{hash}[expect(dead_code, reason = \"to allow(it) is wrong, to ignore it too\")]"),
        format!("{hash}[serde(skip_serializing_if = \"x\")]\nfn allow(x: u8) {{}}"),
        format!("{hash}[ignore = \"wants the stack: Kafka\"]"),
        format!("{hash}[disallow(x)]\nlet ignored = [1];"),
    ] {
        assert_eq!(
            attribute_violations(&planted("a.rs", text.clone())),
            [""; 0],
            "{text}"
        );
    }
}

#[test]
fn planted_floats_are_caught_in_the_exact_folders_only() {
    let [single, double] = ["32", "64"].map(|width| format!("f{width}"));
    for text in [
        format!("x: {double},"),
        format!("1_0{single}"),
        format!("Vec<{single}>"),
    ] {
        let violations = float_violations(&planted("schemas/src/a.rs", text.clone()));
        assert_eq!(violations, ["schemas/src/a.rs:1"], "{text}");
        assert!(float_violations(&planted("handlers/pdf/src/a.rs", text)).is_empty());
    }
    let hexadecimal = planted("schemas/src/a.rs", format!("0xf{}", 64));
    assert!(float_violations(&hexadecimal).is_empty());
}
