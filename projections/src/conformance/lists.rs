//! Lists: conditions, order, pages, counts, one tenant only; and the look-up across tenants.

use invoiceapp_domain::StreamKind;

use super::{Case, document, invoice, product, put, tenant, with_fields};
use crate::document::FieldValue;
use crate::query::{Condition, ListQuery, PAGE_BYTES_MAX, PAGE_DOCUMENTS_MAX, Page};
use crate::store::{Change, ViewStore};
use crate::views::invoice::{BALANCE, BUYER, NUMBER, SEARCH, STATE};
use crate::views::product::SKU;

pub(super) async fn all<S: ViewStore>(empty: &impl AsyncFn() -> Case<S>) {
    conditions_find_what_they_say(empty().await).await;
    a_list_has_the_newest_first_whatever_was_written_last(empty().await).await;
    pages_cover_everything_once_while_new_documents_arrive(empty().await).await;
    a_page_keeps_its_limits(empty().await).await;
    a_page_ends_where_its_documents_reach_the_most_bytes(empty().await).await;
    no_document_is_too_long_for_a_page(empty().await).await;
    the_count_is_of_all_that_match_and_not_of_the_page(empty().await).await;
    a_list_is_of_one_tenant_and_one_kind(empty().await).await;
    the_look_up_across_tenants_finds_every_tenants_and_keeps_its_limit(empty().await).await;
}

fn query(conditions: Vec<Condition>) -> ListQuery {
    ListQuery {
        tenant: tenant("acme"),
        kind: StreamKind::Invoice,
        conditions,
        before: None,
        limit: 10,
        count: false,
    }
}

async fn page<S: ViewStore>(case: &Case<S>, query: &ListQuery) -> Page {
    case.store.list(query).await.expect("list")
}

fn keys(page: &Page) -> Vec<&str> {
    let documents = page.documents.iter();
    documents
        .map(|document| document.stream.key.as_str())
        .collect()
}

/// An invoice whose key is a letter, created at a position.
fn with(key: &str, created_position: u64, values: &[(&str, FieldValue)]) -> Change {
    let stream = invoice(&tenant("acme"), key);
    put(with_fields(document(&stream, created_position, 1), values))
}

async fn conditions_find_what_they_say<S: ViewStore>(case: Case<S>) {
    case.write(vec![
        with("a", 1, &[(STATE, "open".into()), (BALANCE, (-5).into())]),
        with("b", 2, &[(STATE, "open".into()), (BALANCE, 100.into())]),
        with("c", 3, &[(STATE, "paid".into()), (BALANCE, 100.into())]),
        with(
            "d",
            4,
            &[(STATE, "Open".into()), (BALANCE, i64::MAX.into())],
        ),
        with("e", 5, &[(SEARCH, "50 % \"off\"_*\nÄpfel".into())]),
    ])
    .await;
    let balance = FieldValue::Integer;
    let contains = |text: &str| Condition::Contains(SEARCH, text.to_owned());
    let open = || Condition::Equals(STATE, "open".into());
    for (condition, expected) in [
        (open(), "ba"),
        (Condition::Equals(BALANCE, balance(100)), "cb"),
        (Condition::Equals(STATE, FieldValue::Absent), ""),
        (Condition::Equals("no such field", "open".into()), ""),
        (Condition::Below(BALANCE, balance(100)), "a"),
        (Condition::AtMost(BALANCE, balance(100)), "cba"),
        (Condition::AtLeast(BALANCE, balance(101)), "d"),
        (Condition::AtLeast(STATE, "open".into()), "cba"),
        (Condition::Absent(BALANCE), "e"),
        (contains("50 % \"off\"_*"), "e"),
        (contains("Äpfel"), "e"),
        (contains("äpfel"), ""),
        (contains("50%"), ""),
        (
            Condition::Any(vec![Condition::Absent(STATE), open()]),
            "eba",
        ),
        (Condition::Any(Vec::new()), ""),
        (Condition::All(Vec::new()), "edcba"),
        (
            Condition::All(vec![
                open(),
                Condition::Any(vec![
                    Condition::AtLeast(BALANCE, balance(1)),
                    Condition::Absent(BALANCE),
                ]),
            ]),
            "b",
        ),
    ] {
        let found = page(&case, &query(vec![condition.clone()])).await;
        assert_eq!(keys(&found).concat(), expected, "{condition:?}");
    }
    let both = query(vec![open(), Condition::AtLeast(BALANCE, balance(0))]);
    assert_eq!(keys(&page(&case, &both).await), ["b"], "all must hold");
}

