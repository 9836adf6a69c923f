//! Reading invoices: one, and lists.

use axum::extract::State;
use deserr::Deserr;
use invoiceapp_domain::ids::InvoiceId;
use invoiceapp_domain::invoice::{Invoice, Status};
use invoiceapp_domain::money::Currency;
use invoiceapp_domain::{InvalidAmount, Permission, StreamId, StreamKind};
use invoiceapp_http::json::CalendarDate;
use invoiceapp_http::{
    Authenticated, BodyErrors, Code, ConsistencyToken, DecimalText, FieldError, List, ListPage,
    NoParameters, PathId, Problem, ProblemBody, QueryAnswer, Text,
};
use invoiceapp_projections::Condition;
use invoiceapp_projections::views::invoice::{
    BALANCE, BALANCE_DECIMALS, BUYER, CURRENCY, DUE_DATE, ISSUE_DATE, NUMBER, SEARCH,
    status_condition,
};
use jiff::civil::Date;

use super::resource::{InvoiceResource, render};
use crate::parts::ServiceParts;

/// Longest text that a filter looks for, in bytes.
const FILTER_TEXT_BYTES_MAX: usize = 400;

/// A balance to compare with: an amount of any currency, in ten-thousandths of its unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct BalanceFilter(i64);

impl std::str::FromStr for BalanceFilter {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        // The currency with the most decimals has as many as the index is scaled to.
        let widest = Currency::parse("CLF").map_err(|error| InvalidAmount::new(error.reason))?;
        debug_assert_eq!(widest.exponent(), BALANCE_DECIMALS);
        let money = invoiceapp_domain::money::Money::parse(text, widest)?;
        Ok(Self(money.minor()))
    }
}

/// Which invoices a list has; all that is named must hold.
#[derive(Debug, Clone, Default, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(super) struct InvoiceFilter {
    #[deserr(default)]
    status: Option<Text<Status>>,
    #[deserr(default)]
    buyer: Option<String>,
    #[deserr(default)]
    number: Option<String>,
    #[deserr(default)]
    q: Option<String>,
    #[deserr(default)]
    currency: Option<Text<Currency>>,
    #[deserr(default)]
    issued_from: Option<Text<CalendarDate>>,
    #[deserr(default)]
    issued_to: Option<Text<CalendarDate>>,
    #[deserr(default)]
    due_before: Option<Text<CalendarDate>>,
    #[deserr(default)]
    min_balance: Option<DecimalText<BalanceFilter>>,
}

impl InvoiceFilter {
    fn conditions(self, today: Date) -> Result<Vec<Condition>, Problem> {
        check_length("buyer", self.buyer.as_deref())?;
        check_length("number", self.number.as_deref())?;
        check_length("q", self.q.as_deref())?;
        let day = |date: Text<CalendarDate>| date.0.0.to_string().into();
        let conditions = [
            self.status.map(|status| status_condition(status.0, today)),
            self.buyer
                .map(|buyer| Condition::Equals(BUYER, buyer.into())),
            self.number
                .map(|number| Condition::Equals(NUMBER, number.into())),
            self.q
                .map(|text| Condition::Contains(SEARCH, text.to_lowercase())),
            self.currency
                .map(|it| Condition::Equals(CURRENCY, it.0.code().into())),
            self.issued_from
                .map(|date| Condition::AtLeast(ISSUE_DATE, day(date))),
            self.issued_to
                .map(|date| Condition::AtMost(ISSUE_DATE, day(date))),
            self.due_before
                .map(|date| Condition::Below(DUE_DATE, day(date))),
            self.min_balance
                .map(|least| Condition::AtLeast(BALANCE, least.0.0.into())),
        ];
        Ok(conditions.into_iter().flatten().collect())
    }
}

fn check_length(parameter: &str, text: Option<&str>) -> Result<(), Problem> {
    if text.is_some_and(|text| text.len() > FILTER_TEXT_BYTES_MAX) {
        let detail = format!("The text may have at most {FILTER_TEXT_BYTES_MAX} bytes.");
        let error = FieldError::parameter(parameter, Code::InvalidValue, detail);
        return Err(Problem::invalid(vec![error]));
    }
    Ok(())
}

/// List invoices, newest first.
#[utoipa::path(get, path = "/api/v1/invoices", tag = "invoices",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
        ("count" = Option<bool>, Query), ("status" = Option<String>, Query),
        ("buyer" = Option<String>, Query), ("number" = Option<String>, Query),
        ("q" = Option<String>, Query), ("currency" = Option<String>, Query),
        ("issued_from" = Option<String>, Query), ("issued_to" = Option<String>, Query),
        ("due_before" = Option<String>, Query), ("min_balance" = Option<String>, Query)),
    responses((status = 200, body = ListPage<InvoiceResource>),
        (status = 400, body = ProblemBody)))]
pub(super) async fn list(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    list: List<InvoiceFilter>,
) -> Result<ListPage<InvoiceResource>, Problem> {
    caller.require(Permission::InvoiceGetAll)?;
    parts.wait(token).await?;
    let today = parts.today(caller.tenant()).await?;
    let conditions = list.filter.conditions(today)?;
    let query = parts.list_query(&caller, StreamKind::Invoice, list.page, conditions);
    parts
        .page::<Invoice, _>(&query, list.page, |loaded| render(loaded, today))
        .await
}

/// Read an invoice.
#[utoipa::path(get, path = "/api/v1/invoices/{id}", tag = "invoices",
    params(("id" = String, Path)),
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody)))]
pub(super) async fn get(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<InvoiceId>,
    _: NoParameters,
) -> Result<QueryAnswer<InvoiceResource>, Problem> {
    caller.require(Permission::InvoiceGetById)?;
    parts.wait(token).await?;
    let today = parts.today(caller.tenant()).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::Invoice, id);
    parts
        .document::<Invoice, _>(&stream, |loaded| render(loaded, today))
        .await
}
