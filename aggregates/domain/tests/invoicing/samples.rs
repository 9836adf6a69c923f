//! Real invoices of EN 16931 and Peppol BIS 3: every figure of every sample.

use std::path::Path;

use invoiceapp_domain::invoice::{
    DocumentAdjustment, DocumentType, InvoiceCommand, InvoiceLine, IssueInstruction,
    LineAdjustment, NewDraft,
};
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::tax::{AdjustmentBasis, TaxBreakdown, Totals, Vat};
use serde_json::Value;

use crate::support::{buyer, create, draft_of, history, instruction, issuance_of, line_id, of};

/// How many samples there are.
const SAMPLES: usize = 14;

fn samples() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/en16931");
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            samples.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    samples
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn currency(sample: &Value) -> Currency {
    of(text(sample, "currency"))
}

fn amount(value: &Value, key: &str, currency: Currency) -> Money {
    Money::parse_signed(text(value, key), currency).unwrap()
}

fn vat(value: &Value) -> Vat {
    Vat::new(of(text(value, "category")), of(text(value, "rate"))).unwrap()
}

fn basis(value: &Value, currency: Currency) -> AdjustmentBasis {
    match value["percent"].as_str() {
        Some(percent) => AdjustmentBasis::Percent(of(percent)),
        None => AdjustmentBasis::Amount(amount(value, "amount", currency)),
    }
}

fn line_adjustments(values: &[Value], currency: Currency) -> Vec<LineAdjustment> {
    let parse = |value: &Value| LineAdjustment {
        reason: of(text(value, "reason")),
        basis: basis(value, currency),
    };
    values.iter().map(parse).collect()
}

fn document_adjustments(values: &[Value], currency: Currency) -> Vec<DocumentAdjustment> {
    let parse = |value: &Value| DocumentAdjustment {
        reason: of(text(value, "reason")),
        basis: basis(value, currency),
        vat: vat(&value["vat"]),
    };
    values.iter().map(parse).collect()
}

fn line(index: usize, value: &Value, currency: Currency) -> InvoiceLine {
    InvoiceLine {
        line_id: line_id(index.try_into().unwrap()),
        product_id: None,
        price_version: None,
        sku: None,
        name: of(text(value, "name")),
        description: None,
        quantity: of(text(value, "quantity")),
        unit_code: of(text(value, "unit_code")),
        unit_price: of(text(value, "unit_price")),
        price_base_quantity: value["price_base_quantity"].as_str().map(of),
        vat: vat(&value["vat"]),
        allowances: line_adjustments(list(value, "allowances"), currency),
        charges: line_adjustments(list(value, "charges"), currency),
    }
}

fn new_draft(sample: &Value) -> NewDraft {
    let currency = currency(sample);
    let expected = &sample["expected"];
    let lines = list(sample, "lines").iter().enumerate();
    NewDraft {
        document_type: match text(sample, "type") {
            "credit_note" => DocumentType::CreditNote,
            _ => DocumentType::Invoice,
        },
        buyer: Some(buyer()),
        lines: lines
            .map(|(index, value)| line(index, value, currency))
            .collect(),
        allowances: document_adjustments(list(sample, "allowances"), currency),
        charges: document_adjustments(list(sample, "charges"), currency),
        prepaid: Some(amount(expected, "prepaid", currency)),
        rounding: Some(amount(expected, "rounding", currency)),
        ..NewDraft::new(currency)
    }
}

fn issue(new: &NewDraft) -> InvoiceCommand {
    let [invoices, credit_notes] = SeriesSnapshot::defaults().unwrap();
    let series = match new.document_type {
        DocumentType::Invoice => invoices,
        DocumentType::CreditNote => credit_notes,
    };
    InvoiceCommand::Issue(Box::new(IssueInstruction {
        series,
        ..instruction()
    }))
}

fn assert_expected(
    name: &str,
    sample: &Value,
    nets: &[Money],
    breakdown: &[TaxBreakdown],
    totals: Totals,
) {
    let (currency, expected) = (currency(sample), &sample["expected"]);
    let parse = |text: &str| Money::parse_signed(text, currency).unwrap();
    let expected_nets: Vec<Money> = list(expected, "line_net_amounts")
        .iter()
        .map(|value| parse(value.as_str().unwrap()))
        .collect();
    assert_eq!(nets, expected_nets, "{name}: line net amounts");
    let rows: Vec<TaxBreakdown> = list(expected, "tax_breakdown")
        .iter()
        .map(|row| TaxBreakdown {
            vat: vat(row),
            taxable_amount: amount(row, "taxable_amount", currency),
            tax_amount: amount(row, "tax_amount", currency),
        })
        .collect();
    assert_eq!(breakdown, rows, "{name}: tax breakdown");
    let figure = |key: &str| amount(expected, key, currency);
    let expected_totals = Totals {
        line_net: figure("line_net"),
        allowances: figure("allowances"),
        charges: figure("charges"),
        tax_exclusive: figure("tax_exclusive"),
        tax: figure("tax"),
        tax_inclusive: figure("tax_inclusive"),
        prepaid: figure("prepaid"),
        rounding: figure("rounding"),
        payable: figure("payable"),
    };
    assert_eq!(totals, expected_totals, "{name}: totals");
}

#[test]
fn every_figure_of_every_sample_comes_out_of_a_draft() {
    let samples = samples();
    assert_eq!(samples.len(), SAMPLES);
    for (name, sample) in samples {
        let events = history(&[create(new_draft(&sample))]);
        let amounts = draft_of(&events).amounts().unwrap();
        let nets: Vec<Money> = amounts.lines.iter().map(|line| line.net_amount).collect();
        assert_expected(
            &name,
            &sample,
            &nets,
            &amounts.tax_breakdown,
            amounts.totals,
        );
    }
}

#[test]
fn every_figure_of_every_sample_is_frozen_at_issue() {
    for (name, sample) in samples() {
        let new = new_draft(&sample);
        let issue = issue(&new);
        let document = issuance_of(&history(&[create(new), issue])).document;
        let nets: Vec<Money> = document
            .lines
            .iter()
            .map(|line| line.amounts.net_amount)
            .collect();
        assert_expected(
            &name,
            &sample,
            &nets,
            &document.tax_breakdown,
            document.totals,
        );
    }
}
