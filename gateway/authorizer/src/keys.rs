//! The issuer's signing keys: ES256, made at first start, kept in the data directory.
//!
//! One file per key, `<seconds since 1970>-<key id>.pk8` (PKCS#8, mode 0600). The newest signs; all
//! are published, so that tokens of an older one verify until its file is removed. A key id is the
//! RFC 7638 thumbprint of the public key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use invoiceapp_access::{Jwk, JwkSet, KeySource, KeySourceUnavailable};
use jiff::Timestamp;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, KeyAlgorithm, PublicKeyUse,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// The folder of the keys, inside the data directory.
pub const SIGNING_KEYS_FOLDER: &str = "signing-keys";
/// How many keys there may be.
pub const SIGNING_KEYS_MAX: usize = 8;
/// Largest key file, in bytes; a P-256 key takes 138.
const KEY_FILE_BYTES_MAX: u64 = 1_024;
const KEY_FILE_EXTENSION: &str = "pk8";
const PRIVATE_FILE_MODE: u32 = 0o600;
const PRIVATE_FOLDER_MODE: u32 = 0o700;
/// The permission bits of everybody but the owner.
const OTHERS_MASK: u32 = 0o077;
/// An uncompressed point on P-256: a tag byte and two coordinates of 32 bytes (SEC 1, 2.3.3).
const POINT_BYTES: usize = 65;

/// Why the signing keys cannot be used.
#[derive(Debug, Error)]
pub enum SigningKeyError {
    /// The folder or a file in it cannot be read or written.
    #[error("signing keys at {path} cannot be accessed", path = path.display())]
    Access {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A key file that others can read is not a secret any more.
    #[error("the signing key {path} must have mode 0600", path = path.display())]
    Exposed {
        /// Which one.
        path: PathBuf,
    },
    /// A key file does not hold a P-256 key.
    #[error("the signing key {path} is damaged", path = path.display())]
    Damaged {
        /// Which one.
        path: PathBuf,
    },
    /// There are more than [`SIGNING_KEYS_MAX`].
    #[error("there are more than {SIGNING_KEYS_MAX} signing keys")]
    TooMany,
    /// No key could be generated.
    #[error("no signing key can be generated")]
    Generate,
}

/// The loaded keys.
#[derive(Debug)]
pub struct SigningKeys {
    active_id: String,
    active: EncodingKey,
    public: JwkSet,
}

impl SigningKeys {
    /// Loads the keys of a data directory; makes the first when there is none.
    ///
    /// # Errors
    /// [`SigningKeyError`].
    pub fn open(data_directory: &Path, now: Timestamp) -> Result<Self, SigningKeyError> {
        let folder = data_directory.join(SIGNING_KEYS_FOLDER);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE_FOLDER_MODE)
            .create(&folder)
            .map_err(access(&folder))?;
        let mut files = key_files(&folder)?;
        if files.is_empty() {
            files.push(create_signing_key(&folder, now)?);
        }
        if files.len() > SIGNING_KEYS_MAX {
            return Err(SigningKeyError::TooMany);
        }
        Self::load(&files)
    }

    fn load(files: &[PathBuf]) -> Result<Self, SigningKeyError> {
        let mut public = JwkSet {
            keys: Vec::with_capacity(files.len()),
        };
        let mut newest = None;
        for path in files {
            let pkcs8 = read_key_file(path)?;
            let (id, jwk) = public_key(&pkcs8)
                .ok_or_else(|| SigningKeyError::Damaged { path: path.clone() })?;
            newest = Some((id, EncodingKey::from_ec_der(&pkcs8)));
            public.keys.push(jwk);
        }
        let (active_id, active) = newest.ok_or(SigningKeyError::Generate)?;
        Ok(Self {
            active_id,
            active,
            public,
        })
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn active_id(&self) -> &str {
        &self.active_id
    }

    /// The key that signs.
    pub(crate) fn active(&self) -> &EncodingKey {
        &self.active
    }

    /// Every public key, as a JWK set (RFC 7517).
    #[must_use]
    pub fn public(&self) -> &JwkSet {
        &self.public
    }
}

/// In process, the issuer's own keys are the key source of every service.
#[async_trait]
impl KeySource for SigningKeys {
    async fn fetch(&self) -> Result<JwkSet, KeySourceUnavailable> {
        Ok(self.public.clone())
    }
}

/// The key files of a folder, oldest first.
fn key_files(folder: &Path) -> Result<Vec<PathBuf>, SigningKeyError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(access(folder))? {
        let path = entry.map_err(access(folder))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == KEY_FILE_EXTENSION)
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
    let metadata = fs::metadata(path).map_err(access(path))?;
    if metadata.mode() & OTHERS_MASK != 0 {
        return Err(SigningKeyError::Exposed {
            path: path.to_owned(),
        });
    }
    if metadata.len() > KEY_FILE_BYTES_MAX {
        return Err(SigningKeyError::Damaged {
            path: path.to_owned(),
        });
    }
    fs::read(path).map(Zeroizing::new).map_err(access(path))
}

/// Makes a key and writes its file. It signs from the next [`SigningKeys::open`] on.
///
/// # Errors
/// [`SigningKeyError`].
pub fn create_signing_key(folder: &Path, now: Timestamp) -> Result<PathBuf, SigningKeyError> {
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| Zeroizing::new(document.as_ref().to_vec()))
            .map_err(|_| SigningKeyError::Generate)?;
    let (id, _) = public_key(&pkcs8).ok_or(SigningKeyError::Generate)?;
    // Digits of equal length, so that the order of names is the order of time.
    let path = folder.join(format!("{:012}-{id}.{KEY_FILE_EXTENSION}", now.as_second()));
    let unfinished = path.with_extension("new");
    write_durably(&unfinished, &pkcs8).map_err(access(&unfinished))?;
    fs::rename(&unfinished, &path).map_err(access(&path))?;
    fs::File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(access(folder))?;
    Ok(path)
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_FILE_MODE)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn access(path: &Path) -> impl FnOnce(io::Error) -> SigningKeyError {
    let path = path.to_owned();
    move |source| SigningKeyError::Access { path, source }
}

/// The id and the public half of a PKCS#8 key; `None` when it is not a P-256 key.
fn public_key(pkcs8: &[u8]) -> Option<(String, Jwk)> {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).ok()?;
    let point: &[u8; POINT_BYTES] = pair.public_key().as_ref().try_into().ok()?;
    let (x, y) = point.split_first()?.1.split_at(POINT_BYTES / 2);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    // RFC 7638, section 3.2: the required members only, in this order, without white space.
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let id = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
    let common = CommonParameters {
        public_key_use: Some(PublicKeyUse::Signature),
        key_algorithm: Some(KeyAlgorithm::ES256),
        key_id: Some(id.clone()),
        ..CommonParameters::default()
    };
    let algorithm = AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
        key_type: EllipticCurveKeyType::EC,
        curve: EllipticCurve::P256,
        x,
        y,
    });
    Some((id, Jwk { common, algorithm }))
}
