//! The port's suite.

use invoiceapp_parts as parts;
use invoiceapp_projections::conformance;
use invoiceapp_redis::{RedisHotStore, RedisSettings};

#[tokio::test]
#[ignore = "wants the stack: Redis"]
async fn redis_conforms_to_the_port() {
    conformance::hot::all(async || {
        let settings = RedisSettings {
            url: parts::redis_url().into(),
            key_prefix: parts::unique("hot"),
        };
        RedisHotStore::new(&settings).unwrap()
    })
    .await;
}
