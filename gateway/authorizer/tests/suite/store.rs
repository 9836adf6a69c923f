//! The identity store: what is on disk, what survives, what is removed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use axum::http::StatusCode;
use invoiceapp_access::EndedSessions;
use invoiceapp_authorizer::IdentityStore;
use invoiceapp_authorizer::sqlite::{PURGE_ROWS_MAX, SESSIONS_PER_USER_MAX};
use invoiceapp_authorizer::tokens::{REFRESH_TOKEN_SECONDS, SESSION_SECONDS_MAX};
use invoiceapp_domain::Ambient;

use crate::fixture::{EMAIL, Installation, PASSWORD, store_path, tenant, user};

#[tokio::test]
async fn the_files_are_for_their_owner_only_and_hold_no_secret() {
    let installation = Installation::with_ada().await;
    let tokens = installation.login(EMAIL, PASSWORD).await;
    let secrets = [
        PASSWORD.to_owned(),
        tokens.text("refresh_token"),
        tokens.text("access_token"),
    ];
    let mut seen = 0;
    for entry in fs::read_dir(installation.directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        seen += 1;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600,
            "{path:?}"
        );
        let bytes = fs::read(&path).unwrap();
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{path:?}");
        }
    }
    assert!(seen >= 2, "the database and its log");
}

#[tokio::test]
async fn passwords_and_sessions_survive_a_restart() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    installation.store.close().await;
    let reopened = IdentityStore::open(&store_path(installation.directory.path()))
        .await
        .unwrap();
    let digest = invoiceapp_authorizer::tokens::RefreshDigest::of(&token.into());
    let session = reopened
        .session_of(digest, installation.clock.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((session.tenant, session.user), (tenant("default"), user(1)));
    assert!(
        reopened
            .credential(&tenant("default"), user(1))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn storing_the_same_hash_again_leaves_the_sessions_alone() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    let (owner, store) = (tenant("default"), &installation.store);
    let hash = store.credential(&owner, user(1)).await.unwrap().unwrap();
    store
        .set_credential(&owner, user(1), &hash, installation.clock.now())
        .await
        .unwrap();
    assert_eq!(installation.refresh(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_ended_session_is_ended_after_a_restart_too_while_its_tokens_are_out() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    let caller = installation.gate.authenticate(&token).await.unwrap();
    let session = caller.principal.session.unwrap();
    installation
        .store
        .end_session(session.as_uuid().unwrap(), installation.clock.now())
        .await
        .unwrap();
    installation.clock.advance_seconds(329);
    installation
        .store
        .purge_expired(installation.clock.now())
        .await
        .unwrap();
    installation.store.close().await;
    let path = store_path(installation.directory.path());
    let reopened = IdentityStore::open(&path).await.unwrap();
    assert!(reopened.is_ended(&session));
    installation.clock.advance_seconds(1);
    assert_eq!(
        reopened
            .purge_expired(installation.clock.now())
            .await
            .unwrap(),
        1
    );
    reopened.close().await;
    assert!(!IdentityStore::open(&path).await.unwrap().is_ended(&session));
}

#[tokio::test]
async fn what_has_expired_is_removed_and_what_has_not_stays() {
    let installation = Installation::with_ada().await;
    let old = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    installation.refresh(&old).await;
    assert_eq!(
        installation
            .store
            .purge_expired(installation.clock.now())
            .await
            .unwrap(),
        0
    );
    installation.clock.advance_seconds(REFRESH_TOKEN_SECONDS);
    let fresh = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    // Two tokens, and the session that has none left.
    assert_eq!(
        installation
            .store
            .purge_expired(installation.clock.now())
            .await
            .unwrap(),
        3
    );
    assert_eq!(installation.refresh(&fresh).await.status, StatusCode::OK);
    installation.clock.advance_seconds(SESSION_SECONDS_MAX);
    assert!(
        installation
            .store
            .purge_expired(installation.clock.now())
            .await
            .unwrap()
            >= 2
    );
    assert_eq!(
        installation
            .store
            .purge_expired(installation.clock.now())
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn one_purge_removes_a_bounded_number_of_rows() {
    let installation = Installation::with_ada().await;
    let mut token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    for _ in 0..PURGE_ROWS_MAX + 20 {
        token = installation.refresh(&token).await.text("refresh_token");
    }
    installation.clock.advance_seconds(REFRESH_TOKEN_SECONDS);
    let now = installation.clock.now();
    let limit = u64::try_from(PURGE_ROWS_MAX).unwrap();
    assert_eq!(installation.store.purge_expired(now).await.unwrap(), limit);
    // The rest of the tokens, and the session.
    assert_eq!(installation.store.purge_expired(now).await.unwrap(), 22);
}

#[tokio::test]
async fn the_oldest_sessions_of_a_user_give_way_to_new_ones() {
    let installation = Installation::with_ada().await;
    let first = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    for _ in 0..SESSIONS_PER_USER_MAX {
        installation.clock.advance_seconds(12);
        assert_eq!(
            installation.login(EMAIL, PASSWORD).await.status,
            StatusCode::OK
        );
    }
    assert_eq!(
        installation.refresh(&first).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_an_error_and_no_panic() {
    let installation = Installation::new().await;
    let nowhere = installation
        .directory
        .path()
        .join("missing")
        .join("identity.db");
    assert!(IdentityStore::open(&nowhere).await.is_err());
}
