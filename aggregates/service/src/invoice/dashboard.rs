//! The dashboard: counts and sums per status and currency, what is overdue, what was paid this
//! month. It adds up counters that the projection keeps, so it costs the same for ten invoices and
//! for ten million. A sum that cannot be told exactly is an error and never a figure.

use std::collections::BTreeMap;

use axum::extract::State;
use invoiceapp_domain::money::Currency;
use invoiceapp_domain::{InvalidValue, Permission};
use invoiceapp_http::{Authenticated, ConsistencyToken, NoParameters, Problem, QueryAnswer};
use invoiceapp_projections::dashboard::{Bucket, CounterOverflow, Measure};
use jiff::civil::Date;
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::parts::{ServiceParts, view_problem};

/// How many, and how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Figure {
    /// How many.
    count: i64,
    /// How much, as a decimal string.
    amount: String,
}

/// The figures of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CurrencyFigures {
    /// ISO 4217 code.
    currency: String,
    /// Documents by status; the amount is the payable amount, of `open` and `overdue` the balance.
    by_status: BTreeMap<String, Figure>,
    /// Open documents whose due date has passed, by balance.
    overdue: Figure,
    /// Everything that is still to be paid, overdue or not.
    outstanding: Figure,
    /// Payments of this calendar month.
    paid_this_month: Figure,
}

/// The dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Dashboard {
    /// The day that it is about, in the tenant's time zone.
    #[schema(format = Date)]
    today: String,
    /// One entry per currency in use.
    currencies: Vec<CurrencyFigures>,
}

/// Counts and sums over all invoices.
#[utoipa::path(get, path = "/api/v1/dashboard", tag = "dashboard",
    responses((status = 200, body = Dashboard)))]
pub(super) async fn dashboard(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    _: NoParameters,
) -> Result<QueryAnswer<Dashboard>, Problem> {
    caller.require(Permission::ReportRead)?;
    parts.wait(token).await?;
    let today = parts.today(caller.tenant()).await?;
    let buckets = parts
        .views
        .store()
        .buckets(caller.tenant())
        .await
        .map_err(view_problem)?;
    let currencies = figures(&buckets, today).map_err(|error| Problem::internal(&error))?;
    Ok(QueryAnswer::plain(Dashboard {
        today: today.to_string(),
        currencies,
    }))
}

