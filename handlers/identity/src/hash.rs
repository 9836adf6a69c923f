//! An Argon2id hash in the words of Keycloak, which can take over a hash as it is: nobody ever has
//! to hand it a password.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use keycloak::types::CredentialRepresentation;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use thiserror::Error;

/// A hash that Keycloak can verify.
#[derive(Debug, Clone)]
pub struct KeycloakHash {
    memory_kib: u32,
    passes: i32,
    lanes: u32,
    salt: Vec<u8>,
    hash: SecretString,
    hash_bytes: usize,
}

/// The text is no Argon2id hash of version 19 in PHC form. Says nothing of what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stored password hash is not one that Keycloak can take")]
pub struct HashNotUsable;

impl KeycloakHash {
    /// Reads a PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    ///
    /// # Errors
    /// [`HashNotUsable`].
    pub fn from_phc(phc: &SecretString) -> Result<Self, HashNotUsable> {
        let fields: Vec<&str> = phc.expose_secret().split('$').collect();
        let ["", "argon2id", "v=19", parameters, salt, hash] = fields.as_slice() else {
            return Err(HashNotUsable);
        };
        let parameters: Vec<&str> = parameters.split(',').collect();
        let [memory, passes, lanes] = parameters.as_slice() else {
            return Err(HashNotUsable);
        };
        let salt = STANDARD_NO_PAD.decode(salt).map_err(|_| HashNotUsable)?;
        let hash = STANDARD_NO_PAD.decode(hash).map_err(|_| HashNotUsable)?;
        Ok(Self {
            memory_kib: number(memory, "m=")?,
            passes: number(passes, "t=")?,
            lanes: number(lanes, "p=")?,
            salt,
            hash: STANDARD.encode(&hash).into(),
            hash_bytes: hash.len(),
        })
    }

    /// The credential as Keycloak's administration takes it. It replaces the user's password.
    pub(crate) fn representation(&self) -> CredentialRepresentation {
        let secret = json!({
            "value": self.hash.expose_secret(),
            "salt": STANDARD.encode(&self.salt),
            "additionalParameters": {},
        });
        let data = json!({
            "hashIterations": self.passes,
            "algorithm": "argon2",
            "additionalParameters": {
                "hashLength": [self.hash_bytes.to_string()],
                "memory": [self.memory_kib.to_string()],
                "type": ["id"],
                "version": ["1.3"],
                "parallelism": [self.lanes.to_string()],
            },
        });
        CredentialRepresentation {
            type_: Some("password".to_owned()),
            secret_data: Some(secret.to_string()),
            credential_data: Some(data.to_string()),
            temporary: Some(false),
            ..CredentialRepresentation::default()
        }
    }
}

fn number<T: std::str::FromStr>(field: &str, name: &str) -> Result<T, HashNotUsable> {
    let digits = field.strip_prefix(name).ok_or(HashNotUsable)?;
    digits.parse().map_err(|_| HashNotUsable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHC: &str = "$argon2id$v=19$m=19456,t=2,p=1$siDh43mMfB8qIfeXxhoDug$\
        epjWM44gcmatcV/Dpir0SFdY5NfTgOlQtF6EypEmguY";

    #[test]
    fn a_hash_of_ours_is_said_in_keycloaks_words() {
        let hash = KeycloakHash::from_phc(&PHC.into()).unwrap();
        let credential = hash.representation();
        let data: serde_json::Value =
            serde_json::from_str(&credential.credential_data.unwrap()).unwrap();
        assert_eq!(data["hashIterations"], 2);
        assert_eq!(data["additionalParameters"]["memory"], json!(["19456"]));
        assert_eq!(data["additionalParameters"]["hashLength"], json!(["32"]));
        let secret: serde_json::Value =
            serde_json::from_str(&credential.secret_data.unwrap()).unwrap();
        assert_eq!(secret["salt"], "siDh43mMfB8qIfeXxhoDug==");
        assert_eq!(
            secret["value"],
            "epjWM44gcmatcV/Dpir0SFdY5NfTgOlQtF6EypEmguY="
        );
    }

    #[test]
    fn what_is_no_such_hash_is_refused_and_not_repeated() {
        for text in [
            "",
            "secret",
            "$argon2i$v=19$m=1,t=1,p=1$AAAA$AAAA",
            "$argon2id$v=16$m=1,t=1,p=1$AAAA$AAAA",
            "$argon2id$v=19$m=1,t=1$AAAA$AAAA",
            "$argon2id$v=19$m=x,t=1,p=1$AAAA$AAAA",
            "$argon2id$v=19$m=1,t=1,p=1$A$AAAA",
            "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA$",
        ] {
            let error = KeycloakHash::from_phc(&text.into()).unwrap_err();
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let hash = KeycloakHash::from_phc(&PHC.into()).unwrap();
        assert!(!format!("{hash:?}").contains("epjWM44gcmatcV"));
    }
}
