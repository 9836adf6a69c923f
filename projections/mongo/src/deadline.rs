//! No call to the server takes longer than this, whatever becomes of the server.

use std::time::Duration;

use invoiceapp_projections::ViewError;

/// Longest time that one operation may take, looking for a server and every retry included.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// Waits for the driver's answer, but not for ever.
pub(crate) async fn within<T>(
    operation: impl IntoFuture<Output = mongodb::error::Result<T>>,
) -> Result<T, ViewError> {
    tokio::time::timeout(OPERATION_TIMEOUT, operation.into_future())
        .await
        .map_err(ViewError::unavailable)?
        .map_err(ViewError::unavailable)
}
