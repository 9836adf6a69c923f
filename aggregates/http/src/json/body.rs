//! The extractors: bytes from the wire to a checked type.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use deserr::Deserr;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use sha2::{Digest, Sha256};

use super::errors::BodyErrors;
use super::node::{JsonNode, JsonObject, parse_node};
use super::values::Nothing;
use crate::code::Code;
use crate::problem::Problem;
use crate::server::BodyFailure;

/// Largest body of a command, in bytes.
pub const COMMAND_BODY_BYTES_MAX: usize = 256 * 1024;

/// SHA-256 of a body's canonical form; part of a command's fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyDigest(pub [u8; 32]);

impl BodyDigest {
    /// Of bytes that have no canonical form, like those of an uploaded file.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    fn of_node(node: &JsonNode) -> Self {
        let mut text = String::new();
        node.write_canonical(&mut text);
        Self::of_bytes(text.as_bytes())
    }
}

/// A JSON body of at most [`COMMAND_BODY_BYTES_MAX`].
#[derive(Debug, Clone)]
pub struct Json<T> {
    /// What the body says.
    pub value: T,
    /// For [`crate::CommandRequest::stamp`].
    pub digest: BodyDigest,
}

/// A JSON body that may be absent, which means `{}`.
#[derive(Debug, Clone)]
pub struct OptionalJson<T> {
    /// What the body says.
    pub value: T,
    /// For [`crate::CommandRequest::stamp`].
    pub digest: BodyDigest,
}

/// No body, or `{}`.
#[derive(Debug, Clone, Copy)]
pub struct NoBody {
    /// For [`crate::CommandRequest::stamp`].
    pub digest: BodyDigest,
}

/// A body that has not been read yet: a handler asks for the permission first, and reads then, so
/// that who may not do something learns nothing about how it is done.
#[derive(Debug)]
pub struct Unread<T> {
    request: Request,
    body: PhantomData<fn() -> T>,
}

impl<T: FromRequest<(), Rejection = Problem>> Unread<T> {
    /// Reads the body.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn read(self) -> Result<T, Problem> {
        T::from_request(self.request, &()).await
    }
}

impl<T, S: Send + Sync> FromRequest<S> for Unread<T> {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            request,
            body: PhantomData,
        })
    }
}

impl<T: Deserr<BodyErrors>, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        let bytes = read_body(&parts.headers, body, COMMAND_BODY_BYTES_MAX).await?;
        let (value, digest) = parse_body(&bytes)?;
        Ok(Self { value, digest })
    }
}

impl<T: Deserr<BodyErrors>, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, COMMAND_BODY_BYTES_MAX).await?;
        let (value, digest) = if bytes.is_empty() {
            checked(
                JsonNode::Object(JsonObject::default()),
                BodyErrors::default(),
            )?
        } else {
            require_json(&parts.headers)?;
            parse_body(&bytes)?
        };
        Ok(Self { value, digest })
    }
}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = OptionalJson::<Nothing>::from_request(request, state).await?;
        Ok(Self {
            digest: body.digest,
        })
    }
}

/// Reads a body whole.
///
/// # Errors
/// 413 when it is, or says that it is, larger than `bytes_max`: no more than that is ever held.
/// 408 or 400 when it does not come in whole.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let too_large = || {
        Problem::new(Code::BodyTooLarge)
            .with_detail(format!("The body may have at most {bytes_max} bytes."))
    };
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(BodyFailure::of(error.as_ref()).problem()),
    }
}

/// Turns the bytes of a JSON document into a checked type.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_body<T: Deserr<BodyErrors>>(bytes: &[u8]) -> Result<(T, BodyDigest), BodyErrors> {
    let (node, errors) = parse_node(bytes)?;
    checked(node, errors)
}

fn checked<T: Deserr<BodyErrors>>(
    node: JsonNode,
    mut errors: BodyErrors,
) -> Result<(T, BodyDigest), BodyErrors> {
    let digest = BodyDigest::of_node(&node);
    match deserr::deserialize(node) {
        Ok(value) if errors.is_empty() => Ok((value, digest)),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.append(more);
            Err(errors)
        }
    }
}

/// `application/json`, and when a charset is named, UTF-8 (RFC 8259 has no other).
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = || {
        Problem::new(Code::UnsupportedMediaType).with_detail("The body must be application/json.")
    };
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unsupported());
    };
    let text = value.to_str().map_err(|_| unsupported())?;
    let mut parts = text.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
            charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    let identity = headers
        .get(header::CONTENT_ENCODING)
        .is_none_or(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if json && utf8 && identity {
        Ok(())
    } else {
        Err(unsupported())
    }
}
