//! What arrived at the stack's mail server, read through its API.

use serde_json::Value;

/// Most mails that are asked for at once.
const PAGE: usize = 500;

/// A mail as the server keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) message_id: String,
    pub(crate) to: String,
}

/// Every mail to an address of a tenant.
pub(crate) async fn received(tenant: &str) -> Vec<Received> {
    let mut found = Vec::new();
    loop {
        let query = format!(
            "/api/v1/search?query=to:{tenant}.example&limit={PAGE}&start={}",
            found.len()
        );
        let page: Value = serde_json::from_slice(&get(&query).await).unwrap();
        let messages = page["messages"].as_array().unwrap();
        found.extend(messages.iter().map(|message| Received {
            id: text(&message["ID"]),
            message_id: text(&message["MessageID"]),
            to: text(&message["To"][0]["Address"]),
        }));
        if messages.len() < PAGE {
            return found;
        }
    }
}

/// A mail, whole.
pub(crate) async fn raw(mail: &Received) -> Vec<u8> {
    get(&format!("/api/v1/message/{}/raw", mail.id)).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn get(path: &str) -> Vec<u8> {
    let address = format!("{}{path}", invoiceapp_parts::mailpit_url());
    let answer = reqwest::get(address).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.bytes().await.unwrap().to_vec()
}
