//! Passwords: what may be one, and Argon2id on a bounded pool.
//!
//! Hashing costs 19 MiB and tens of milliseconds on purpose, so it runs outside the async threads,
//! a few at a time, behind a queue of bounded length: a flood of logins costs the flooder 503s and
//! not everybody else's memory.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash as ParsedHash, PasswordHasher as _, SaltString};
use argon2::password_hash::{PasswordVerifier as _, errors};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::random::{RandomUnavailable, random_bytes};

/// Shortest password, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 8;
/// Longest password, in characters.
pub const PASSWORD_CHARACTERS_MAX: usize = 256;
/// Longest password, in bytes of UTF-8.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// How many hashes are computed at once; each takes 19 MiB and a core.
pub const HASHES_AT_ONCE_MAX: usize = 2;
/// How many callers may wait for a hash.
pub const HASH_QUEUE_MAX: usize = 64;
/// How long a caller waits for a hash to begin.
pub const HASH_WAIT_MAX: Duration = Duration::from_secs(5);
/// Length of a salt, in bytes (RFC 9106, section 3.1).
const SALT_BYTES: usize = 16;

/// Hash of nothing that anybody knows, with the parameters of every other: what the password of an
/// unknown account is compared with, so that the time it takes says nothing.
const DUMMY_PHC: &str = "$argon2id$v=19$m=19456,t=2,p=1$siDh43mMfB8qIfeXxhoDug$\
    epjWM44gcmatcV/Dpir0SFdY5NfTgOlQtF6EypEmguY";

/// Why a text may not become a password. The sentences are for people and for the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordRefusal {
    /// Shorter than [`PASSWORD_CHARACTERS_MIN`].
    #[error("must have at least {PASSWORD_CHARACTERS_MIN} characters")]
    TooShort,
    /// Longer than [`PASSWORD_CHARACTERS_MAX`] or [`PASSWORD_BYTES_MAX`].
    #[error(
        "must have at most {PASSWORD_CHARACTERS_MAX} characters and {PASSWORD_BYTES_MAX} bytes"
    )]
    TooLong,
    /// Has a control character, which not every keyboard or form field brings back.
    #[error("must not have control characters")]
    ControlCharacter,
}

/// Whether a text may become a password: length counts, composition does not (NIST SP 800-63B,
/// section 3.1.1.2).
///
/// # Errors
/// The [`PasswordRefusal`] that applies first.
pub fn check_password(password: &SecretString) -> Result<(), PasswordRefusal> {
    let text = password.expose_secret();
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordRefusal::TooLong);
    }
    let characters = text.chars().count();
    if characters < PASSWORD_CHARACTERS_MIN {
        Err(PasswordRefusal::TooShort)
    } else if characters > PASSWORD_CHARACTERS_MAX {
        Err(PasswordRefusal::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(PasswordRefusal::ControlCharacter)
    } else {
        Ok(())
    }
}

/// Random bytes behind a made-up password: 144 bits, 24 characters.
const MADE_UP_PASSWORD_BYTES: usize = 18;

/// Makes a password up, for somebody who is shown it once.
///
/// # Errors
/// [`RandomUnavailable`].
pub fn make_up_password() -> Result<SecretString, RandomUnavailable> {
    let bytes = random_bytes::<MADE_UP_PASSWORD_BYTES>()?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// Random bytes that make equal passwords hash differently.
#[derive(Debug, Clone)]
pub struct Salt([u8; SALT_BYTES]);

impl Salt {
    /// A fresh salt.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn generate() -> Result<Self, RandomUnavailable> {
        random_bytes().map(|bytes| Self(*bytes))
    }

    /// The salt of something that is unique by itself, such as a command's identity: hashing again
    /// for the same command gives the same hash. A salt has to be unique, not secret.
    #[must_use]
    pub fn derived_from(source: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(source).into();
        let mut salt = [0; SALT_BYTES];
        salt.iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
        Self(salt)
    }
}

/// An Argon2id hash as a PHC string: algorithm, parameters, salt and hash in one text.
#[derive(Debug, Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// A hash that was stored.
    #[must_use]
    pub fn from_stored(phc: String) -> Self {
        Self(phc.into())
    }

    /// The PHC string, for storing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Why no hash was computed.
#[derive(Debug, Error)]
pub enum HashError {
    /// Too many wait already, or it took too long to begin.
    #[error("too many passwords are being checked")]
    Busy,
    /// No salt.
    #[error("no salt can be made")]
    Random(#[from] RandomUnavailable),
    /// The library refused, or its thread died.
    #[error("the password could not be hashed")]
    Failed,
}

/// Computes and compares hashes, a few at a time.
#[derive(Debug)]
pub struct PasswordHasher {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)),
            waiting: Semaphore::new(HASH_QUEUE_MAX),
        }
    }
}

impl PasswordHasher {
    /// Hashes a password. The policy is the caller's: [`check_password`].
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash_password(
        &self,
        password: SecretString,
        salt: Salt,
    ) -> Result<PasswordHash, HashError> {
        self.run(move || hash(&password, &salt)).await?
    }

