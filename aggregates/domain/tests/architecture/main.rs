//! The architecture as failing tests: which crate may know which, where drivers may appear, and
//! what every Rust file must look like. It reads the manifests and sources of the whole workspace
//! and lives in this crate only because this crate builds first.
//!
//! Each rule is a pure function from what was read to the violations found, so that beside the test
//! that holds the workspace to it, a second one shows that a planted violation is caught.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod manifests;
mod sources;
mod workspace;

/// Fails with the rule in one line, and each violation in a line of its own.
#[track_caller]
fn assert_none(rule: &str, violations: &[String]) {
    assert!(
        violations.is_empty(),
        "RULE: {rule}\n  {}",
        violations.join("\n  ")
    );
}
