//! Cases that other invoicing systems got wrong, each by the name of its report. Every one goes
//! through the computation and through a draft that is issued.

use invoiceapp_domain::invoice::{InvoiceLine, IssuedDocument, NewDraft};
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::tax::{CumulativeTax, GrossPolicy, PriceMode};

use crate::support::{
    basis, buyer, create, draft_of, eur, history, issuance_of, issue, line, line_adjustment, money,
    of,
};

fn draft(lines: Vec<InvoiceLine>) -> NewDraft {
    NewDraft {
        buyer: Some(buyer()),
        lines,
        ..NewDraft::new(Currency::EUR)
    }
}

/// Drafts and issues; the frozen amounts are those that the draft showed.
fn issued(new: NewDraft) -> IssuedDocument {
    let events = history(&[create(new), issue()]);
    let shown = draft_of(&events[..1]).amounts().unwrap();
    let document = issuance_of(&events).document;
    assert_eq!(document.totals, shown.totals);
    assert_eq!(document.tax_breakdown, shown.tax_breakdown);
    let frozen: Vec<_> = document
        .lines
        .iter()
        .map(|line| line.amounts.clone())
        .collect();
    assert_eq!(frozen, shown.lines);
    document
}

#[test]
fn odoo_36675_tax_is_computed_on_the_sum_of_the_lines() {
    let document = issued(draft(vec![
        line(1, "1", "55.55", "S 23"),
        line(2, "1", "11.11", "S 23"),
    ]));
    assert_eq!(document.totals.tax, eur("15.33"));
}

#[test]
fn odoo_37896_a_line_discount_is_rounded_by_itself() {
    let mut discounted = line(1, "16", "348.35", "S 22");
    discounted.allowances = vec![line_adjustment("4 %")];
    let document = issued(draft(vec![discounted]));
    let amounts = &document.lines[0].amounts;
    assert_eq!(amounts.price_amount, eur("5573.60"));
    assert_eq!(amounts.allowances, [eur("222.94")]);
    assert_eq!(amounts.net_amount, eur("5350.66"));
    assert_eq!(document.totals.tax, eur("1177.15"));
    assert_eq!(document.totals.tax_inclusive, eur("6527.81"));
}

#[test]
fn odoo_155833_ten_lines_of_one_and_one_line_of_ten_come_to_the_same() {
    let one = issued(draft(vec![line(1, "10", "3.60", "S 5.5")]));
    let ten = issued(draft(
        (1..=10).map(|id| line(id, "1", "3.60", "S 5.5")).collect(),
    ));
    assert_eq!(one.totals.tax_inclusive, eur("37.98"));
    assert_eq!(ten.totals.tax_inclusive, eur("37.98"));
}

#[test]
fn invoiceninja_3195_a_discount_of_everything_leaves_nothing() {
    let mut free = line(1, "2.25", "64.22", "S 19");
    free.allowances = vec![line_adjustment("100 %")];
    let document = issued(draft(vec![free]));
    let amounts = &document.lines[0].amounts;
    assert_eq!(amounts.price_amount, eur("144.50"));
    assert_eq!(amounts.allowances, [eur("144.50")]);
    assert_eq!(amounts.net_amount, eur("0.00"));
    assert_eq!(document.totals.payable, eur("0.00"));
}

#[test]
fn invoiceninja_10856_a_deducted_partial_invoice_is_exact() {
    let document = issued(draft(vec![
        line(1, "1", "8500", "S 19"),
        line(2, "-1", "7500", "S 19"),
    ]));
    assert_eq!(document.totals.tax_inclusive, eur("1190.00"));
}

fn gross_draft(gross_policy: GrossPolicy) -> NewDraft {
    let lines = vec![
        line(1, "1", "340.00", "S 19"),
        line(2, "1", "13.90", "S 19"),
    ];
    NewDraft {
        price_mode: PriceMode::Gross,
        gross_policy,
        ..draft(lines)
    }
}

