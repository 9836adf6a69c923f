//! Amounts of money.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::currency::Currency;
use super::decimal::{DecimalForm, format_scaled, parse_scaled, power_of_ten};
use crate::invalid::InvalidAmount;

/// Largest magnitude of an amount, a sum included, in minor units. It fits `i64` with room, and is
/// an integer that JSON readers with doubles keep exactly.
pub const MONEY_MINOR_MAX: i64 = 9_000_000_000_000_000;

/// Decimals of the currencies that have the most of them (ISO 4217: CLF and UYW).
pub const DECIMALS_MAX: u32 = 4;

/// Why amounts cannot be computed with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Two currencies in one sum.
    #[error("the amounts are in different currencies")]
    CurrencyMismatch,
    /// The result is beyond [`MONEY_MINOR_MAX`].
    #[error("the amount is too large")]
    OutOfRange,
}

/// An amount of one currency: an integer of minor units (BT-131 and every other amount of
/// EN 16931). It is `i64`, because databases, Avro and JSON readers hold 64 bits; products on the
/// way to it are taken in `i128`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "StoredMoney")]
pub struct Money {
    minor: i64,
    currency: Currency,
}

#[derive(Deserialize)]
struct StoredMoney {
    minor: i64,
    currency: Currency,
}

impl TryFrom<StoredMoney> for Money {
    type Error = AmountError;
    fn try_from(stored: StoredMoney) -> Result<Self, AmountError> {
        Self::from_minor(stored.minor, stored.currency)
    }
}

impl Money {
    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// An amount of minor units.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] beyond [`MONEY_MINOR_MAX`].
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        Self::from_wide(i128::from(minor), currency)
    }

    /// An amount of whole units: 10 is ten euros, or ten yen.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] beyond [`MONEY_MINOR_MAX`].
    pub fn from_units(units: i64, currency: Currency) -> Result<Self, AmountError> {
        let minor = power_of_ten(currency.exponent())
            .and_then(|unit| unit.checked_mul(i128::from(units)))
            .ok_or(AmountError::OutOfRange)?;
        Self::from_wide(minor, currency)
    }

    /// An amount from a wide intermediate result.
    pub(crate) fn from_wide(minor: i128, currency: Currency) -> Result<Self, AmountError> {
        let minor = i64::try_from(minor).map_err(|_| AmountError::OutOfRange)?;
        if (-MONEY_MINOR_MAX..=MONEY_MINOR_MAX).contains(&minor) {
            Ok(Self { minor, currency })
        } else {
            Err(AmountError::OutOfRange)
        }
    }

    /// Reads an amount that may not be negative: `"1234.50"`.
    ///
    /// # Errors
    /// [`InvalidAmount`] when the text is not a plain decimal with at most the currency's decimals.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, InvalidAmount> {
        Self::parse_form(text, currency, false)
    }

    /// Reads an amount of either sign, such as the rounding amount BT-114.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn parse_signed(text: &str, currency: Currency) -> Result<Self, InvalidAmount> {
        Self::parse_form(text, currency, true)
    }

    /// Whether a text can be an amount of some currency, and on which side of zero it is: for an
    /// amount that is read before its currency is.
    ///
    /// # Errors
    /// [`InvalidAmount`] when it is an amount of none.
    pub fn check_form(text: &str, signed: bool) -> Result<Ordering, InvalidAmount> {
        let too_large = || InvalidAmount::new(AmountError::OutOfRange.to_string());
        let scaled_max = power_of_ten(DECIMALS_MAX)
            .and_then(|unit| unit.checked_mul(i128::from(MONEY_MINOR_MAX)))
            .ok_or_else(too_large)?;
        let form = DecimalForm {
            decimals: DECIMALS_MAX,
            scaled_max,
            signed,
        };
        parse_scaled(text, form).map(|scaled| scaled.cmp(&0))
    }

    fn parse_form(text: &str, currency: Currency, signed: bool) -> Result<Self, InvalidAmount> {
        let scaled_max = i128::from(MONEY_MINOR_MAX);
        let form = DecimalForm {
            decimals: currency.exponent(),
            scaled_max,
            signed,
        };
        let minor = parse_scaled(text, form)?;
        Self::from_wide(minor, currency).map_err(|error| InvalidAmount::new(error.to_string()))
    }

    /// The integer of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The integer of minor units, wide enough to multiply.
    pub(crate) fn wide(self) -> i128 {
        i128::from(self.minor)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`AmountError`] when the currencies differ or the sum is out of range.
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let sum = self
            .minor
            .checked_add(other.minor)
            .ok_or(AmountError::OutOfRange)?;
        Self::from_minor(sum, self.currency)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`AmountError`] when the currencies differ or the difference is out of range.
    pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
        self.checked_add(other.negated())
    }

    /// The same magnitude with the other sign; always in range, because the range is symmetric.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self {
            minor: self.minor.saturating_neg(),
            currency: self.currency,
        }
    }

    /// The amount without its sign; always in range, because the range is symmetric.
    #[must_use]
    pub const fn magnitude(self) -> Self {
        Self {
            minor: self.minor.saturating_abs(),
            currency: self.currency,
        }
    }

    /// The order of two amounts of one currency.
    ///
    /// # Errors
    /// [`AmountError::CurrencyMismatch`] when the currencies differ.
    pub fn checked_cmp(self, other: Self) -> Result<Ordering, AmountError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// The sum of many; zero of the currency when there are none.
    ///
    /// # Errors
    /// [`AmountError`] when a currency differs or a partial sum is out of range.
    pub fn checked_sum(
        amounts: impl IntoIterator<Item = Self>,
        currency: Currency,
    ) -> Result<Self, AmountError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::checked_add)
    }

    fn same_currency(self, other: Self) -> Result<(), AmountError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(AmountError::CurrencyMismatch)
        }
    }

    /// The amount with all the currency's decimals and without its code: `"1234.50"`.
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        let decimals = self.currency.exponent();
        format_scaled(i128::from(self.minor), decimals, decimals)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.to_decimal_string(), self.currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}
