//! The languages of documents and what they write numbers and dates like, and the time zones that
//! say what day it is.

pub mod format;

mod language;
mod time_zone;

pub use language::Locale;
pub use time_zone::{TimeZoneName, today};