    /// Which of several stored hashes the password matches, by their places. A place without a hash
    /// costs as much work as one with, and no place at all as much as one.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn matching(
        &self,
        password: SecretString,
        hashes: Vec<Option<PasswordHash>>,
    ) -> Result<Vec<usize>, HashError> {
        self.run(move || {
            if hashes.is_empty() {
                verify(&password, DUMMY_PHC);
            }
            let verdicts = hashes.iter().map(|stored| match stored {
                Some(hash) => verify(&password, hash.expose()),
                None => {
                    verify(&password, DUMMY_PHC);
                    false
                }
            });
            verdicts
                .enumerate()
                .filter_map(|(place, matches)| matches.then_some(place))
                .collect()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let place_in_queue = self.waiting.try_acquire().map_err(|_| HashError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned();
        let permit = tokio::time::timeout(HASH_WAIT_MAX, running)
            .await
            .map_err(|_| HashError::Busy)?
            .map_err(|_| HashError::Failed)?;
        drop(place_in_queue);
        // The permit goes along: a caller who hangs up does not free a core that is still at work.
        let task = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        task.await.map_err(|_| HashError::Failed)
    }
}

/// The same password typed on another keyboard: NFKC (NIST SP 800-63B, section 3.1.1.2).
pub(crate) fn normalised(password: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(password.expose_secret().nfkc().collect())
}

/// Argon2id, version 19, 19 MiB, two passes, one lane: the defaults of the library, which are the
/// first choice of the OWASP password storage guide.
fn argon2id() -> Argon2<'static> {
    Argon2::default()
}

fn hash(password: &SecretString, salt: &Salt) -> Result<PasswordHash, HashError> {
    let salt = SaltString::encode_b64(&salt.0).map_err(|_| HashError::Failed)?;
    let hash = argon2id()
        .hash_password(normalised(password).as_bytes(), &salt)
        .map_err(|_| HashError::Failed)?;
    Ok(PasswordHash(hash.to_string().into()))
}

fn verify(password: &SecretString, phc: &str) -> bool {
    let outcome = ParsedHash::new(phc)
        .and_then(|parsed| argon2id().verify_password(normalised(password).as_bytes(), &parsed));
    match outcome {
        Ok(()) => true,
        Err(errors::Error::Password) => false,
        Err(error) => {
            tracing::error!(%error, "a stored password hash cannot be used");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_256_characters_of_any_script_and_no_control_characters() {
        let refusal = |text: &str| check_password(&SecretString::from(text));
        assert_eq!(refusal("1234567"), Err(PasswordRefusal::TooShort));
        assert_eq!(refusal("12345678"), Ok(()));
        assert_eq!(refusal("пароль на двері"), Ok(()));
        assert_eq!(refusal(&"x".repeat(256)), Ok(()));
        assert_eq!(refusal(&"x".repeat(257)), Err(PasswordRefusal::TooLong));
        assert_eq!(refusal(&"\u{1f512}".repeat(256)), Ok(()));
        assert_eq!(refusal(&"x".repeat(2_000)), Err(PasswordRefusal::TooLong));
        assert_eq!(
            refusal("1234\u{7}5678"),
            Err(PasswordRefusal::ControlCharacter)
        );
    }

    #[test]
    fn the_dummy_hash_costs_what_a_real_one_costs() {
        let salt = Salt([7; SALT_BYTES]);
        let real = hash(&SecretString::from("correct horse"), &salt).unwrap();
        let real = ParsedHash::new(real.expose()).unwrap();
        let dummy = ParsedHash::new(DUMMY_PHC).unwrap();
        assert_eq!(real.algorithm, dummy.algorithm);
        assert_eq!(real.version, dummy.version);
        assert_eq!(real.params.to_string(), dummy.params.to_string());
        assert_eq!(real.hash.unwrap().len(), dummy.hash.unwrap().len());
    }

    #[test]
    fn a_password_matches_in_either_unicode_form() {
        let composed = SecretString::from("Zürich-Genève");
        let decomposed = SecretString::from("Zu\u{308}rich-Gene\u{300}ve");
        let stored = hash(&composed, &Salt([1; SALT_BYTES])).unwrap();
        assert!(verify(&decomposed, stored.expose()));
        assert!(!verify(
            &SecretString::from("Zurich-Geneve"),
            stored.expose()
        ));
        assert!(!verify(&composed, "not a hash"));
    }

    #[tokio::test]
    async fn only_the_places_that_match_are_named() {
        let hasher = PasswordHasher::default();
        let password = SecretString::from("correct horse");
        let salt = || Salt::generate().unwrap();
        let right = hasher
            .hash_password(password.clone(), salt())
            .await
            .unwrap();
        let wrong = hasher
            .hash_password(SecretString::from("another one"), salt())
            .await
            .unwrap();
        let places = vec![Some(wrong), None, Some(right.clone()), Some(right)];
        assert_eq!(
            hasher.matching(password.clone(), places).await.unwrap(),
            [2, 3]
        );
        assert_eq!(
            hasher.matching(password, Vec::new()).await.unwrap(),
            [0_usize; 0]
        );
    }

    #[test]
    fn nothing_secret_is_printed() {
        let stored = hash(&SecretString::from("correct horse"), &Salt([1; SALT_BYTES])).unwrap();
        assert!(!format!("{stored:?}").contains("argon2id"));
    }
}
