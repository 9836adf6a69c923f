//! Units of measure by their code in UN/ECE Recommendation 20.

use crate::invalid::InvalidValue;
use crate::text::text_value;

text_value!(
    /// The unit of a quantity (BT-130): a code of UN/ECE Recommendation 20, or of Recommendation 21
    /// with an `X` before it. Two or three upper-case letters and digits.
    ///
    /// The form is checked, not membership: the two lists hold more than two thousand codes and
    /// grow with each edition, and a list of the common ones would refuse honest units. The
    /// complete list belongs where a document of the standard is written (BR-CL-23).
    UnitCode,
    |text| {
        let formed = matches!(text.len(), 2 | 3)
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if formed {
            Ok(text.to_owned())
        } else {
            Err(InvalidValue::new("must be a unit code of UN/ECE Recommendation 20, such as C62"))
        }
    }
);

impl UnitCode {
    /// `C62`, one piece: what a line has whose unit nobody named.
    #[must_use]
    pub fn one() -> Self {
        Self("C62".to_owned())
    }
}

impl Default for UnitCode {
    fn default() -> Self {
        Self::one()
    }
}
