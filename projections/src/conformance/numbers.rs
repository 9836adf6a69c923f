//! The number register: every number once, in order, with what became of it.

use invoiceapp_domain::TenantId;
use invoiceapp_domain::invoice::{DocumentStatus, SettlementStatus};
use invoiceapp_domain::text::SeriesCode;
use jiff::civil::date;

use super::{Case, document, invoice, put, tenant};
use crate::register::{
    PAGE_NUMBERS_MAX, RegisterPage, RegisterPlace, RegisterQuery, RegisteredNumber,
};
use crate::store::{Change, ViewStore};

pub(super) async fn all<S: ViewStore>(empty: &impl AsyncFn() -> Case<S>) {
    numbers_stand_in_the_order_of_their_series(empty().await).await;
    what_became_of_a_number_takes_the_place_of_what_was_known(empty().await).await;
    a_repeated_or_stale_write_does_not_change_the_register(empty().await).await;
    a_number_on_two_documents_shows_twice(empty().await).await;
    pages_of_the_register_cover_everything_once(empty().await).await;
    a_page_of_the_register_keeps_its_limits(empty().await).await;
    a_register_is_of_one_tenant_and_one_series(empty().await).await;
    the_last_number_of_each_series_is_found(empty().await).await;
}

fn series(code: &str) -> SeriesCode {
    SeriesCode::parse(code).expect("a series code")
}

fn entry(tenant: &TenantId, code: &str, period: &str, sequence: u64) -> RegisteredNumber {
    RegisteredNumber {
        tenant: tenant.clone(),
        series: series(code),
        place: RegisterPlace {
            period: period.to_owned(),
            sequence,
            invoice_id: format!("{code}-{period}-{sequence}"),
        },
        number: format!("{code}/{period}/{sequence}"),
        issue_date: date(2026, 11, 22),
        document_status: DocumentStatus::Issued,
        settlement_status: SettlementStatus::Unpaid,
        position: sequence,
    }
}

/// A version of the invoice that has a number, created at a position.
fn change(number: &RegisteredNumber, created_position: u64, version: u64) -> Change {
    let stream = invoice(&number.tenant, &number.place.invoice_id);
    Change {
        number: Some(number.clone()),
        ..put(document(&stream, created_position, version))
    }
}

async fn enter<S: ViewStore>(case: &Case<S>, numbers: &[RegisteredNumber]) {
    let changes = (1..).zip(numbers);
    case.write(changes.map(|(at, it)| change(it, at, 1)).collect())
        .await;
}

fn query(limit: u32) -> RegisterQuery {
    RegisterQuery {
        tenant: tenant("acme"),
        series: series("INV"),
        after: None,
        limit,
        count: false,
    }
}

async fn page<S: ViewStore>(case: &Case<S>, query: &RegisterQuery) -> RegisterPage {
    case.store.register(query).await.expect("register")
}

async fn numbers_stand_in_the_order_of_their_series<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    assert_eq!(page(&case, &query(10)).await.numbers, []);
    let number = |period, sequence| entry(&acme, "INV", period, sequence);
    let in_order = [
        number("2025", 1),
        number("2025", 2),
        number("2025", 10),
        number("2026", 1),
        number("2026", 999_999_999_999),
    ];
    let mut written = in_order.clone();
    written.reverse();
    enter(&case, &written).await;
    let found = page(&case, &query(10)).await;
    assert_eq!(found.numbers, in_order);
    assert_eq!((found.next_after, found.total), (None, None));
}

async fn what_became_of_a_number_takes_the_place_of_what_was_known<S: ViewStore>(case: Case<S>) {
    let mut number = entry(&tenant("acme"), "INV", "", 1);
    case.write(vec![change(&number, 1, 1)]).await;
    number.settlement_status = SettlementStatus::PartiallyPaid;
    number.position = 20;
    case.write(vec![change(&number, 1, 2)]).await;
    assert_eq!(page(&case, &query(10)).await.numbers, [number.clone()]);
    number.document_status = DocumentStatus::Voided;
    number.position = 30;
    case.write(vec![change(&number, 1, 3)]).await;
    assert_eq!(page(&case, &query(10)).await.numbers, [number]);
}

