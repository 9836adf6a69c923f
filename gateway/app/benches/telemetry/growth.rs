//! Whether memory grows with what nobody takes.

use std::time::Duration;

use crate::contender::Contender;
use crate::table::{Table, tenths_of_mib};

/// Requests between two looks; some thousand a second make spans many times over for what may wait.
const REQUESTS: usize = 10_000;
const LOOKS: usize = 5;
/// Time to answer what is still under way before a look.
const REST: Duration = Duration::from_secs(1);

pub(crate) async fn measure(contenders: Vec<Contender>, table: &mut Table) {
    let mut seen: Vec<Vec<u64>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..LOOKS {
        for (contender, seen) in contenders.iter().zip(&mut seen) {
            contender.rush(REQUESTS).await;
            tokio::time::sleep(REST).await;
            seen.push(contender.server.memory().resident_kib);
        }
    }
    for (contender, seen) in contenders.iter().zip(seen) {
        for (look, resident_kib) in (1..).zip(seen) {
            let what = format!("{}: MiB after {} requests", contender.name, look * REQUESTS);
            table.value(&what, "", &tenths_of_mib(resident_kib));
        }
    }
    for contender in contenders {
        contender.server.stop();
    }
}
