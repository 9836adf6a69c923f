//! Taking a part away and giving it back, for tests that have a stack of their own.

use std::process::Command;

use crate::variable;

/// A server of the stack, by the name that `./compose/stack part` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The journal, and what the stand-in for MongoDB stands on.
    Postgres,
    /// The topics.
    Kafka,
    /// The schemas.
    Registry,
    /// The documents.
    Mongodb,
    /// The hot views.
    Redis,
    /// Who may come in.
    Keycloak,
    /// The objects.
    S3,
    /// The mails.
    Mail,
}

impl Part {
    /// Every part that our processes use.
    pub const ALL: [Self; 8] = [
        Self::Postgres,
        Self::Kafka,
        Self::Registry,
        Self::Mongodb,
        Self::Redis,
        Self::Keycloak,
        Self::S3,
        Self::Mail,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Kafka => "kafka",
            Self::Registry => "registry",
            Self::Mongodb => "mongodb",
            Self::Redis => "redis",
            Self::Keycloak => "keycloak",
            Self::S3 => "s3",
            Self::Mail => "mail",
        }
    }

    /// Ends it at once, with everything that belongs to it, as a crash would.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(self) {
        self.told("kill");
    }

    /// Lets it end in its own way, and returns when it has ended.
    pub fn stop(self) {
        self.told("stop");
    }

    /// Starts it, unless it runs, wakes it up after [`Part::pause`], and waits until it serves.
    ///
    /// # Panics
    /// When it does not come.
    pub fn start(self) {
        self.told("start");
    }

    /// Halts it: its connections stay open, and nothing is answered.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pause(self) {
        self.told("pause");
    }

    #[expect(
        clippy::expect_used,
        reason = "a test whose part does not obey must fail"
    )]
    fn told(self, verb: &str) {
        let mut stack = Command::new(variable("STACK_COMMAND"));
        let output = stack.args(["part", verb, self.name()]).output();
        let output = output.expect("the stack's command runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{verb} {self:?}: {said}");
    }
}
