//! Accounts in a realm of the test's own.

use invoiceapp_domain::StreamId;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::{Name, RoleCode};
use invoiceapp_domain::user::{ProfileChange, ROLES_MAX, UserCommand};
use invoiceapp_identity::RealmSettings;
use invoiceapp_parts::keycloak::Realm;
use invoiceapp_runtime::JobState;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::world::World;

/// Of `correct horse battery`, with the parameters of every hash of ours.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x8";
/// Of `another password`.
const OTHER_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$EBESExQVFhcYGRobHB0eHw$guv8YKW4RrFve4w8YcvGnvCs5fy7+GegapvkQLR2FVw";

fn settings(realm: &Realm) -> RealmSettings {
    RealmSettings {
        base_url: realm.url.clone(),
        realm: realm.name.clone(),
        client: "invoiceapp-admin".to_owned(),
        client_secret: realm.service_secret.into(),
    }
}

async fn account(realm: &Realm, user: &StreamId) -> Value {
    realm.account(&user.key).await.unwrap()
}

async fn knows(realm: &Realm, user: &StreamId, password: &str) -> bool {
    let answer = realm.tokens(&user.key, password).await;
    answer["access_token"].is_string()
}

fn user_id(stream: &StreamId) -> UserId {
    stream.key.parse().unwrap()
}

#[tokio::test]
#[ignore = "wants the stack: Keycloak"]
async fn what_happens_to_a_user_is_told_to_keycloak() {
    invoiceapp_access::init_crypto();
    let realm = Realm::make().await;
    let world = World::open(&settings(&realm)).await;

    // A registration is an account under the user's id, with tenant, roles and names as they are.
    let ada = world
        .register(
            "default",
            "Ada@example.com",
            &["accountant", "administrator"],
        )
        .await;
    let twin = world.register("other", "ada@example.com", &[]).await;
    world.work().await;
    let told = account(&realm, &ada).await;
    assert_eq!(told["enabled"], true);
    assert_eq!(told["email"], "ada@example.com");
    assert_eq!(told["firstName"], "Zoë <b>");
    assert_eq!(told["attributes"]["tenant"], json!(["default"]));
    assert_eq!(told["attributes"]["user_id"], json!([ada.key]));
    let mut roles = told["attributes"]["roles"].as_array().unwrap().clone();
    roles.sort_by_key(ToString::to_string);
    assert_eq!(roles, [json!("accountant"), json!("administrator")]);
    let told = account(&realm, &twin).await;
    assert_eq!(told["attributes"]["tenant"], json!(["other"]));

    // Telling it again, and telling what was told by somebody else in between, changes nothing.
    for _ in 0..2 {
        world.sync.bring_up_to_date(&ada).await.unwrap();
    }

    // Profile, address and roles follow; as many roles as a user may have.
    let change = ProfileChange {
        email: Some(EmailAddress::parse("lovelace@example.com").unwrap()),
        first_name: Some(Name::parse("Augusta").unwrap()),
        last_name: None,
    };
    world
        .command(&ada, UserCommand::ChangeProfile(change))
        .await;
    let revoke = UserCommand::RevokeRole {
        role: RoleCode::parse("administrator").unwrap(),
        other_administrator: true,
    };
    world.command(&ada, revoke).await;
    for index in 1..ROLES_MAX {
        let role = RoleCode::parse(&format!("{}{index}", "r".repeat(30))).unwrap();
        world.command(&ada, UserCommand::AssignRole { role }).await;
    }
    world.work().await;
    let told = account(&realm, &ada).await;
    assert_eq!(told["email"], "lovelace@example.com");
    assert_eq!(told["firstName"], "Augusta");
    let roles = told["attributes"]["roles"].as_array().unwrap();
    assert_eq!(roles.len(), ROLES_MAX);

    // An account that somebody removed comes back with the next event.
    let path = realm.path_of(&twin.key).await;
    realm.in_realm(Method::DELETE, &path, None).await;
    world
        .command(
            &twin,
            UserCommand::Disable {
                other_administrator: true,
            },
        )
        .await;
    world.work().await;
    assert_eq!(account(&realm, &twin).await["enabled"], false);
    let jobs = world.jobs().await;
    assert!(
        jobs.iter().all(|job| job.state == JobState::Done),
        "{jobs:?}"
    );
    realm.remove().await;
}

#[tokio::test]
#[ignore = "wants the stack: Keycloak"]
async fn a_hash_is_handed_over_and_the_password_is_the_users() {
    invoiceapp_access::init_crypto();
    let realm = Realm::make().await;
    let world = World::open(&settings(&realm)).await;
    let ada = world.register("default", "ada@example.com", &[]).await;
    let (tenant, user) = (&ada.tenant, user_id(&ada));
    let hash = |phc: &str| SecretString::from(phc);

    // Before the reactor has come by: the account is made with the password.
    world
        .sync
        .set_password(tenant, user, &hash(HASH))
        .await
        .unwrap();
    assert!(knows(&realm, &ada, "correct horse battery").await);
    assert!(!knows(&realm, &ada, "another password").await);
    // The reactor leaves it alone, and handing over again does no harm.
    world.work().await;
    world
        .sync
        .set_password(tenant, user, &hash(HASH))
        .await
        .unwrap();
    let tokens = realm.tokens(&ada.key, "correct horse battery").await;
    assert!(tokens["access_token"].is_string());

    // Another one replaces it, and the sessions of the first are over.
    world
        .sync
        .set_password(tenant, user, &hash(OTHER_HASH))
        .await
        .unwrap();
    assert!(knows(&realm, &ada, "another password").await);
    assert!(!knows(&realm, &ada, "correct horse battery").await);
    let path = realm.path_of(&ada.key).await;
    let credentials = realm
        .in_realm(Method::GET, &format!("{path}/credentials"), None)
        .await;
    assert_eq!(credentials.as_array().unwrap().len(), 1);

    // A disabled user is out with the right password too, and has no session left.
    let tokens = realm.tokens(&ada.key, "another password").await;
    assert!(tokens["refresh_token"].is_string());
    world
        .command(
            &ada,
            UserCommand::Disable {
                other_administrator: true,
            },
        )
        .await;
    world.work().await;
    assert!(!knows(&realm, &ada, "another password").await);
    let sessions = realm
        .in_realm(Method::GET, &format!("{path}/sessions"), None)
        .await;
    assert_eq!(sessions, json!([]));
    world.command(&ada, UserCommand::Enable).await;
    world.work().await;
    assert!(knows(&realm, &ada, "another password").await);
    realm.remove().await;
}
