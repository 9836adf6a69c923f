//! The one rounding of the system, and the one way to spread a total without losing a unit.

/// Divides and rounds to the nearest integer, a half away from zero: on the magnitude, so that a
/// credit rounds like the invoice it corrects. The divisor must be positive.
///
/// `None` when it is not, or when an intermediate value leaves `i128`; neither can happen within
/// the limits of this module.
#[must_use]
pub fn round_half_away(numerator: i128, divisor: i128) -> Option<i128> {
    if divisor <= 0 {
        return None;
    }
    let quotient = numerator.checked_div(divisor)?;
    let remainder = numerator.checked_rem(divisor)?.checked_abs()?;
    if remainder.checked_mul(2)? >= divisor {
        quotient.checked_add(numerator.signum())
    } else {
        Some(quotient)
    }
}

/// Largest-remainder method: rounds each `numerators[i] / divisor` down, then adds one to those
/// with the largest remainder (the first among equals) until the sum is `total`.
///
/// `None` when the divisor is not positive, when no such spread exists because `total` is further
/// from the exact sum than rounding alone can explain, or when a value leaves `i128`.
#[must_use]
pub fn apportion(numerators: &[i128], divisor: i128, total: i128) -> Option<Vec<i128>> {
    if divisor <= 0 {
        return None;
    }
    let mut parts = Vec::with_capacity(numerators.len());
    let mut remainders = Vec::with_capacity(numerators.len());
    let mut assigned = 0_i128;
    for (index, numerator) in numerators.iter().enumerate() {
        let part = numerator.checked_div_euclid(divisor)?;
        assigned = assigned.checked_add(part)?;
        parts.push(part);
        remainders.push((numerator.checked_rem_euclid(divisor)?, index));
    }
    let missing = usize::try_from(total.checked_sub(assigned)?).ok()?;
    if missing > parts.len() {
        return None;
    }
    remainders.sort_by(|(left, first), (right, second)| right.cmp(left).then(first.cmp(second)));
    for (_, index) in remainders.into_iter().take(missing) {
        let part = parts.get_mut(index)?;
        *part = part.checked_add(1)?;
    }
    Some(parts)
}
