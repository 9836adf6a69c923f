//! scratch
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::*;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn scratch_speed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let store = SqliteViewStore::open(&path).await.unwrap();
    let tenant = TenantId::parse("acme").unwrap();
    for batch in 0..20_u64 {
        let mut changes = Changes::default();
        for n in 0..500_u64 {
            let position = batch * 500 + n + 1;
            let stream = StreamId::new(tenant.clone(), StreamKind::Product, format!("0196f0a4-6d7e-7000-8000-{position:012}"));
            changes.documents.push(Change { document: Document { stream, version: 1, position, created_position: position,
                json: format!("{{\"t\":\"{}\"}}", "x".repeat(3000)), fields: vec![FieldValue::Absent; views::fields_of(StreamKind::Product).len()] },
                replaces: 0, buckets: vec![], number: None });
        }
        store.apply(batch, batch + 1, changes).await.unwrap();
    }
    let old = "SELECT d.kind, d.tenant, d.key, d.version, d.position, d.created_position, d.document FROM (SELECT i.kind, i.tenant, i.key, i.created_position AS place FROM document_index i WHERE i.kind = 'product' AND i.tenant = 'acme' AND i.created_position < ?1 ORDER BY i.created_position DESC LIMIT ?2) p CROSS JOIN documents d ON d.kind = p.kind AND d.tenant = p.tenant AND d.key = p.key ORDER BY p.place DESC";
    let pool = sqlx::SqlitePool::connect(path.to_str().unwrap()).await.unwrap();
    for round in 0..5 {
        for limit in [50_u32, 200] {
            let begun = Instant::now();
            for _ in 0..200 { let query = ListQuery { tenant: tenant.clone(), kind: StreamKind::Product, conditions: vec![], before: Some(9_000), limit, count: false };
                assert_eq!(store.list(&query).await.unwrap().documents.len(), limit as usize); }
            let new = begun.elapsed() / 200;
            let begun = Instant::now();
            for _ in 0..200 {
                use sqlx::Row;
                let rows = sqlx::query(old).bind(9_000_i64).bind(i64::from(limit) + 1).fetch_all(&pool).await.unwrap();
                let all: Vec<Document> = rows.iter().map(|r| Document { stream: StreamId { tenant: r.get::<String, _>(1).parse().unwrap(), kind: r.get::<String, _>(0).parse().unwrap(), key: r.get(2) }, version: r.get::<i64, _>(3) as u64, position: r.get::<i64, _>(4) as u64, created_position: r.get::<i64, _>(5) as u64, json: r.get(6), fields: vec![] }).collect();
                assert_eq!(all.len(), limit as usize + 1);
            }
            println!("round {round} limit {limit}: new {new:?} old {:?}", begun.elapsed() / 200);
        }
    }
}