async fn a_list_has_the_newest_first_whatever_was_written_last<S: ViewStore>(case: Case<S>) {
    case.write(vec![
        with("a", 10, &[]),
        with("c", 30, &[]),
        with("b", 20, &[]),
    ])
    .await;
    let oldest = invoice(&tenant("acme"), "a");
    case.write(vec![put(document(&oldest, 10, 2))]).await;
    assert_eq!(
        keys(&page(&case, &query(Vec::new())).await),
        ["c", "b", "a"]
    );
}

async fn pages_cover_everything_once_while_new_documents_arrive<S: ViewStore>(case: Case<S>) {
    let key = |position: u64| format!("{position:02}");
    let numbered = |positions: std::ops::RangeInclusive<u64>| {
        let numbered = positions.map(|position| with(&key(position), position, &[]));
        numbered.collect::<Vec<_>>()
    };
    case.write(numbered(1..=25)).await;
    let mut query = ListQuery {
        limit: 7,
        ..query(Vec::new())
    };
    let (mut seen, mut newest) = (Vec::new(), 25);
    loop {
        let page = page(&case, &query).await;
        seen.extend(keys(&page).into_iter().map(str::to_owned));
        query.before = page.next_before;
        if query.before.is_none() {
            break;
        }
        assert_eq!(page.documents.len(), 7, "only the last page is short");
        newest += 1;
        case.write(numbered(newest..=newest)).await;
    }
    let expected: Vec<_> = (1..=25).rev().map(key).collect();
    assert_eq!(seen, expected);
}

async fn a_page_keeps_its_limits<S: ViewStore>(case: Case<S>) {
    let most = usize::try_from(PAGE_DOCUMENTS_MAX).expect("fits");
    let documents = (1..=u64::from(PAGE_DOCUMENTS_MAX) + 1).map(|n| with(&n.to_string(), n, &[]));
    case.write(documents.collect()).await;
    for (limit, expected) in [(0, 1), (1, 1), (PAGE_DOCUMENTS_MAX, most), (u32::MAX, most)] {
        let query = ListQuery {
            limit,
            ..query(Vec::new())
        };
        let page = page(&case, &query).await;
        assert_eq!(page.documents.len(), expected);
        assert!(page.next_before.is_some());
    }
}

/// An invoice of so many bytes, in characters of two bytes each as far as that goes.
fn sized(key: &str, created_position: u64, bytes: usize) -> Change {
    let mut change = with(key, created_position, &[(STATE, "open".into())]);
    let frame = "{\"text\":\"\"}".len();
    let (pairs, rest) = ((bytes - frame) / 2, (bytes - frame) % 2);
    let text = "é".repeat(pairs) + &"x".repeat(rest);
    change.document.json = format!("{{\"text\":\"{text}\"}}");
    assert_eq!(change.document.json.len(), bytes);
    change
}

/// The keys of every page of the open invoices.
async fn pages<S: ViewStore>(case: &Case<S>, limit: u32) -> Vec<String> {
    let mut query = ListQuery {
        limit,
        count: true,
        ..query(vec![Condition::Equals(STATE, "open".into())])
    };
    let mut pages = Vec::new();
    loop {
        let page = page(case, &query).await;
        pages.push(keys(&page).concat());
        assert_eq!(page.total, Some(6), "the count is of all");
        query.before = page.next_before;
        if query.before.is_none() {
            return pages;
        }
    }
}

async fn a_page_ends_where_its_documents_reach_the_most_bytes<S: ViewStore>(case: Case<S>) {
    let half = PAGE_BYTES_MAX / 2;
    let sizes = [half + 1, half, half, half + 1, half, half - 1];
    let changes = (1..).zip(["a", "b", "c", "d", "e", "f"]).zip(sizes);
    let changes = changes.map(|((position, key), bytes)| sized(key, position, bytes));
    case.write(changes.collect()).await;
    // Two halves are a whole page; one byte more is one too many.
    assert_eq!(pages(&case, 10).await, ["fe", "d", "cb", "a"]);
    assert_eq!(pages(&case, 1).await, ["f", "e", "d", "c", "b", "a"]);
}

