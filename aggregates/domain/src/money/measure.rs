//! Quantities, unit prices and rates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::amount::{AmountError, Money};
use super::currency::Currency;
use super::decimal::{DecimalForm, format_scaled, parse_scaled, power_of_ten};
use super::rounding::round_half_away;
use crate::invalid::InvalidAmount;

/// Decimals of a quantity.
pub const QUANTITY_DECIMALS: u32 = 6;
/// Largest whole quantity.
pub const QUANTITY_WHOLE_MAX: i64 = 1_000_000_000;
/// Decimals of a unit price.
pub const UNIT_PRICE_DECIMALS: u32 = 10;
/// Largest whole unit price, in major units.
pub const UNIT_PRICE_WHOLE_MAX: i64 = 1_000_000_000_000_000;
/// Decimals of a rate in percent: parts per million.
pub const RATE_DECIMALS: u32 = 4;
/// 100 % in parts per million, and the largest rate.
pub const RATE_PPM_ONE: u32 = 1_000_000;

const QUANTITY_SCALED_MAX: i64 = 1_000_000_000_000_000;
const UNIT_PRICE_SCALED_MAX: i128 = 10_000_000_000_000_000_000_000_000;

macro_rules! as_decimal_text {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidAmount;
            fn from_str(text: &str) -> Result<Self, InvalidAmount> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

as_decimal_text!(Quantity, UnitPrice, Rate);

/// How much was supplied (BT-129), or what a price is for (BT-149): millionths, not zero, negative
/// for a correction. Serialises as a decimal text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity {
    millionths: i64,
}

impl Quantity {
    /// One.
    pub const ONE: Self = Self {
        millionths: 1_000_000,
    };

    /// Reads a quantity of either sign.
    ///
    /// # Errors
    /// [`InvalidAmount`] when the text is not a plain decimal of at most [`QUANTITY_DECIMALS`]
    /// decimals and [`QUANTITY_WHOLE_MAX`], or is zero.
    pub fn parse(text: &str) -> Result<Self, InvalidAmount> {
        let scaled_max = i128::from(QUANTITY_SCALED_MAX);
        let form = DecimalForm {
            decimals: QUANTITY_DECIMALS,
            scaled_max,
            signed: true,
        };
        let scaled = parse_scaled(text, form)?;
        let millionths = i64::try_from(scaled).map_err(|_| InvalidAmount::new("is too large"))?;
        if millionths == 0 {
            return Err(InvalidAmount::new("must not be zero"));
        }
        Ok(Self { millionths })
    }

    /// Reads the quantity that a price is for (BT-149), which is above zero (PEPPOL-EN16931-R121).
    ///
    /// # Errors
    /// As for [`Self::parse`], and when it is negative.
    pub fn parse_positive(text: &str) -> Result<Self, InvalidAmount> {
        let quantity = Self::parse(text)?;
        if quantity.is_positive() {
            Ok(quantity)
        } else {
            Err(InvalidAmount::new("must be more than zero"))
        }
    }

    /// Whether it is more than zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.millionths > 0
    }

    /// The quantity in millionths.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.millionths
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_scaled(
            i128::from(self.millionths),
            QUANTITY_DECIMALS,
            0,
        ))
    }
}

/// The price of one base quantity, in major units of the document's currency (BT-146, and in gross
/// price mode the price with tax): never negative (BR-27). Serialises as a decimal text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitPrice {
    ten_billionths: i128,
}

impl UnitPrice {
    /// Reads a price.
    ///
    /// # Errors
    /// [`InvalidAmount`] when the text is not a plain decimal of at most [`UNIT_PRICE_DECIMALS`]
    /// decimals and [`UNIT_PRICE_WHOLE_MAX`], or is negative.
    pub fn parse(text: &str) -> Result<Self, InvalidAmount> {
        let scaled_max = UNIT_PRICE_SCALED_MAX;
        let form = DecimalForm {
            decimals: UNIT_PRICE_DECIMALS,
            scaled_max,
            signed: false,
        };
        parse_scaled(text, form).map(|ten_billionths| Self { ten_billionths })
    }

