//! The numbers of a series are 1..n, and each is the number that was answered.

use std::collections::BTreeMap;

use super::Expected;

impl Expected<'_> {
    pub(super) async fn numbers_are_dense(&self) {
        let mut registered = BTreeMap::new();
        let mut sequences = Vec::new();
        let mut path = "/number-series/INV/numbers?limit=200".to_owned();
        loop {
            let page = self.client.get(&path).await.expect(200);
            for row in page["data"].as_array().unwrap() {
                let text = |field: &str| row[field].as_str().unwrap().to_owned();
                registered.insert(text("invoice_id"), text("number"));
                sequences.push(row["sequence"].as_u64().unwrap());
            }
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!("/number-series/INV/numbers?limit=200&cursor={cursor}");
        }
        assert!(sequences.iter().copied().eq(1..=self.sent.len() as u64));
        let answered: BTreeMap<_, _> = self
            .sent
            .iter()
            .map(|sent| (sent.id.clone(), sent.number.clone()))
            .collect();
        assert_eq!(registered, answered);
    }
}