async fn no_document_is_too_long_for_a_page<S: ViewStore>(case: Case<S>) {
    let too_long = PAGE_BYTES_MAX + 1;
    let sizes = [too_long, 100, 100, too_long, too_long, 100];
    let changes = (1..).zip(["a", "b", "c", "d", "e", "f"]).zip(sizes);
    let changes = changes.map(|((position, key), bytes)| sized(key, position, bytes));
    case.write(changes.collect()).await;
    assert_eq!(pages(&case, 10).await, ["f", "e", "d", "cb", "a"]);
}

async fn the_count_is_of_all_that_match_and_not_of_the_page<S: ViewStore>(case: Case<S>) {
    let documents = (1..=9).map(|n| {
        let state = if n % 3 == 0 { "paid" } else { "open" };
        with(&n.to_string(), n, &[(STATE, state.into())])
    });
    case.write(documents.collect()).await;
    let mut query = ListQuery {
        limit: 2,
        count: true,
        ..query(vec![Condition::Equals(STATE, "open".into())])
    };
    let first = page(&case, &query).await;
    assert_eq!((keys(&first), first.total), (vec!["8", "7"], Some(6)));
    query.before = first.next_before;
    let second = page(&case, &query).await;
    assert_eq!((keys(&second), second.total), (vec!["5", "4"], Some(6)));
    query.count = false;
    assert_eq!(page(&case, &query).await.total, None);
    query.conditions = vec![Condition::Any(Vec::new())];
    query.count = true;
    assert_eq!(page(&case, &query).await.total, Some(0));
}

async fn a_list_is_of_one_tenant_and_one_kind<S: ViewStore>(case: Case<S>) {
    let rival = invoice(&tenant("rival"), "theirs");
    let lamp = product(&tenant("acme"), "lamp");
    case.write(vec![
        with("mine", 1, &[(NUMBER, "X-1".into())]),
        put(with_fields(
            document(&rival, 2, 1),
            &[(NUMBER, "X-1".into())],
        )),
        put(with_fields(document(&lamp, 3, 1), &[(SKU, "X-1".into())])),
    ])
    .await;
    for conditions in [vec![], vec![Condition::Equals(NUMBER, "X-1".into())]] {
        let query = ListQuery {
            count: true,
            ..query(conditions)
        };
        let page = page(&case, &query).await;
        assert_eq!((keys(&page), page.total), (vec!["mine"], Some(1)));
    }
}

async fn the_look_up_across_tenants_finds_every_tenants_and_keeps_its_limit<S: ViewStore>(
    case: Case<S>,
) {
    let tenants = ["acme", "mine", "rival"].map(tenant);
    let changes = (1..).zip(&tenants).flat_map(|(n, tenant)| {
        let shared = with_fields(
            document(&product(tenant, "shared"), n, 1),
            &[(SKU, "SHARED".into())],
        );
        let other = with_fields(
            document(&product(tenant, "other"), n + 10, 1),
            &[(SKU, "shared".into())],
        );
        let elsewhere = with_fields(
            document(&invoice(tenant, "invoice"), n + 20, 1),
            &[(NUMBER, "SHARED".into()), (BUYER, "SHARED".into())],
        );
        [put(shared), put(other), put(elsewhere)]
    });
    case.write(changes.collect()).await;
    let found = async |value: FieldValue, limit| {
        let found = case
            .store
            .across_tenants(StreamKind::Product, SKU, &value, limit)
            .await
            .expect("across tenants");
        let mut streams: Vec<_> = found.into_iter().map(|document| document.stream).collect();
        streams.sort();
        streams
    };
    let expected = tenants.each_ref().map(|tenant| product(tenant, "shared"));
    assert_eq!(found("SHARED".into(), 10).await, expected);
    assert_eq!(found("SHARED".into(), 2).await.len(), 2);
    assert!(found("nobody's".into(), 10).await.is_empty());
    assert!(found(FieldValue::Absent, 10).await.is_empty());
}
