//! The strict decimal text of every number in the system, read into and written from integers.

use crate::invalid::InvalidAmount;

/// Longest decimal text that is looked at; every limit of this module is far shorter.
pub const DECIMAL_TEXT_BYTES_MAX: usize = 40;

/// What a decimal text of one kind may look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecimalForm {
    /// Most digits after the point.
    pub(super) decimals: u32,
    /// Largest magnitude, in units of the last decimal.
    pub(super) scaled_max: i128,
    /// Whether a minus sign may stand in front.
    pub(super) signed: bool,
}

/// `10^exponent`, for the small exponents of this crate.
pub(super) fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// Reads a text in units of the form's last decimal: `"12.5"` with two decimals is 1250.
///
/// The grammar is that of a JSON number without exponent: no sign `+`, no underscore, no bare `.5`
/// or `5.`, no leading zero, nothing around it.
///
/// # Errors
/// [`InvalidAmount`] when the text does not have this form, or has too many decimals, or is beyond
/// the limit, or is negative where that is not allowed.
pub(super) fn parse_scaled(text: &str, form: DecimalForm) -> Result<i128, InvalidAmount> {
    let malformed = || InvalidAmount::new("must be a plain decimal number such as \"1234.50\"");
    let too_large = || InvalidAmount::new("is too large");
    if text.len() > DECIMAL_TEXT_BYTES_MAX {
        return Err(malformed());
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || fraction.is_some_and(|part| !plain(part)) || has_leading_zero(whole) {
        return Err(malformed());
    }
    if negative && !form.signed {
        return Err(InvalidAmount::new("must not be negative"));
    }
    let fraction = fraction.unwrap_or_default();
    let written = u32::try_from(fraction.len()).map_err(|_| malformed())?;
    let missing = form
        .decimals
        .checked_sub(written)
        .ok_or_else(|| too_precise(form.decimals))?;
    let magnitude = whole
        .bytes()
        .chain(fraction.bytes())
        .try_fold(0_i128, |value, byte| {
            value
                .checked_mul(10)?
                .checked_add(i128::from(byte.checked_sub(b'0')?))
        })
        .and_then(|value| value.checked_mul(power_of_ten(missing)?))
        .filter(|value| *value <= form.scaled_max)
        .ok_or_else(too_large)?;
    if negative {
        magnitude.checked_neg().ok_or_else(too_large)
    } else {
        Ok(magnitude)
    }
}

fn has_leading_zero(whole: &str) -> bool {
    whole.len() > 1 && whole.starts_with('0')
}

fn too_precise(decimals: u32) -> InvalidAmount {
    if decimals == 0 {
        InvalidAmount::new("must have no decimals")
    } else {
        InvalidAmount::new(format!("must have at most {decimals} decimals"))
    }
}

/// Writes an integer of the given scale as a decimal text, without trailing zeros beyond `keep`
/// digits after the point.
pub(super) fn format_scaled(scaled: i128, decimals: u32, keep: u32) -> String {
    let places = usize::try_from(decimals).unwrap_or_default();
    let digits = format!(
        "{:0>width$}",
        scaled.unsigned_abs(),
        width = places.saturating_add(1)
    );
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
    let kept = usize::try_from(keep).unwrap_or_default().min(places);
    let significant = fraction.trim_end_matches('0').len().max(kept);
    let fraction = fraction.get(..significant).unwrap_or_default();
    let sign = if scaled < 0 { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}
