//! A tenant of an installation, made as an operator makes one.

use super::Installation;
use crate::door::Door;

impl Installation {
    /// Makes a tenant that no other test has. Its administrator can log in a moment later.
    pub(crate) async fn tenant(&self) -> Door {
        let tenant = invoiceapp_parts::unique("t").replace('_', "-");
        let door = Door::new(self.url(), tenant);
        let admin = door.address("admin");
        self.run(&["tenant", "create", &door.tenant, "--admin", &admin])
            .await;
        door
    }
}
