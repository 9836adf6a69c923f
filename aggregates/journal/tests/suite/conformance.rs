//! Every law of the port, on SQLite.

invoiceapp_journal::journal_conformance!(crate::subject::SqliteSubject::new());
