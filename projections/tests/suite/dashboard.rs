//! The counters equal what is counted from scratch.

use std::collections::BTreeMap;

use invoiceapp_domain::StreamId;
use invoiceapp_domain::invoice::{Invoice, InvoiceCommand};
use invoiceapp_projections::dashboard::BucketKey;
use invoiceapp_projections::views::invoice::dashboard_contribution;
use proptest::prelude::*;

use crate::fixture::{Fixture, TODAY};

#[derive(Debug, Clone)]
enum Step {
    Draft(u32),
    Issue(usize),
    Pay(usize, u32),
    Reverse(usize),
    Discard(usize),
    Project,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..50_u32).prop_map(Step::Draft),
        (0..6_usize).prop_map(Step::Issue),
        (0..6_usize, 1..9_u32).prop_map(|(which, euros)| Step::Pay(which, euros)),
        (0..6_usize).prop_map(Step::Reverse),
        (0..6_usize).prop_map(Step::Discard),
        Just(Step::Project),
    ];
    prop::collection::vec(step, 1..30)
}

async fn take(fixture: &Fixture, streams: &mut Vec<StreamId>, step: Step) {
    let loaded = |which: usize| {
        let stream = streams.get(which).cloned();
        async move {
            let stream = stream?;
            let loaded = fixture.executor.load::<Invoice>(&stream).await.unwrap()?;
            Some((stream, loaded.state.clone()))
        }
    };
    match step {
        Step::Draft(units) => streams.push(fixture.draft("acme", "Buyer", units).await),
        Step::Issue(which) => {
            if let Some((stream, Invoice::Draft(_))) = loaded(which).await {
                fixture.issue(&stream, TODAY).await;
            }
        }
        Step::Pay(which, euros) => {
            if let Some((stream, Invoice::Issued(issued))) = loaded(which).await
                && issued.balance().minor() >= i64::from(euros) * 100
            {
                fixture.pay(&stream, &euros.to_string(), TODAY).await;
            }
        }
        Step::Reverse(which) => {
            if let Some((stream, Invoice::Issued(issued))) = loaded(which).await
                && let Some(payment) = issued.payments.standing.iter().next()
            {
                let payment_id = payment.payment_id;
                let command = InvoiceCommand::ReversePayment {
                    payment_id,
                    reason: None,
                };
                fixture.run(&stream, command).await;
            }
        }
        Step::Discard(which) => {
            if let Some((stream, Invoice::Draft(_))) = loaded(which).await {
                fixture
                    .run(&stream, InvoiceCommand::Discard { reason: None })
                    .await;
            }
        }
        Step::Project => {
            fixture.projector.catch_up().await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn counters_equal_a_count_from_scratch(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::open().await;
            let mut streams = Vec::new();
            for step in steps {
                take(&fixture, &mut streams, step).await;
            }
            fixture.projector.catch_up().await.unwrap();
            let mut expected: BTreeMap<BucketKey, (i64, i128)> = BTreeMap::new();
            for stream in &streams {
                let loaded = fixture.executor.load::<Invoice>(stream).await.unwrap().unwrap();
                for bucket in dashboard_contribution(&loaded) {
                    let sum = expected.entry(bucket.key).or_default();
                    *sum = (sum.0 + bucket.count, sum.1 + bucket.minor);
                }
            }
            let tenant = "acme".parse().unwrap();
            let counted = fixture.store.buckets(&tenant).await.unwrap();
            let counted: BTreeMap<_, _> = counted
                .into_iter()
                .map(|bucket| (bucket.key, (bucket.count, bucket.minor)))
                .filter(|(_, sum)| *sum != (0, 0))
                .collect();
            expected.retain(|_, sum| *sum != (0, 0));
            assert_eq!(counted, expected);
        });
    }
}
