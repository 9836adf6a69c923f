//! The number register on the real journal: what was issued, and what became of it.

use invoiceapp_domain::StreamId;
use invoiceapp_domain::invoice::{DocumentStatus, SettlementStatus};
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_projections::{RegisterQuery, RegisteredNumber};
use jiff::civil::{Date, date};

use crate::fixture::{Fixture, TODAY};

fn invoices() -> SeriesCode {
    SeriesCode::parse("INV").unwrap()
}

async fn register(fixture: &Fixture, tenant: &str) -> Vec<RegisteredNumber> {
    let query = RegisterQuery {
        tenant: tenant.parse().unwrap(),
        series: invoices(),
        after: None,
        limit: 100,
        count: false,
    };
    fixture.store.register(&query).await.unwrap().numbers
}

async fn issued(fixture: &Fixture, tenant: &str, on: Date) -> StreamId {
    let stream = fixture.draft(tenant, "Buyer", 1).await;
    fixture.issue(&stream, on).await;
    stream
}

#[tokio::test]
async fn every_number_given_stands_in_the_register_with_what_became_of_it() {
    let fixture = Fixture::open().await;
    fixture.draft("acme", "Never issued", 1).await;
    let first = issued(&fixture, "acme", date(2025, 12, 30)).await;
    let second = issued(&fixture, "acme", TODAY).await;
    let third = issued(&fixture, "acme", TODAY).await;
    issued(&fixture, "rival", TODAY).await;
    fixture.projector.catch_up().await.unwrap();
    fixture.pay(&second, "1.00", TODAY).await;
    fixture.pay(&third, "12.00", TODAY).await;
    fixture.projector.catch_up().await.unwrap();
    let found = register(&fixture, "acme").await;
    let rows: Vec<_> = found
        .iter()
        .map(|number| {
            (
                number.number.as_str(),
                number.place.invoice_id.as_str(),
                number.issue_date,
                number.settlement_status,
            )
        })
        .collect();
    let expected = [
        (
            "INV-2025-00001",
            first.key.as_str(),
            date(2025, 12, 30),
            SettlementStatus::Unpaid,
        ),
        (
            "INV-2026-00001",
            second.key.as_str(),
            TODAY,
            SettlementStatus::PartiallyPaid,
        ),
        (
            "INV-2026-00002",
            third.key.as_str(),
            TODAY,
            SettlementStatus::Paid,
        ),
    ];
    assert_eq!(rows, expected);
    for number in &found {
        assert_eq!(number.document_status, DocumentStatus::Issued);
    }
    let head = fixture.journal.head().await.unwrap().position;
    assert_eq!(found[2].position, head, "as of the document's last event");
    assert_eq!(register(&fixture, "rival").await.len(), 1);
}

#[tokio::test]
async fn the_last_number_is_that_of_the_newest_period() {
    let fixture = Fixture::open().await;
    for on in [date(2025, 12, 30), date(2025, 12, 31), TODAY] {
        issued(&fixture, "acme", on).await;
    }
    fixture.projector.catch_up().await.unwrap();
    let tenant = "acme".parse().unwrap();
    let last = fixture.store.last_numbers(&tenant, &[invoices()]).await;
    let last: Vec<_> = last.unwrap().into_iter().map(|last| last.number).collect();
    assert_eq!(last, ["INV-2026-00001"]);
}