async fn a_repeated_or_stale_write_does_not_change_the_register<S: ViewStore>(case: Case<S>) {
    let mut number = entry(&tenant("acme"), "INV", "", 1);
    case.write(vec![change(&number, 1, 1)]).await;
    case.write(vec![change(&number, 1, 2)]).await;
    let known = number.clone();
    number.settlement_status = SettlementStatus::Paid;
    for version in [1, 2] {
        case.write(vec![change(&number, 1, version)]).await;
    }
    assert_eq!(page(&case, &query(10)).await.numbers, [known]);
}

async fn a_number_on_two_documents_shows_twice<S: ViewStore>(case: Case<S>) {
    let number = entry(&tenant("acme"), "INV", "2026", 1);
    let mut twin = number.clone();
    "z-other".clone_into(&mut twin.place.invoice_id);
    enter(&case, &[number.clone(), twin.clone()]).await;
    let first = page(&case, &query(1)).await;
    assert_eq!(first.numbers, [number]);
    let rest = RegisterQuery {
        after: first.next_after,
        ..query(1)
    };
    assert_eq!(page(&case, &rest).await.numbers, [twin]);
}

async fn pages_of_the_register_cover_everything_once<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let places = ["2026-08", "2026-09", "2026-10"]
        .into_iter()
        .flat_map(|period| (1..=7).map(move |sequence| (period, sequence)));
    let all: Vec<_> = places
        .map(|(period, sequence)| entry(&acme, "INV", period, sequence))
        .collect();
    enter(&case, &all).await;
    let mut query = RegisterQuery {
        count: true,
        ..query(5)
    };
    let mut seen = Vec::new();
    loop {
        let page = page(&case, &query).await;
        assert_eq!(page.total, Some(21));
        seen.extend(page.numbers);
        query.after = page.next_after;
        if query.after.is_none() {
            break;
        }
        assert_eq!(seen.len() % 5, 0, "only the last page is short");
    }
    assert_eq!(seen, all);
}

async fn a_page_of_the_register_keeps_its_limits<S: ViewStore>(case: Case<S>) {
    let (acme, most) = (tenant("acme"), u64::from(PAGE_NUMBERS_MAX));
    let all: Vec<_> = (1..=most + 1).map(|n| entry(&acme, "INV", "", n)).collect();
    enter(&case, &all).await;
    for (limit, expected) in [(0, 1), (1, 1), (PAGE_NUMBERS_MAX, most), (u32::MAX, most)] {
        let page = page(&case, &query(limit)).await;
        let last = page.numbers.last().map(|number| number.place.clone());
        assert_eq!(page.next_after, last);
        assert_eq!(last.map(|place| place.sequence), Some(expected));
    }
}

async fn a_register_is_of_one_tenant_and_one_series<S: ViewStore>(case: Case<S>) {
    let mine = entry(&tenant("acme"), "INV", "2026", 1);
    let other = entry(&tenant("acme"), "CN", "2026", 1);
    let theirs = entry(&tenant("rival"), "INV", "2026", 2);
    enter(&case, &[mine.clone(), other, theirs]).await;
    let query = RegisterQuery {
        count: true,
        ..query(10)
    };
    let found = page(&case, &query).await;
    assert_eq!((found.numbers, found.total), (vec![mine], Some(1)));
}

async fn the_last_number_of_each_series_is_found<S: ViewStore>(case: Case<S>) {
    let (acme, rival) = (tenant("acme"), tenant("rival"));
    enter(
        &case,
        &[
            entry(&acme, "INV", "2025", 900),
            entry(&acme, "INV", "2026", 9),
            entry(&acme, "INV", "2026", 10),
            entry(&acme, "CN", "", 3),
            entry(&acme, "SHOP", "", 4),
            entry(&rival, "INV", "2027", 1),
        ],
    )
    .await;
    let asked = ["CN", "INV", "NEVER-USED"].map(series);
    let last = async |asked: &[SeriesCode]| {
        let found = case.store.last_numbers(&acme, asked).await;
        let mut found = found.expect("last numbers");
        found.sort_by(|left, right| left.series.as_str().cmp(right.series.as_str()));
        found
    };
    let expected = [entry(&acme, "CN", "", 3), entry(&acme, "INV", "2026", 10)];
    assert_eq!(last(&asked).await, expected);
    assert_eq!(last(&[]).await, []);
}
