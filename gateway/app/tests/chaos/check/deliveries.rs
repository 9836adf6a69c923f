//! Each invoice that was sent has its document, and each recipient has the mail.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Expected, until_nothing_is_missing};
use crate::inbox;

/// Whether a mail may have come twice, or be recorded as uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The mail server and who speaks to it were there all the time.
    None,
    /// The connection to the mail server may have been cut between a message and its answer.
    Possible,
}

impl Expected<'_> {
    pub(super) async fn every_delivery_has_its_mail(&self, repeats: Repeats) {
        until_nothing_is_missing("deliveries", async || self.undelivered(repeats).await).await;
        let mut uncertain = BTreeSet::new();
        for sent in &self.sent {
            let document = self.document(&sent.id).await;
            if document["delivery_status"] != "sent" {
                uncertain.insert(sent.recipient.clone());
            }
        }
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for mail in inbox::received(&self.tenant).await {
            ids.entry(mail.to).or_default().push(mail.message_id);
        }
        for sent in &self.sent {
            let mails = ids.remove(&sent.recipient).unwrap_or_default();
            let distinct: BTreeSet<_> = mails.iter().collect();
            assert!(distinct.len() <= 1, "one Message-ID: {mails:?}");
            let count_is_right = match repeats {
                Repeats::None => mails.len() == 1,
                Repeats::Possible => !mails.is_empty() || uncertain.contains(&sent.recipient),
            };
            assert!(count_is_right, "{sent:?}: {mails:?}");
        }
        assert!(ids.is_empty(), "nobody asked for these: {ids:?}");
    }

    /// Says how many deliveries are not decided yet, and one of them.
    async fn undelivered(&self, repeats: Repeats) -> Option<String> {
        let mut open = Vec::new();
        for sent in &self.sent {
            let document = self.document(&sent.id).await;
            let status = &document["delivery_status"];
            let is_decided =
                *status == "sent" || (repeats == Repeats::Possible && *status == "uncertain");
            if !is_decided {
                open.push(format!("{} is {status}", sent.id));
            }
        }
        let first = open.first()?;
        Some(format!("{} of {}: {first}", open.len(), self.sent.len()))
    }

    pub(super) async fn every_invoice_has_its_document(&self) {
        for sent in &self.sent {
            let pdf = self.client.get(&format!("/invoices/{}/pdf", sent.id)).await;
            assert_eq!(pdf.status, 200, "{sent:?}: {pdf:?}");
            assert!(pdf.bytes.starts_with(b"%PDF-"), "{sent:?}");
        }
    }

    /// The invoice as queries see it; null while it cannot be read.
    async fn document(&self, id: &str) -> Value {
        let answer = self.client.get(&format!("/invoices/{id}")).await;
        if answer.status == 200 {
            answer.json()
        } else {
            Value::Null
        }
    }
}
