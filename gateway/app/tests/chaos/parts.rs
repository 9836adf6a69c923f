//! A server is killed, stopped or halted under load and stays away for a while.

use std::time::Duration;

use invoiceapp_parts::control::Part;
use rstest::rstest;
use serde_json::Value;

use crate::api::{Answer, Client, id};
use crate::binary::ADMIN_PASSWORD;
use crate::check::{Expected, Repeats};
use crate::door::Door;
use crate::load::{Load, Work};
use crate::world::{at_part, world};

/// What a writer waits after each invoice.
const PAUSE: Duration = Duration::from_millis(700);
/// How long a part stays away.
const AWAY: Duration = Duration::from_secs(20);
/// How long it takes until nobody believes any more that a killed or stopped part is there.
const NOTICED: Duration = Duration::from_secs(3);
/// The same for a halted one, whose connections stay open: whoever waits for it gives up first.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// How a part goes away.
#[derive(Debug, Clone, Copy)]
enum Away {
    /// Its connections are cut, and new ones refused.
    Killed,
    /// The same, but it says good-bye first: with codes of its own, or by ending what it has begun.
    Stopped,
    /// It answers nothing, and knows nothing of it afterwards.
    Halted,
}

impl Away {
    async fn begin(self, part: Part) {
        match self {
            Self::Killed => at_part(part, Part::kill).await,
            Self::Stopped => at_part(part, Part::stop).await,
            Self::Halted => at_part(part, Part::pause).await,
        }
    }

    const fn noticed(self) -> Duration {
        match self {
            Self::Killed | Self::Stopped => NOTICED,
            Self::Halted => GIVEN_UP,
        }
    }
}

#[rstest]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::postgres(Part::Postgres)]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::kafka(Part::Kafka)]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::registry(Part::Registry)]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::mongodb(Part::Mongodb)]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::redis(Part::Redis)]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::keycloak(Part::Keycloak)]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::s3(Part::S3)]
#[ignore = "wants the stack: everything, for itself alone"]
#[case::mail(Part::Mail)]
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_stays_away_loses_nothing(
    #[case] part: Part,
    #[values(Away::Killed, Away::Stopped, Away::Halted)] how: Away,
) {
    let world = world().await;
    let door = world.installation.tenant().await;
    let load = Load::start(&door, Work::Invoices, PAUSE).await;
    let admin = Client::admin(&door).await;
    let document = rendered(&admin).await;

    how.begin(part).await;
    tokio::time::sleep(how.noticed()).await;
    let before = load.tally.now();
    tokio::time::sleep(AWAY - how.noticed()).await;
    let away = load.tally.now().since(before);
    if let Some(refused) = request_that_needs(part, &admin, &door, &document).await {
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    }
    at_part(part, Part::start).await;

    assert_eq!(away.lost, 0, "{away:?}");
    if part == Part::Postgres {
        // The journal is the one part that a command cannot do without.
        assert!(away.answered == 0 && away.refused > 0, "{away:?}");
    } else {
        assert!(away.answered > 0 && away.refused == 0, "{away:?}");
    }
    let repeats = match part {
        Part::Mail => Repeats::Possible,
        _ => Repeats::None,
    };
    let expected = Expected::of(&world.installation, &door, load).await;
    expected.holds(repeats).await;
}

/// Where the document of an invoice is that was sent.
async fn rendered(admin: &Client) -> String {
    let is_sent = |invoice: &&Value| invoice["delivery_status"] == "sent";
    let sent = |answer: &Answer| {
        let list = answer.json();
        let sent = list["data"].as_array().unwrap().iter().find(is_sent);
        sent.map(|invoice| format!("/invoices/{}/pdf", id(invoice)))
    };
    let some = |answer: &Answer| sent(answer).is_some();
    let list = admin.eventually("/invoices?status=open", some).await;
    sent(&list).unwrap()
}

/// What somebody asks for who needs the part.
async fn request_that_needs(
    part: Part,
    admin: &Client,
    door: &Door,
    document: &str,
) -> Option<Answer> {
    match part {
        Part::Keycloak => {
            let anonymous = Client::anonymous(door);
            Some(
                anonymous
                    .try_login(&door.address("admin"), ADMIN_PASSWORD)
                    .await,
            )
        }
        Part::Mongodb => Some(admin.get("/invoices").await),
        Part::S3 => Some(admin.get(document).await),
        _ => None,
    }
}
