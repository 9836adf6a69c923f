//! Amounts that a client sends for what the server computes. They are never taken: the document is
//! computed from lines and adjustments, and where an expected amount differs the command is refused.

use deserr::Deserr;
use invoiceapp_domain::ids::LineId;
use invoiceapp_domain::invoice::{DraftContent, Invoice, InvoiceCommand, InvoiceRefusal};
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::tax::Amounts;
use invoiceapp_domain::{Actor, Context, Decider, TenantId};
use invoiceapp_http::{BodyErrors, Code, CommandRequest, DecimalText, FieldError, Problem};
use utoipa::ToSchema;

use super::adjustments::SignedAmountText;
use super::bodies::LineBody;
use crate::parts::{Refusal, ServiceParts};

/// Totals as the client computes them; each is optional.
#[derive(Debug, Clone, Default, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = ExpectedTotals)]
pub(crate) struct TotalsBody {
    /// BT-106.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    line_net: Option<DecimalText<SignedAmountText>>,
    /// BT-107.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    allowances: Option<DecimalText<SignedAmountText>>,
    /// BT-108.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    charges: Option<DecimalText<SignedAmountText>>,
    /// BT-109.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    tax_exclusive: Option<DecimalText<SignedAmountText>>,
    /// BT-110.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    tax: Option<DecimalText<SignedAmountText>>,
    /// BT-112.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    tax_inclusive: Option<DecimalText<SignedAmountText>>,
    /// BT-113.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    prepaid: Option<DecimalText<SignedAmountText>>,
    /// BT-114.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    rounding: Option<DecimalText<SignedAmountText>>,
    /// BT-115.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    payable: Option<DecimalText<SignedAmountText>>,
}

/// Everything that one command expects.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    who: (TenantId, Actor),
    totals: Option<TotalsBody>,
    lines: Vec<(LinePlace, DecimalText<SignedAmountText>)>,
}

/// Which line an expected net amount is for.
#[derive(Debug, Clone, Copy)]
enum LinePlace {
    /// That of the body's list.
    Index(usize),
    /// The only one of the body.
    Only(LineId),
}

impl Expected {
    /// What a body with a list of lines expects.
    pub(super) fn of(
        request: &CommandRequest,
        totals: Option<TotalsBody>,
        lines: &[LineBody],
    ) -> Self {
        let lines = lines.iter().enumerate();
        let lines = lines.filter_map(|(index, line)| {
            let amount = line.net_amount.clone()?;
            Some((LinePlace::Index(index), amount))
        });
        Self {
            who: who(request),
            totals,
            lines: lines.collect(),
        }
    }

    /// What a body of one line expects.
    pub(super) fn of_line(request: &CommandRequest, id: LineId, line: &LineBody) -> Self {
        let amount = line.net_amount.clone();
        Self {
            who: who(request),
            totals: None,
            lines: amount
                .map(|amount| (LinePlace::Only(id), amount))
                .into_iter()
                .collect(),
        }
    }

    /// Refuses the command when the draft that it would leave has other amounts: 400 that names
    /// every amount that differs, with what the server computes. What the domain refuses is left
    /// to it.
    ///
    /// # Errors
    /// That refusal, or the organisation could not be read.
    pub(super) async fn check(
        &self,
        parts: &ServiceParts,
        state: Option<&Invoice>,
        command: &InvoiceCommand,
    ) -> Result<(), Refusal<InvoiceRefusal>> {
        if self.totals.is_none() && self.lines.is_empty() {
            return Ok(());
        }
        let (tenant, actor) = &self.who;
        let context = parts.context(tenant, actor.clone()).await;
        let context = context.map_err(Refusal::Prepared)?;
        let Some((draft, amounts)) = amounts_after(state, command, &context) else {
            return Ok(());
        };
        let differences = self.differences(&draft, &amounts);
        if differences.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Prepared(Problem::invalid(differences)))
        }
    }

    fn differences(&self, draft: &DraftContent, amounts: &Amounts) -> Vec<FieldError> {
        let mut differences = Differences {
            currency: draft.currency,
            errors: Vec::new(),
        };
        for (place, expected) in &self.lines {
            let (index, pointer) = match place {
                LinePlace::Index(index) => (Some(*index), format!("/lines/{index}/net_amount")),
                LinePlace::Only(id) => {
                    let index = draft.lines.iter().position(|line| line.line_id == *id);
                    (index, "/net_amount".to_owned())
                }
            };
            if let Some(line) = index.and_then(|index| amounts.lines.get(index)) {
                differences.note(&pointer, Some(expected), line.net_amount);
            }
        }
        if let Some(totals) = &self.totals {
            totals.compare(amounts, &mut differences);
        }
        differences.errors
    }
}

fn who(request: &CommandRequest) -> (TenantId, Actor) {
    (request.tenant().clone(), request.actor())
}

impl TotalsBody {
    fn compare(&self, amounts: &Amounts, differences: &mut Differences) {
        let totals = &amounts.totals;
        for (name, expected, computed) in [
            ("line_net", &self.line_net, totals.line_net),
            ("allowances", &self.allowances, totals.allowances),
            ("charges", &self.charges, totals.charges),
            ("tax_exclusive", &self.tax_exclusive, totals.tax_exclusive),
            ("tax", &self.tax, totals.tax),
            ("tax_inclusive", &self.tax_inclusive, totals.tax_inclusive),
            ("prepaid", &self.prepaid, totals.prepaid),
            ("rounding", &self.rounding, totals.rounding),
            ("payable", &self.payable, totals.payable),
        ] {
            differences.note(&format!("/totals/{name}"), expected.as_ref(), computed);
        }
    }
}

struct Differences {
    currency: Currency,
    errors: Vec<FieldError>,
}

impl Differences {
    fn note(
        &mut self,
        pointer: &str,
        expected: Option<&DecimalText<SignedAmountText>>,
        computed: Money,
    ) {
        let Some(expected) = expected else { return };
        match expected.money(self.currency, pointer) {
            Ok(expected) if expected == computed => {}
            Ok(_) => {
                let detail = format!("The server computes {}.", computed.to_decimal_string());
                let error = FieldError::at(pointer, Code::InvalidAmount, detail);
                self.errors.push(error);
            }
            Err(error) => self.errors.push(error),
        }
    }
}

/// The draft that a command would leave, and its amounts.
fn amounts_after(
    state: Option<&Invoice>,
    command: &InvoiceCommand,
    context: &Context,
) -> Option<(DraftContent, Amounts)> {
    let mut state = state.cloned().unwrap_or_default();
    let decision = state.decide(command, context).ok()?;
    for event in &decision.events {
        state.evolve(event);
    }
    let draft = state.as_draft()?.clone();
    let amounts = draft.amounts().ok()?;
    Some((draft, amounts))
}
