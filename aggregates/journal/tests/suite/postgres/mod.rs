//! The conformance suite on PostgreSQL, and what is PostgreSQL's own.

mod event_store;
mod laws;
mod outages;
mod subject;
mod turns;
mod wire;

use subject::PostgresSubject;

mod conformance {
    invoiceapp_journal::journal_conformance!(
        #[ignore = "wants the stack: PostgreSQL"]
        super::PostgresSubject::new()
    );
}
