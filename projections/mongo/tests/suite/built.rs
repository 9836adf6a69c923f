//! Whether the views are built, of a database that an older version has written and of one that is
//! gone.

use invoiceapp_projections::ViewStore;
use invoiceapp_projections::store::Progress;

use crate::fixture::Fixture;

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn a_database_of_an_older_version_is_built_once_a_projector_has_looked() {
    let mut fixture = Fixture::open(6).await;
    fixture.take_steps(10).await;
    let head = fixture.projector.catch_up().await.unwrap();
    fixture.forget_built().await;
    let progress = |is_built| Progress {
        checkpoint: head,
        is_built,
    };
    assert_eq!(fixture.mongo.progress().await.unwrap(), progress(false));
    fixture.projector.catch_up().await.unwrap();
    assert_eq!(fixture.mongo.progress().await.unwrap(), progress(true));
    fixture.take_steps(10).await;
    fixture.assert_equals_sqlite().await;
    assert!(fixture.mongo.progress().await.unwrap().is_built);
    fixture.close().await;
}

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn a_database_that_is_gone_is_not_built_until_it_holds_the_journal_again() {
    let mut fixture = Fixture::open(7).await;
    fixture.take_steps(10).await;
    fixture.projector.catch_up().await.unwrap();
    assert!(fixture.mongo.progress().await.unwrap().is_built);
    fixture.mongo.drop_everything().await.unwrap();
    let nothing = Progress {
        checkpoint: 0,
        is_built: false,
    };
    assert_eq!(fixture.mongo.progress().await.unwrap(), nothing);
    fixture.assert_equals_sqlite().await;
    assert!(fixture.mongo.progress().await.unwrap().is_built);
    fixture.close().await;
}