    /// The price as text with at least `decimals` digits after the point, and no zeros beyond.
    #[must_use]
    pub fn to_decimal_string(self, decimals: u32) -> String {
        format_scaled(self.ten_billionths, UNIT_PRICE_DECIMALS, decimals)
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_decimal_string(0))
    }
}

/// A percentage from 0 to 100, of tax (BT-152) or of an allowance (BT-138): parts per million, so
/// `"9.975"` is exact. Serialises as a decimal text of percent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate {
    ppm: u32,
}

impl Rate {
    /// 0 %.
    pub const ZERO: Self = Self { ppm: 0 };

    /// Reads a percentage.
    ///
    /// # Errors
    /// [`InvalidAmount`] when the text is not a plain decimal from 0 to 100 with at most
    /// [`RATE_DECIMALS`] decimals.
    pub fn parse(text: &str) -> Result<Self, InvalidAmount> {
        let scaled_max = i128::from(RATE_PPM_ONE);
        let form = DecimalForm {
            decimals: RATE_DECIMALS,
            scaled_max,
            signed: false,
        };
        let scaled = parse_scaled(text, form)?;
        let ppm = u32::try_from(scaled).map_err(|_| InvalidAmount::new("is too large"))?;
        Ok(Self { ppm })
    }

    /// A rate of parts per million.
    ///
    /// # Errors
    /// [`InvalidAmount`] above [`RATE_PPM_ONE`].
    pub fn from_ppm(ppm: u32) -> Result<Self, InvalidAmount> {
        if ppm <= RATE_PPM_ONE {
            Ok(Self { ppm })
        } else {
            Err(InvalidAmount::new("must be at most 100"))
        }
    }

    /// The parts per million.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.ppm
    }

    /// Whether it is 0 %.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.ppm == 0
    }

    /// This share of an amount, rounded half away from zero: tax of a taxable amount (BR-CO-17),
    /// an allowance of its base (PEPPOL-EN16931-R040).
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`], which no rate up to 100 % reaches.
    pub fn of(self, base: Money) -> Result<Money, AmountError> {
        let share = base
            .wide()
            .checked_mul(i128::from(self.ppm))
            .ok_or(AmountError::OutOfRange)?;
        let minor = round_half_away(share, i128::from(RATE_PPM_ONE));
        Money::from_wide(minor.ok_or(AmountError::OutOfRange)?, base.currency())
    }

    /// The tax that an amount with tax contains: `gross × rate / (100 % + rate)`, rounded half away
    /// from zero.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`], which no rate up to 100 % reaches.
    pub fn contained_in(self, gross: Money) -> Result<Money, AmountError> {
        let rate = i128::from(self.ppm);
        let divisor = rate
            .checked_add(i128::from(RATE_PPM_ONE))
            .ok_or(AmountError::OutOfRange)?;
        let share = gross
            .wide()
            .checked_mul(rate)
            .ok_or(AmountError::OutOfRange)?;
        let minor = round_half_away(share, divisor).ok_or(AmountError::OutOfRange)?;
        Money::from_wide(minor, gross.currency())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_scaled(i128::from(self.ppm), RATE_DECIMALS, 0))
    }
}

/// `quantity × unit price / base quantity`, rounded once to minor units: the first part of the line
/// net amount (PEPPOL-EN16931-R120). A price times a quantity that leaves `i128` is more than 10^22
/// major units, which no base quantity in use brings back to an amount: it is refused as too large.
///
/// # Errors
/// [`AmountError::OutOfRange`] when the result is no amount, or the base quantity is not positive.
pub fn price_times_quantity(
    unit_price: UnitPrice,
    quantity: Quantity,
    base_quantity: Quantity,
    currency: Currency,
) -> Result<Money, AmountError> {
    let minor = UNIT_PRICE_DECIMALS
        .checked_sub(currency.exponent())
        .and_then(|surplus| {
            let numerator = unit_price
                .ten_billionths
                .checked_mul(i128::from(quantity.millionths))?;
            let base = i128::from(base_quantity.millionths);
            round_half_away(numerator, base.checked_mul(power_of_ten(surplus)?)?)
        });
    Money::from_wide(minor.ok_or(AmountError::OutOfRange)?, currency)
}