/// Why the counters cannot be told as figures.
#[derive(Debug, Error)]
enum FiguresError {
    /// A sum is beyond the numbers that hold it.
    #[error(transparent)]
    Overflow(#[from] CounterOverflow),
    /// A counter is in a currency that this program does not know.
    #[error("a dashboard counter has an unknown currency")]
    UnknownCurrency(#[source] InvalidValue),
}

/// The figures of each currency, in the order of their codes.
fn figures(buckets: &[Bucket], today: Date) -> Result<Vec<CurrencyFigures>, FiguresError> {
    let mut by_currency: BTreeMap<&str, Sums> = BTreeMap::new();
    for bucket in buckets {
        by_currency
            .entry(&bucket.key.currency)
            .or_default()
            .add(bucket, today)?;
    }
    let figures = by_currency.into_iter().map(|(code, sums)| {
        let currency = Currency::parse(code).map_err(FiguresError::UnknownCurrency)?;
        Ok(sums.figures(currency)?)
    });
    figures.collect()
}

/// Count and minor units: a sum of many amounts may be more than one amount can be.
type Sum = (i64, i128);

fn plus(sum: Sum, (count, minor): Sum) -> Result<Sum, CounterOverflow> {
    Ok((
        sum.0.checked_add(count).ok_or(CounterOverflow)?,
        sum.1.checked_add(minor).ok_or(CounterOverflow)?,
    ))
}

#[derive(Default)]
struct Sums {
    by_status: BTreeMap<String, Sum>,
    open: Sum,
    overdue: Sum,
    paid_this_month: Sum,
}

impl Sums {
    fn add(&mut self, bucket: &Bucket, today: Date) -> Result<(), CounterOverflow> {
        let target = match bucket.key.measure {
            Measure::Status if bucket.key.bucket == "open" => return Ok(()),
            Measure::Status => self.by_status.entry(bucket.key.bucket.clone()).or_default(),
            Measure::Due if bucket.key.bucket < today.to_string() => &mut self.overdue,
            Measure::Due => &mut self.open,
            Measure::Paid
                if bucket
                    .key
                    .bucket
                    .starts_with(&today.strftime("%Y-%m-").to_string()) =>
            {
                &mut self.paid_this_month
            }
            Measure::Paid => return Ok(()),
        };
        *target = plus(*target, (bucket.count, bucket.minor))?;
        Ok(())
    }

    fn figures(mut self, currency: Currency) -> Result<CurrencyFigures, CounterOverflow> {
        let outstanding = plus(self.open, self.overdue)?;
        self.by_status.insert("open".to_owned(), self.open);
        self.by_status.insert("overdue".to_owned(), self.overdue);
        let by_status = self
            .by_status
            .into_iter()
            .filter(|(_, sum)| *sum != (0, 0))
            .map(|(word, sum)| (word, figure(sum, currency)))
            .collect();
        Ok(CurrencyFigures {
            currency: currency.code().to_owned(),
            by_status,
            overdue: figure(self.overdue, currency),
            outstanding: figure(outstanding, currency),
            paid_this_month: figure(self.paid_this_month, currency),
        })
    }
}

fn figure((count, minor): Sum, currency: Currency) -> Figure {
    Figure {
        count,
        amount: decimal_text(minor, currency.exponent()),
    }
}

/// Minor units as a decimal string with the currency's decimals.
fn decimal_text(minor: i128, exponent: u32) -> String {
    let decimals = usize::try_from(exponent).unwrap_or_default();
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use invoiceapp_domain::TenantId;
    use invoiceapp_projections::dashboard::BucketKey;

    use super::*;

    const TODAY: Date = Date::constant(2026, 11, 23);

    fn bucket(currency: &str, measure: Measure, name: &str, count: i64, minor: i128) -> Bucket {
        Bucket {
            key: BucketKey {
                tenant: TenantId::parse("acme").unwrap(),
                currency: currency.to_owned(),
                measure,
                bucket: name.to_owned(),
            },
            count,
            minor,
        }
    }

    fn due(day: &str, count: i64, minor: i128) -> Bucket {
        bucket("EUR", Measure::Due, day, count, minor)
    }

    #[test]
    fn a_sum_beyond_64_bits_is_told_to_the_cent() {
        let most = i128::from(i64::MAX);
        let buckets = [
            due("2026-11-22", 1, most),
            due("2026-11-23", 2, most),
            due("2026-11-24", 3, most),
        ];
        let found = figures(&buckets, TODAY).unwrap();
        assert_eq!(found[0].overdue.amount, "92233720368547758.07");
        let outstanding = Figure {
            count: 6,
            amount: "276701161105643274.21".to_owned(),
        };
        assert_eq!(found[0].outstanding, outstanding);
        assert_eq!(found[0].by_status["open"].amount, "184467440737095516.14");
    }

    #[test]
    fn a_sum_that_cannot_be_held_is_an_error_and_no_figure() {
        for buckets in [
            // Of one status, of open and overdue together, and of a count.
            [due("2026-11-24", 1, i128::MAX), due("2026-11-25", 1, 1)],
            [due("2026-11-24", 1, i128::MAX), due("2026-11-22", 1, 1)],
            [due("2026-11-24", 1, i128::MIN), due("2026-11-22", 1, -1)],
            [due("2026-11-24", i64::MAX, 1), due("2026-11-25", 1, 1)],
        ] {
            let refused = figures(&buckets, TODAY);
            assert!(matches!(refused, Err(FiguresError::Overflow(_))));
        }
    }

    #[test]
    fn no_currency_is_left_out() {
        let unknown = bucket("???", Measure::Status, "paid", 1, 100);
        let refused = figures(&[unknown], TODAY);
        assert!(matches!(refused, Err(FiguresError::UnknownCurrency(_))));
        let codes = ["EUR", "JPY"].map(|code| bucket(code, Measure::Status, "paid", 1, 100));
        let found = figures(&codes, TODAY).unwrap();
        assert_eq!((&*found[0].currency, &*found[1].currency), ("EUR", "JPY"));
        assert_eq!(found[1].by_status["paid"].amount, "100");
    }

    #[test]
    fn minor_units_are_written_with_the_decimals_of_the_currency() {
        for (minor, exponent, text) in [
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (123_456, 2, "1234.56"),
            (1_300_000, 0, "1300000"),
            (1_234, 3, "1.234"),
            (i128::from(i64::MAX) + 1, 2, "92233720368547758.08"),
        ] {
            assert_eq!(decimal_text(minor, exponent), text);
        }
    }
}
