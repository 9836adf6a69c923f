//! The answers to what was refused.

use invoiceapp_domain::media::MediaRefusal;
use invoiceapp_http::{Code, FieldError, Problem};
use invoiceapp_journal::execute::{ExecuteError, LoadError};
use invoiceapp_journal::port::AppendError;
use invoiceapp_objects::ObjectError;

use crate::sanitize::SanitizeError;

/// The one mapping of refused files to answers.
pub(super) fn of_file(error: SanitizeError) -> Problem {
    let code = match error {
        SanitizeError::UnsupportedType => Code::UnsupportedMediaType,
        SanitizeError::TooLarge => Code::BodyTooLarge,
        SanitizeError::Busy => Code::DependencyUnavailable,
        SanitizeError::Empty
        | SanitizeError::Damaged
        | SanitizeError::TrailingData
        | SanitizeError::TooManyPixels
        | SanitizeError::TooElongated
        | SanitizeError::ExpandsTooMuch
        | SanitizeError::Encrypted
        | SanitizeError::TooManyPages
        | SanitizeError::TooComplex
        | SanitizeError::TooSlow => Code::InvalidValue,
    };
    let sentence = format!("{}.", capitalised(&error.to_string()));
    let problem = Problem::new(code).with_detail(sentence.clone());
    if code == Code::DependencyUnavailable {
        return problem;
    }
    problem.with_error(FieldError {
        code: error.code(),
        ..FieldError::at("/file", code, sentence)
    })
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

fn of_refusal(refusal: MediaRefusal) -> Problem {
    let code = match refusal {
        MediaRefusal::NotFound => return Problem::not_found(),
        MediaRefusal::MediaExists | MediaRefusal::ThumbnailExists => Code::AlreadyExists,
        MediaRefusal::Empty | MediaRefusal::PixelsDoNotFit => Code::InvalidValue,
        MediaRefusal::TooLarge => Code::BodyTooLarge,
        MediaRefusal::LogoIsNoPicture => Code::UnsupportedMediaType,
        MediaRefusal::NotAPicture => Code::InvalidState,
    };
    Problem::new(code).with_detail(format!("{}.", capitalised(&refusal.to_string())))
}

pub(super) fn of_command(error: ExecuteError<MediaRefusal>) -> Problem {
    let append = |error: &AppendError| Problem::from_append(error, None);
    match error {
        ExecuteError::Refused(refusal) => of_refusal(refusal),
        ExecuteError::VersionMismatch { .. } => Problem::new(Code::VersionMismatch),
        ExecuteError::NotFound => Problem::not_found(),
        ExecuteError::CommandReused => append(&AppendError::CommandReused),
        ExecuteError::ClaimTaken { key } => append(&AppendError::ClaimTaken { key }),
        ExecuteError::SeriesDateBeforeLast { series, last } => {
            append(&AppendError::SeriesDateBeforeLast { series, last })
        }
        ExecuteError::TooLarge { limit } => append(&AppendError::TooLarge { limit }),
        ExecuteError::Conflict => Problem::new(Code::Conflict),
        ExecuteError::Load(error) => of_load(&error),
        ExecuteError::Unwritable { .. } => Problem::internal(&error),
        ExecuteError::Journal(error) => Problem::from(&error),
    }
}

pub(super) fn of_load(error: &LoadError) -> Problem {
    match error {
        LoadError::Journal(source) => Problem::from(source),
        LoadError::Fold(_) | LoadError::NoSuchVersion { .. } => Problem::internal(error),
    }
}

pub(super) fn of_objects(error: &ObjectError) -> Problem {
    match error {
        ObjectError::Unavailable(_) => Problem::unavailable(error),
        ObjectError::TooLarge => Problem::new(Code::BodyTooLarge),
        ObjectError::Damaged { .. } | ObjectError::MalformedKey => Problem::internal(error),
    }
}
