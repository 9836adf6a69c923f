//! Ids in paths. A malformed id cannot name anything, so it gets the same 404 as an unknown or a
//! foreign one.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::problem::Problem;

/// The one id of the path: `PathId(id): PathId<InvoiceId>`.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

/// The ids of the path, in order: `PathIds((id, line)): PathIds<(InvoiceId, LineId)>`.
#[derive(Debug, Clone, Copy)]
pub struct PathIds<T>(pub T);

/// What [`PathIds`] can read: tuples of ids.
pub trait FromPathIds: Sized {
    /// Reads exactly the given texts; `None` when one does not parse or their count is another.
    fn from_texts(texts: &[String]) -> Option<Self>;
}

impl<A: FromStr, B: FromStr> FromPathIds for (A, B) {
    fn from_texts(texts: &[String]) -> Option<Self> {
        let [first, second] = texts else { return None };
        Some((first.parse().ok()?, second.parse().ok()?))
    }
}

impl<A: FromStr, B: FromStr, C: FromStr> FromPathIds for (A, B, C) {
    fn from_texts(texts: &[String]) -> Option<Self> {
        let [first, second, third] = texts else {
            return None;
        };
        Some((
            first.parse().ok()?,
            second.parse().ok()?,
            third.parse().ok()?,
        ))
    }
}

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let texts = texts_of(parts, state).await?;
        let [text] = texts.as_slice() else {
            return Err(Problem::not_found());
        };
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

impl<T: FromPathIds, S: Send + Sync> FromRequestParts<S> for PathIds<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let texts = texts_of(parts, state).await?;
        T::from_texts(&texts)
            .map(Self)
            .ok_or_else(Problem::not_found)
    }
}

async fn texts_of<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>, Problem> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::not_found())?;
    Ok(params.iter().map(|(_, text)| text.to_owned()).collect())
}
