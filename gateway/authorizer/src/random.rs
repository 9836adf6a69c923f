//! Random bytes for secrets: keys, salts, refresh tokens. Identities come from `Ambient` instead,
//! because a test may want to know them; nobody may want to know these.

use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;
use zeroize::Zeroizing;

/// The operating system has no randomness to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the operating system gives no random bytes")]
pub struct RandomUnavailable;

/// Fresh random bytes, wiped when dropped.
pub(crate) fn random_bytes<const LENGTH: usize>()
-> Result<Zeroizing<[u8; LENGTH]>, RandomUnavailable> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    SystemRandom::new()
        .fill(bytes.as_mut())
        .map_err(|_| RandomUnavailable)?;
    Ok(bytes)
}
