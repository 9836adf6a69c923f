//! `If-Match` (RFC 9110 section 13.1.1) at every command, whatever service it belongs to.

use std::collections::BTreeSet;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Answer, Client, draft, id, organization};
use crate::system::{System, Way};

/// More versions than anything in these tests comes to.
const VERSIONS: std::ops::RangeInclusive<u64> = 1..=60;

/// Tags of every version that there may be, each with this in front.
fn tags(prefix: &str) -> String {
    let tags: Vec<String> = VERSIONS.map(|it| format!("{prefix}\"{it}\"")).collect();
    tags.join(", ")
}

/// Every command that was tried under a condition, as the API's description names it.
struct Tried<'a> {
    admin: &'a Client,
    commands: BTreeSet<String>,
}

impl Tried<'_> {
    async fn send(&self, command: &(Method, String, Value), tags: Option<&str>) -> Answer {
        let (method, path, body) = command;
        let mut request = self.admin.request(method.clone(), path);
        if let Some(tags) = tags {
            request = request.header("If-Match", tags);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        self.admin.send(request).await
    }

    /// Refused under every condition that does not hold.
    async fn refused(&self, command: &(Method, String, Value), nothing_matches: &[&str]) {
        for unreadable in ["7", "*, \"1\"", "\"1\" \"2\"", ""] {
            let answer = self.send(command, Some(unreadable)).await;
            let problem = answer.expect_problem(400, "invalid_value");
            assert_eq!(problem["errors"][0]["header"], "If-Match", "{command:?}");
        }
        for tags in nothing_matches {
            let answer = self.send(command, Some(tags)).await;
            answer.expect_problem(412, "version_mismatch");
        }
    }

    /// A command on what exists: a condition that holds lets it happen.
    async fn on(&mut self, template: &str, command: (Method, String, Value)) -> Value {
        let no_version = "\"999999\", \"01\", \"abc\"";
        self.refused(&command, &[no_version, &tags("W/")]).await;
        let strong = tags("");
        let first_of_two = self.commands.len().is_multiple_of(2);
        let holds = if first_of_two { "*" } else { &strong };
        let answer = self.send(&command, Some(holds)).await;
        assert!(answer.status.is_success(), "{command:?}: {answer:?}");
        self.done(template, &command, answer)
    }

    /// A command that makes something: no version of that is there to be named.
    async fn making(&mut self, template: &str, body: Value) -> Value {
        let command = (Method::POST, template.to_owned(), body);
        self.refused(&command, &["*", &tags(""), &tags("W/")]).await;
        let answer = self.send(&command, None).await;
        assert_eq!(answer.status, 201, "{command:?}: {answer:?}");
        self.done(template, &command, answer)
    }

    fn done(&mut self, template: &str, command: &(Method, String, Value), answer: Answer) -> Value {
        let method = command.0.as_str().to_ascii_lowercase();
        self.commands.insert(format!("{method} {template}"));
        if answer.bytes.is_empty() {
            Value::Null
        } else {
            answer.json()
        }
    }
}

/// What the API's description calls a command: everything that takes `If-Match`.
async fn described(admin: &Client) -> BTreeSet<String> {
    let document = admin.get("/openapi.json").await.expect(200);
    let mut commands = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let takes = operation["parameters"].to_string().contains("If-Match");
            if let Some(path) = path.strip_prefix("/api/v1").filter(|_| takes) {
                commands.insert(format!("{method} {path}"));
            }
        }
    }
    commands
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn every_command_stands_on_the_versions_that_its_client_names(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    admin.put("/organization", organization()).await.expect(200);
    let mut tried = Tried {
        admin: &admin,
        commands: BTreeSet::new(),
    };
    let describe = (Method::PUT, "/organization".to_owned(), organization());
    tried.on("/organization", describe).await;
    invoices(&mut tried).await;
    products(&mut tried).await;
    users_and_roles(&mut tried, &server).await;
    let series =
        json!({"code": "SHOP", "template": "S{SEQ:4}", "reset": "never", "for": "invoice"});
    tried.making("/number-series", series).await;
    // An upload is no JSON; its own tests have it.
    tried.commands.insert("post /media".to_owned());
    assert_eq!(tried.commands, described(&admin).await);
}

