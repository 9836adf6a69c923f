//! What reading costs a client: pages near and far, filters, single documents, counters.

use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::table::Table;
use crate::{FAR_PAGE, PAGE_LENGTH};

/// Rounds that are measured; one more before them is thrown away.
const ROUNDS: usize = 41;
/// Requests of a kind in a round; their sum is the round's value.
const REQUESTS: u32 = 5;

struct Contender {
    name: &'static str,
    path: String,
    /// Per request, one for each round.
    values: Vec<Duration>,
}

impl Contender {
    fn new(name: &'static str, path: impl Into<String>) -> Self {
        Self {
            name,
            path: path.into(),
            values: Vec::new(),
        }
    }
}

/// Measures all kinds of requests in paired rounds.
pub(crate) async fn measure(client: &Client, table: &mut Table) {
    let first = format!("/invoices?limit={PAGE_LENGTH}");
    let far = far_page(client, &first).await;
    let document = client.get(&far).await;
    let id = document["data"][0]["id"].as_str().expect("an invoice");
    let mut contenders = [
        Contender::new("list, page 1", &first),
        Contender::new("list, page 1, again", &first),
        Contender::new("list, page 1,000", &far),
        Contender::new("list of those overdue", format!("{first}&status=overdue")),
        Contender::new(
            "list by a buyer, one in 500",
            format!("{first}&buyer=Buyer%20250%20GmbH"),
        ),
        Contender::new(
            "list by text, found nowhere",
            format!("{first}&q=found%20nowhere"),
        ),
        Contender::new("one invoice", format!("/invoices/{id}")),
        Contender::new("dashboard", "/dashboard"),
    ];
    for round in 0..=ROUNDS {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let contender = &mut contenders[index];
            let mut sum = Duration::ZERO;
            for _ in 0..REQUESTS {
                sum += client.time(&contender.path).await;
            }
            if round > 0 {
                contender.values.push(sum / REQUESTS);
            }
        }
    }
    let [near, again, far, ..] = &contenders;
    let ratio = (
        "page 1,000 to page 1, in each round",
        "1.50",
        &far.values,
        &near.values,
    );
    table.ratios(ratio.0, ratio.1, ratio.2, ratio.3);
    table.ratios(
        "page 1 to page 1, in each round",
        "",
        &again.values,
        &near.values,
    );
    for contender in &mut contenders {
        table.durations(contender.name, "", &mut contender.values);
    }
}

/// Goes from page to page as a client has to, and returns the far page's path.
async fn far_page(client: &Client, first: &str) -> String {
    let mut path = first.to_owned();
    for _ in 1..FAR_PAGE {
        let page = client.get(&path).await;
        assert_eq!(page["data"].as_array().map(Vec::len), Some(PAGE_LENGTH));
        let Value::String(cursor) = &page["next_cursor"] else {
            panic!("the list ends before page {FAR_PAGE}");
        };
        path = format!("{first}&cursor={cursor}");
    }
    path
}
