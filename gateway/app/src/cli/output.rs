//! What a command prints: text for people, or one JSON document.

use std::io::{ErrorKind, Write};

use serde::Serialize;

/// Prints a command's result on stdout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// JSON when asked for.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints the facts as JSON, or the text.
    ///
    /// # Errors
    /// When the facts cannot be written as JSON, or stdout cannot be written. A reader that has
    /// seen enough and goes away is no failure.
    pub(crate) fn print(self, facts: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let line = if self.json {
            serde_json::to_string(facts)?
        } else {
            text.to_owned()
        };
        let mut stdout = std::io::stdout().lock();
        match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Prints a failure and what it came of on stderr.
#[expect(clippy::print_stderr, reason = "this is the command line's output")]
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