#[test]
fn invoiceninja_2101_anchored_gross_prices_keep_the_customers_total() {
    let document = issued(gross_draft(GrossPolicy::AnchorGross));
    assert_eq!(document.totals.tax_exclusive, eur("297.39"));
    assert_eq!(document.totals.tax, eur("56.51"));
    assert_eq!(document.totals.tax_inclusive, eur("353.90"));
    assert_eq!(document.totals.payable, eur("353.90"));
}

#[test]
fn invoiceninja_2101_strict_gross_prices_put_the_cent_into_the_rounding_amount() {
    let document = issued(gross_draft(GrossPolicy::Strict));
    assert_eq!(document.totals.tax, eur("56.50"));
    assert_eq!(document.totals.tax_inclusive, eur("353.89"));
    assert_eq!(document.totals.rounding, eur("0.01"));
    assert_eq!(document.totals.payable, eur("353.90"));
}

#[test]
fn invoiceninja_1453_two_taxes_on_one_base_are_each_rounded() {
    let base = eur("1140.00");
    let federal = of::<invoiceapp_domain::money::Rate>("5").of(base).unwrap();
    let provincial = of::<invoiceapp_domain::money::Rate>("9.975")
        .of(base)
        .unwrap();
    assert_eq!((federal, provincial), (eur("57.00"), eur("113.72")));
    let total = Money::checked_sum([base, federal, provincial], Currency::EUR).unwrap();
    assert_eq!(total, eur("1310.72"));

    // A document has one rate per line, which is then the sum of both.
    let document = issued(draft(vec![line(1, "1", "1140", "S 14.975")]));
    assert_eq!(document.totals.tax_inclusive, eur("1310.72"));
}

#[test]
fn lago_2643_the_last_credit_note_closes_the_invoice_to_the_cent() {
    let mut bucket = CumulativeTax::new(of("20"), Currency::EUR);
    let mut taxes = Vec::new();
    for taxable in ["68.33", "57.50", "85.00", "68.33"] {
        let (next, tax) = bucket.next(eur(taxable)).unwrap();
        bucket = next;
        taxes.push(tax);
    }
    assert_eq!(
        taxes,
        [eur("13.67"), eur("11.50"), eur("17.00"), eur("13.66")]
    );
    assert_eq!(
        bucket.taxable.checked_add(bucket.tax).unwrap(),
        eur("334.99")
    );
}

#[test]
fn lago_header_the_total_tax_is_the_sum_of_the_rows() {
    let document = issued(draft(vec![
        line(1, "1", "10.06", "S 5"),
        line(2, "1", "33.33", "S 10"),
    ]));
    let rows: Vec<Money> = document
        .tax_breakdown
        .iter()
        .map(|row| row.tax_amount)
        .collect();
    assert_eq!(rows, [eur("0.50"), eur("3.33")]);
    assert_eq!(document.totals.tax, eur("3.83"));
}

#[test]
fn killbill_1896_a_large_amount_without_decimals_is_accepted() {
    let new = NewDraft {
        buyer: Some(buyer()),
        lines: vec![line(1, "1", "1300000", "S 10")],
        ..NewDraft::new(of("KRW"))
    };
    assert_eq!(issued(new).totals.payable, money("1430000 KRW"));
}

#[test]
fn a_document_percentage_is_of_the_lines_under_its_own_rate() {
    let mut new = draft(vec![line(1, "1", "100", "S 19"), line(2, "1", "50", "S 7")]);
    new.allowances = vec![crate::support::document_adjustment("10 %", "S 19")];
    assert_eq!(basis("10 %"), new.allowances[0].basis);
    let document = issued(new);
    assert_eq!(document.allowances[0].amounts.amount, eur("10.00"));
    assert_eq!(document.totals.tax_exclusive, eur("140.00"));
    assert_eq!(document.totals.tax, eur("20.60"));
}
