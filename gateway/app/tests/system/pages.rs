//! Pages: a cursor goes with one list, and a page of large documents ends early.

use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Client, draft, id, organization};
use crate::system::{System, Way};

async fn next_cursor(client: &Client, path: &str, token: &str) -> String {
    let page = client.get_after(path, token).await.expect(200);
    let cursor = page["next_cursor"].as_str();
    cursor
        .unwrap_or_else(|| panic!("{path}: {page}"))
        .to_owned()
}

/// Two entries for every list that there is; the paths, and the position of the last entry.
async fn filled(admin: &Client) -> (Vec<String>, String) {
    admin.put("/organization", organization()).await.expect(200);
    let mut paths: Vec<String> = Vec::new();
    let mut token = String::new();
    for place in 0..2 {
        let invoice = admin.post("/invoices", draft()).await.expect(201);
        let issued = format!("/invoices/{}", id(&invoice));
        let issue = admin.post(&format!("{issued}/issue"), json!({})).await;
        issue.expect(200);
        let body = json!({
            "sku": format!("CHAIR-{place}"), "name": "Chair",
            "vat": {"category": "S", "rate": "19"},
            "prices": [{"currency": "EUR", "unit_price": "49.90"}]
        });
        let product = admin.post("/products", body).await.expect(201);
        let prices = format!("/products/{}/prices", id(&product));
        let price = json!({"currency": "EUR", "unit_price": "59.90"});
        admin.post(&prices, price).await.expect(201);
        let email = format!("clerk-{}@example.org", id(&product));
        let body = json!({"email": email, "first_name": "Ada", "last_name": "Byron"});
        let user = admin.post("/users", body).await;
        user.header("consistency-token").clone_into(&mut token);
        user.expect(201);
        paths = vec![prices, format!("{issued}/history")];
    }
    let others = [
        "/invoices",
        "/products",
        "/users",
        "/roles",
        "/number-series",
        "/number-series/INV/numbers",
    ];
    paths.extend(others.map(str::to_owned));
    (paths, token)
}

/// What tells the entries of a list apart, whichever list it is.
fn names(page: &Value) -> Vec<String> {
    let name = |row: &Value| {
        let fields = ["id", "code", "number", "version"];
        let name = fields.iter().find_map(|field| row.get(field));
        name.unwrap().to_string()
    };
    page["data"].as_array().unwrap().iter().map(name).collect()
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn every_list_is_counted_and_paged_alike(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let (paths, token) = filled(&admin).await;
    for path in &paths {
        let counted = format!("{path}?limit=200&count=true");
        let whole = admin.get_after(&counted, &token).await.expect(200);
        let expected = names(&whole);
        assert_eq!(whole["total"], expected.len(), "{path}");
        assert_eq!(whole["next_cursor"], Value::Null, "{path}");
        let (mut paged, mut next) = (Vec::new(), format!("{path}?limit=1"));
        loop {
            let page = admin.get(&next).await.expect(200);
            assert_eq!(page.get("total"), None);
            paged.extend(names(&page));
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            next = format!("{path}?limit=1&cursor={cursor}");
        }
        // A history may have gone on meanwhile: its document is rendered.
        assert!(paged.starts_with(&expected), "{path}: {paged:?}");
        let is_all = paged.len() == expected.len() || path.ends_with("/history");
        assert!(is_all, "{path}: {paged:?}");
    }
    let prices = paths.first().unwrap();
    let newest = admin.get(&format!("{prices}?limit=1")).await.expect(200);
    assert_eq!(newest["data"][0]["version"], 2);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_cursor_goes_with_the_list_that_it_came_from(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let (paths, token) = filled(&admin).await;
    let mut cursors = Vec::new();
    for path in &paths {
        cursors.push(next_cursor(&admin, &format!("{path}?limit=1"), &token).await);
    }
    for (path, own) in paths.iter().zip(&cursors) {
        for cursor in &cursors {
            let answer = admin.get(&format!("{path}?cursor={cursor}")).await;
            if cursor == own {
                answer.expect(200);
                continue;
            }
            let problem = answer.expect_problem(400, "invalid_value");
            assert_eq!(problem["errors"][0]["parameter"], "cursor", "{path}");
        }
    }
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_cursor_goes_with_the_filters_that_it_was_made_for(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let (_, token) = filled(&admin).await;
    for (list, own, other) in [
        ("/invoices", "status=open&currency=EUR", "status=open"),
        ("/invoices", "currency=EUR", "currency=USD"),
        ("/invoices", "q=inv", "number=inv"),
        ("/products", "q=chair", "q=CHAIR"),
        ("/users", "active=true", "active=false"),
    ] {
        let cursor = next_cursor(&admin, &format!("{list}?{own}&limit=1"), &token).await;
        for more in ["", "&limit=7", "&count=true"] {
            let path = format!("{list}?cursor={cursor}&{own}{more}");
            admin.get(&path).await.expect(200);
        }
        for path in [list.to_owned(), format!("{list}?{other}")] {
            let mark = if path.contains('?') { '&' } else { '?' };
            let answer = admin.get(&format!("{path}{mark}cursor={cursor}")).await;
            answer.expect_problem(400, "invalid_value");
        }
    }
}

/// A draft near the longest body of a command.
fn long_draft() -> Value {
    let mut body = draft();
    body["lines"][0]["description"] = json!("x".repeat(5_000));
    body["lines"] = json!(vec![body["lines"][0].clone(); 45]);
    body
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_page_of_long_documents_ends_early_and_none_is_left_out(#[case] way: Way) {
    const DOCUMENTS: usize = 24;
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let (mut created, mut token) = (Vec::new(), String::new());
    for _ in 0..DOCUMENTS {
        let answer = admin.post("/invoices", long_draft()).await;
        answer.header("consistency-token").clone_into(&mut token);
        created.push(id(&answer.expect(201)).to_owned());
    }
    created.reverse();
    let (mut seen, mut lengths) = (Vec::new(), Vec::new());
    let mut path = "/invoices?limit=200".to_owned();
    loop {
        let page = admin.get_after(&path, &token).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        lengths.push(rows.len());
        seen.extend(rows.iter().map(|row| id(row).to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/invoices?limit=200&cursor={cursor}");
    }
    assert_eq!(seen, created);
    assert!(lengths.len() > 1, "{lengths:?}");
    assert!(lengths[0] > 10, "{lengths:?}");
}
