//! Filters and pages on the store.

use invoiceapp_domain::StreamKind;
use invoiceapp_domain::invoice::{Invoice, Status};
use invoiceapp_projections::views::invoice::{BUYER, NUMBER, SEARCH, status_condition};
use invoiceapp_projections::{Condition, ListQuery};
use jiff::civil::date;

use crate::fixture::{Fixture, TODAY};

fn query(conditions: Vec<Condition>) -> ListQuery {
    ListQuery {
        tenant: "acme".parse().unwrap(),
        kind: StreamKind::Invoice,
        conditions,
        before: None,
        limit: 10,
        count: true,
    }
}

#[tokio::test]
async fn conditions_find_what_they_say_in_one_tenant_only() {
    let fixture = Fixture::open().await;
    let overdue = fixture.draft("acme", "Early Bird", 1).await;
    fixture.issue(&overdue, date(2026, 11, 1)).await;
    let open = fixture.draft("acme", "Late Riser", 2).await;
    fixture.issue(&open, TODAY).await;
    let paid = fixture.draft("acme", "Prompt Payer", 3).await;
    fixture.issue(&paid, TODAY).await;
    fixture.pay(&paid, "36.00", TODAY).await;
    let draft = fixture.draft("acme", "Draft", 4).await;
    fixture.draft("rival", "Early Bird", 5).await;
    fixture.projector.catch_up().await.unwrap();
    let number = Condition::Equals(NUMBER, "INV-2026-00002".into());
    let nobody = Condition::Any(Vec::new());
    for (conditions, expected) in [
        (vec![], vec![&draft, &paid, &open, &overdue]),
        (
            vec![status_condition(Status::Overdue, TODAY)],
            vec![&overdue],
        ),
        (vec![status_condition(Status::Open, TODAY)], vec![&open]),
        (vec![status_condition(Status::Paid, TODAY)], vec![&paid]),
        (vec![status_condition(Status::Draft, TODAY)], vec![&draft]),
        (
            vec![Condition::Equals(BUYER, "Early Bird".into())],
            vec![&overdue],
        ),
        (
            vec![Condition::Contains(SEARCH, "riser".to_owned())],
            vec![&open],
        ),
        (vec![number], vec![&open]),
        (vec![Condition::Absent(NUMBER)], vec![&draft]),
        (vec![nobody], vec![]),
    ] {
        let (found, page) = fixture
            .views
            .list::<Invoice>(&query(conditions))
            .await
            .unwrap();
        let streams: Vec<_> = found.iter().map(|loaded| &loaded.stream).collect();
        assert_eq!(streams, expected);
        assert_eq!(page.total, Some(expected.len() as u64));
    }
}

#[tokio::test]
async fn pages_cover_everything_once() {
    let fixture = Fixture::open().await;
    for units in 1..=25 {
        fixture.draft("acme", "Buyer", units).await;
    }
    fixture.projector.catch_up().await.unwrap();
    let mut seen = Vec::new();
    let mut query = query(Vec::new());
    loop {
        let page = fixture.store.list(&query).await.unwrap();
        seen.extend(
            page.documents
                .iter()
                .map(|document| document.created_position),
        );
        let Some(before) = page.next_before else {
            break;
        };
        query.before = Some(before);
    }
    let mut expected = seen.clone();
    expected.sort_unstable_by(|left, right| right.cmp(left));
    expected.dedup();
    assert_eq!(seen, expected);
    assert_eq!(seen.len(), 25);
}
