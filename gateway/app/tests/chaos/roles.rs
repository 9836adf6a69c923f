//! Our own processes are killed under load, again and again, and come back. It takes eight minutes: the
//! lease of a process that led has to run out before the next one leads, and that is to be killed too.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::api::Client;
use crate::binary::ADMIN_PASSWORD;
use crate::check::{Expected, Repeats};
use crate::door::Door;
use crate::full::{Installation, RoleProcess};
use crate::load::{Load, Work};
use crate::world::{one, world};

/// How often each role is killed.
const KILLS: usize = 20;
/// What a writer waits after each invoice: there is more at stake than how many there are.
const PAUSE: Duration = Duration::from_secs(3);
/// Pause between two logins: an account may try thirty times a minute.
const LOGIN_EVERY: Duration = Duration::from_secs(3);
/// How long a process works before it is killed.
const WORKS: Duration = Duration::from_secs(5);
/// The same for one that leads, with the wait for the lease of the one before.
const LEADS: Duration = Duration::from_secs(15);
const LEADERS: [&str; 2] = ["relay", "projector"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: everything, for itself alone"]
async fn roles_that_are_killed_again_and_again_lose_nothing() {
    let mut world = world().await;
    let door = world.installation.tenant().await;
    let load = Load::start(&door, Work::Everything, PAUSE).await;
    let stop = CancellationToken::new();
    let visitor = visitor(&door).await;
    let logins = tokio::spawn(log_in_until(stop.clone(), door.clone(), visitor));
    let processes = std::mem::take(&mut world.processes);
    let installation = &world.installation;
    let kills = processes
        .into_values()
        .map(|process| kill_again_and_again(installation, process));
    let alive = join_all(kills).await.into_iter();
    world.processes = alive.map(|process| (process.roles[0], process)).collect();
    stop.cancel();
    assert!(logins.await.unwrap() > 0);
    let answered = load.tally.now();
    assert!(answered.lost + answered.refused > 0, "{answered:?}");
    let expected = Expected::of(&world.installation, &door, load).await;
    expected.holds(Repeats::Possible).await;
}

/// The address of a user of their own: Keycloak refuses one who logs in twice at the same moment.
async fn visitor(door: &Door) -> String {
    let email = door.address("visitor");
    let user = json!({
        "email": email, "first_name": "Ada", "last_name": "Byron",
        "password": ADMIN_PASSWORD, "roles": ["accountant"]
    });
    let admin = Client::admin(door).await;
    admin.post("/users", user).await.expect(201);
    Client::login(door, &email, ADMIN_PASSWORD).await;
    email
}

/// Logs in now and then; says how often that went well.
async fn log_in_until(stop: CancellationToken, door: Door, email: String) -> usize {
    let mut logins = 0;
    while !stop.is_cancelled() {
        let anonymous = Client::anonymous(&door);
        let login = anonymous.login_request(&email, ADMIN_PASSWORD);
        if let Some(answer) = anonymous.try_send(login).await {
            assert!([200, 503].contains(&answer.status.as_u16()), "{answer:?}");
            logins += usize::from(answer.status == 200);
        }
        tokio::time::sleep(LOGIN_EVERY).await;
    }
    logins
}

async fn kill_again_and_again(
    installation: &Installation,
    mut process: RoleProcess,
) -> RoleProcess {
    let role = process.roles[0];
    let works = if LEADERS.contains(&role) {
        LEADS
    } else {
        WORKS
    };
    for _ in 0..KILLS {
        tokio::time::sleep(works).await;
        process.signal("KILL");
        // The next one needs its address.
        drop(process);
        process = installation.start(one(role));
        process.ready().await;
    }
    process
}
