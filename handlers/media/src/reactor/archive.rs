//! The archived copy of a rendering.

use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::DocumentId;
use invoiceapp_domain::invoice::{ArchiveRendering, Invoice, InvoiceCommand};
use invoiceapp_objects::{ObjectKey, area};
use invoiceapp_runtime::{Job, Outcome, Step};
use jiff::civil::Date;

use super::{MediaReactor, missing_bytes, object_outcome};
use crate::parts::MediaParts;

/// How long a document is kept after the end of the year it was issued in: the longest that tax law
/// asks for in the countries whose rules we follow (ten years in France and Italy, and formerly in
/// Germany, where eight remain).
pub const ARCHIVE_RETENTION_YEARS: i16 = 10;

const STEP: &str = "archive-rendering";

/// Checks the stored bytes against the hash, archives them and reports it.
pub(super) async fn keep(
    MediaReactor { parts, reporter }: &MediaReactor,
    job: &Job,
    document_id: DocumentId,
    sha256: Sha256Hex,
) -> Result<(), Outcome> {
    let stream = &job.source.stream;
    let retain_until = retain_until(issue_date(parts, job).await?)?;
    let (area, hash) = (area::RENDERINGS.to_owned(), sha256.as_str().to_owned());
    let key = ObjectKey {
        tenant: stream.tenant.clone(),
        area,
        sha256: hash,
    };
    // The store checks the hash of what it reads: other bytes are damage, and are not archived.
    let document = parts
        .objects
        .get(&key)
        .await
        .map_err(|error| object_outcome(&error))?;
    let document = document.ok_or_else(missing_bytes)?;
    let archived = parts
        .objects
        .archive(&stream.tenant, area::ARCHIVE, document, retain_until)
        .await;
    archived.map_err(|error| object_outcome(&error))?;
    let command = InvoiceCommand::ArchiveRendering(ArchiveRendering {
        document_id,
        sha256,
        retain_until,
    });
    let step = Step::new(STEP);
    Ok(reporter.report::<Invoice>(job, step, command).await?)
}

async fn issue_date(parts: &MediaParts, job: &Job) -> Result<Date, Outcome> {
    let loaded = parts.executor.load::<Invoice>(&job.source.stream).await;
    // A journal that is down is waited out; a stream that cannot be read is left to a person.
    let loaded = loaded?;
    let issued = loaded.as_ref().and_then(|loaded| loaded.state.as_issued());
    let not_issued = || Outcome::Park {
        reason: "the invoice is not issued".to_owned(),
    };
    Ok(issued.ok_or_else(not_issued)?.document.issue_date)
}

fn retain_until(issue_date: Date) -> Result<Date, Outcome> {
    let year = issue_date.year().checked_add(ARCHIVE_RETENTION_YEARS);
    let last_day = year.and_then(|year| Date::new(year, 12, 31).ok());
    let reason = "the issue date has no date of retention".to_owned();
    last_day.ok_or(Outcome::Park { reason })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::retain_until;

    #[test]
    fn a_document_is_kept_until_ten_years_after_the_end_of_its_year() {
        assert_eq!(retain_until(date(2026, 1, 1)), Ok(date(2036, 12, 31)));
        assert_eq!(retain_until(date(2026, 12, 31)), Ok(date(2036, 12, 31)));
        assert_eq!(retain_until(date(2027, 1, 1)), Ok(date(2037, 12, 31)));
    }
}
