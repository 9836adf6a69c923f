//! Renderings: written once, archived once.

use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::invoice::{
    Archive, ArchiveRendering, InvoiceCommand, InvoiceEvent, InvoiceRefusal, Rendering,
    RenderingKind, RenderingReport,
};
use invoiceapp_domain::locale::Locale;
use jiff::civil::{Date, date};

use crate::support::{after, document_id, drafted, facts, given, issued, issued_of, of};

fn report(number: u128, content: &str) -> RenderingReport {
    RenderingReport {
        document_id: document_id(number),
        kind: RenderingKind::Pdf,
        locale: Locale::En,
        from_version: 2,
        sha256: Sha256Hex::of(content.as_bytes()),
        size: 1_234,
        template_version: of("1"),
    }
}

fn attach(report: RenderingReport) -> InvoiceCommand {
    InvoiceCommand::AttachRendering(report)
}

fn archive(content: &str, retain_until: Date) -> InvoiceCommand {
    InvoiceCommand::ArchiveRendering(ArchiveRendering {
        document_id: document_id(1),
        sha256: Sha256Hex::of(content.as_bytes()),
        retain_until,
    })
}

#[test]
fn a_rendering_is_attached_with_its_digest() {
    let RenderingReport {
        document_id,
        kind,
        locale,
        from_version,
        sha256,
        size,
        template_version,
    } = report(1, "pdf");
    let rendering = Rendering {
        document_id,
        kind,
        locale,
        from_version,
        sha256,
        size,
        template_version,
        archive: None,
    };
    given(issued())
        .when(attach(report(1, "pdf")))
        .then_expect_events(facts(vec![InvoiceEvent::RenderingAttached(Box::new(
            rendering,
        ))]));
}

#[test]
fn a_draft_has_no_rendering() {
    given(drafted())
        .when(attach(report(1, "pdf")))
        .then_expect_error(InvoiceRefusal::NotIssued);
}

#[test]
fn a_renderer_that_reports_twice_changes_nothing() {
    let attached = after(issued(), &[attach(report(1, "pdf"))]);
    given(attached.clone())
        .when(attach(report(1, "pdf")))
        .then_expect_events(Vec::new());
    given(attached)
        .when(attach(report(2, "pdf")))
        .then_expect_events(Vec::new());
}

#[test]
fn a_rendering_is_written_once() {
    let refusal = InvoiceRefusal::RenderingExists {
        document_id: document_id(1),
    };
    let attached = after(issued(), &[attach(report(1, "pdf"))]);
    given(attached.clone())
        .when(attach(report(2, "other")))
        .then_expect_error(refusal.clone());
    let elsewhere = RenderingReport {
        locale: Locale::De,
        ..report(1, "pdf")
    };
    given(attached)
        .when(attach(elsewhere))
        .then_expect_error(refusal);
}

#[test]
fn another_language_is_another_rendering() {
    let german = RenderingReport {
        locale: Locale::De,
        ..report(2, "deutsch")
    };
    let events = after(issued(), &[attach(report(1, "pdf")), attach(german)]);
    assert_eq!(issued_of(&events).renderings.len(), 2);
}

#[test]
fn an_archived_rendering_has_its_day() {
    let retain_until = date(2036, 12, 31);
    let archived = InvoiceEvent::RenderingArchived {
        document_id: document_id(1),
        sha256: Sha256Hex::of(b"pdf"),
        retain_until,
    };
    let events = after(issued(), &[attach(report(1, "pdf"))]);
    given(events.clone())
        .when(archive("pdf", retain_until))
        .then_expect_events(facts(vec![archived]));
    let state = issued_of(&after(events, &[archive("pdf", retain_until)]));
    let expected = Archive {
        sha256: Sha256Hex::of(b"pdf"),
        retain_until,
    };
    assert_eq!(
        state.renderings.get(document_id(1)).unwrap().archive,
        Some(expected)
    );
}

#[test]
fn the_day_of_an_archived_rendering_only_moves_on() {
    let events = after(
        issued(),
        &[attach(report(1, "pdf")), archive("pdf", date(2036, 12, 31))],
    );
    for earlier in [date(2036, 12, 31), date(2030, 1, 1)] {
        given(events.clone())
            .when(archive("pdf", earlier))
            .then_expect_events(Vec::new());
    }
    let later = given(events)
        .when(archive("pdf", date(2040, 1, 1)))
        .inspect_result()
        .unwrap();
    assert_eq!(later.len(), 1);
}

#[test]
fn other_bytes_are_not_archived() {
    given(after(issued(), &[attach(report(1, "pdf"))]))
        .when(archive("other", date(2036, 12, 31)))
        .then_expect_error(InvoiceRefusal::ArchiveMismatch {
            document_id: document_id(1),
        });
}

#[test]
fn an_unknown_rendering_is_not_archived() {
    given(issued())
        .when(archive("pdf", date(2036, 12, 31)))
        .then_expect_error(InvoiceRefusal::RenderingNotFound {
            document_id: document_id(1),
        });
}
