//! Who may bring a file at all: a place is taken before the body is read and kept until the file is
//! let go of, so that the memory of all uploads together is bounded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use invoiceapp_domain::TenantId;

use super::error::SanitizeError;

/// Uploads that are read, wait for a turn or are decoded at the same time: each holds a file of up
/// to [`UPLOAD_BYTES_MAX`](super::UPLOAD_BYTES_MAX) in memory. One more is refused at once.
pub const UPLOADS_AT_ONCE_MAX: usize = 8;
/// Those of one tenant: whoever sends slowly keeps no other tenant out.
pub const UPLOADS_OF_A_TENANT_MAX: usize = UPLOADS_AT_ONCE_MAX - 2;

/// The places. Cheap to clone; the clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    taken: Arc<Mutex<HashMap<TenantId, usize>>>,
}

/// One upload's place. It ends when it is dropped.
#[derive(Debug)]
#[must_use = "the place ends when it is dropped"]
pub struct Place {
    tenant: TenantId,
    places: Places,
}

impl Places {
    pub(super) fn take(&self, tenant: &TenantId) -> Result<Place, SanitizeError> {
        let mut taken = self.taken();
        let (all, own) = (taken.values().sum::<usize>(), taken.get(tenant));
        let own = own.copied().unwrap_or_default();
        if all >= UPLOADS_AT_ONCE_MAX || own >= UPLOADS_OF_A_TENANT_MAX {
            return Err(SanitizeError::Busy);
        }
        taken.insert(tenant.clone(), own + 1);
        Ok(Place {
            tenant: tenant.clone(),
            places: self.clone(),
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        match taken.get_mut(&self.tenant) {
            Some(own) if *own > 1 => *own -= 1,
            // The tenants that are remembered are those that upload just now.
            _ => drop(taken.remove(&self.tenant)),
        }
    }
}
