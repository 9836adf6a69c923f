//! The dashboard: counts and sums per status and currency, what is overdue, what was paid this
//! month. It adds up counters that the projection keeps, so it costs the same for ten invoices and
//! for ten million.

use std::collections::BTreeMap;

use axum::extract::State;
use invoiceapp_domain::Permission;
use invoiceapp_domain::money::Currency;
use invoiceapp_http::{Authenticated, ConsistencyToken, NoParameters, Problem, QueryAnswer};
use invoiceapp_projections::dashboard::{Bucket, Measure};
use jiff::civil::Date;
use serde::Serialize;
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
    let mut by_currency: BTreeMap<String, Sums> = BTreeMap::new();
    for bucket in &buckets {
        by_currency
            .entry(bucket.key.currency.clone())
            .or_default()
            .add(bucket, today);
    }
    let currencies = by_currency
        .into_iter()
        .filter_map(|(code, sums)| sums.figures(&code));
    Ok(QueryAnswer::plain(Dashboard {
        today: today.to_string(),
        currencies: currencies.collect(),
    }))
}

/// Count and minor units: a sum of many amounts may be more than one amount can be.
type Sum = (i64, i128);

#[derive(Default)]
struct Sums {
    by_status: BTreeMap<String, Sum>,
    open: Sum,
    overdue: Sum,
    paid_this_month: Sum,
}

impl Sums {
    fn add(&mut self, bucket: &Bucket, today: Date) {
        let target = match bucket.key.measure {
            Measure::Status if bucket.key.bucket == "open" => return,
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
            Measure::Paid => return,
        };
        target.0 = target.0.saturating_add(bucket.count);
        target.1 = target.1.saturating_add(bucket.minor);
    }

    fn figures(mut self, code: &str) -> Option<CurrencyFigures> {
        let currency = Currency::parse(code).ok()?;
        let outstanding = (
            self.open.0.saturating_add(self.overdue.0),
            self.open.1.saturating_add(self.overdue.1),
        );
        self.by_status.insert("open".to_owned(), self.open);
        self.by_status.insert("overdue".to_owned(), self.overdue);
        let by_status = self
            .by_status
            .into_iter()
            .filter(|(_, sum)| sum.0 != 0)
            .map(|(word, sum)| (word, figure(sum, currency)))
            .collect();
        Some(CurrencyFigures {
            currency: code.to_owned(),
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
    use super::decimal_text;

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