async fn invoices(tried: &mut Tried<'_>) {
    let invoice = tried.making("/invoices", draft()).await;
    let path = format!("/invoices/{}", id(&invoice));
    let note = json!({"note": "changed"});
    let change = (Method::PATCH, path.clone(), note);
    tried.on("/invoices/{id}", change).await;
    let line = draft()["lines"][0].clone();
    let add = (Method::POST, format!("{path}/lines"), line.clone());
    let changed = tried.on("/invoices/{id}/lines", add).await;
    let line_path = format!("{path}/lines/{}", id(&changed["lines"][1]));
    let template = "/invoices/{id}/lines/{line_id}";
    let replace = (Method::PUT, line_path.clone(), line);
    tried.on(template, replace).await;
    let remove = (Method::DELETE, line_path, Value::Null);
    tried.on(template, remove).await;
    let issue = (Method::POST, format!("{path}/issue"), json!({}));
    tried.on("/invoices/{id}/issue", issue).await;
    let today = json!({"amount": "1.00", "paid_on": "2020-01-20", "method": "cash"});
    let pay = (Method::POST, format!("{path}/payments"), today);
    let paid = tried.on("/invoices/{id}/payments", pay).await;
    let payment = format!("{path}/payments/{}", id(&paid["payments"][0]));
    let reverse = (Method::DELETE, payment, Value::Null);
    let template = "/invoices/{id}/payments/{payment_id}";
    tried.on(template, reverse).await;
    let send = (Method::POST, format!("{path}/send"), json!({}));
    tried.on("/invoices/{id}/send", send).await;
    let other = tried.admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}/discard", id(&other));
    let discard = (Method::POST, path, json!({}));
    tried.on("/invoices/{id}/discard", discard).await;
}

async fn products(tried: &mut Tried<'_>) {
    let price = json!({"currency": "EUR", "unit_price": "49.90"});
    let body = json!({
        "sku": "CHAIR-1", "name": "Chair", "vat": {"category": "S", "rate": "19"},
        "prices": [price]
    });
    let product = tried.making("/products", body).await;
    let path = format!("/products/{}", id(&product));
    let change = (Method::PATCH, path.clone(), json!({"name": "Stool"}));
    tried.on("/products/{id}", change).await;
    let set_price = (Method::POST, format!("{path}/prices"), price);
    tried.on("/products/{id}/prices", set_price).await;
    let archive = (Method::DELETE, path.clone(), Value::Null);
    tried.on("/products/{id}", archive).await;
    let restore = (Method::POST, format!("{path}/restore"), Value::Null);
    tried.on("/products/{id}/restore", restore).await;
}

async fn users_and_roles(tried: &mut Tried<'_>, server: &System) {
    let role = json!({"code": "clerk", "name": "Clerk", "permissions": ["invoice.get_all"]});
    tried.making("/roles", role).await;
    let user = json!({"email": server.address("ada"), "first_name": "Ada", "last_name": "Byron"});
    let user = tried.making("/users", user).await;
    let path = format!("/users/{}", id(&user));
    let change = (
        Method::PATCH,
        path.clone(),
        json!({"first_name": "Augusta"}),
    );
    tried.on("/users/{id}", change).await;
    let assigned = format!("{path}/roles/clerk");
    for method in [Method::PUT, Method::DELETE] {
        let command = (method, assigned.clone(), Value::Null);
        tried.on("/users/{id}/roles/{code}", command).await;
    }
    let disable = (Method::DELETE, path.clone(), Value::Null);
    tried.on("/users/{id}", disable).await;
    let enable = (Method::POST, format!("{path}/enable"), Value::Null);
    tried.on("/users/{id}/enable", enable).await;
    let change = (
        Method::PATCH,
        "/roles/clerk".to_owned(),
        json!({"name": "Scribe"}),
    );
    tried.on("/roles/{code}", change).await;
    let remove = (Method::DELETE, "/roles/clerk".to_owned(), Value::Null);
    tried.on("/roles/{code}", remove).await;
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn what_is_unknown_stays_unknown_under_every_condition(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let unknown = "0190b5a0-0000-7000-8000-000000000000";
    for path in [
        format!("/invoices/{unknown}/issue"),
        format!("/invoices/{unknown}/discard"),
        format!("/products/{unknown}/restore"),
        format!("/users/{unknown}/enable"),
    ] {
        for tags in ["*", "\"1\"", "W/\"1\""] {
            let request = admin.request(Method::POST, &path).header("If-Match", tags);
            let answer = admin.send(request).await;
            answer.expect_problem(404, "not_found");
        }
    }
}
