//! Categories, gross prices, and splitting.

use invoiceapp_domain::money::Currency;
use invoiceapp_domain::tax::{
    DocumentAdjustmentFigures, DocumentFigures, GrossPolicy, LineFigures, PriceMode, TaxError, Vat,
    VatCategory, compute, split_by_largest_remainder, split_over_vat,
};
use rstest::rstest;

use crate::support::{basis, eur, money, of, vat};

#[rstest]
#[case("S 0")]
#[case("Z 7")]
#[case("E 7")]
#[case("AE 19")]
#[case("K 19")]
#[case("G 19")]
#[case("O 19")]
fn a_category_allows_its_own_rates_only(#[case] text: &str) {
    let (category, rate) = text.split_once(' ').unwrap();
    assert!(Vat::new(of(category), of(rate)).is_err());
    let stored = format!(r#"{{"category":"{category}","rate":"{rate}"}}"#);
    assert!(serde_json::from_str::<Vat>(&stored).is_err());
}

#[test]
fn a_category_is_written_by_its_code() {
    for category in VatCategory::ALL {
        let json = serde_json::to_string(&category).unwrap();
        assert_eq!(json, format!("\"{}\"", category.code()));
        assert_eq!(of::<VatCategory>(category.code()), category);
    }
    assert!("X".parse::<VatCategory>().is_err());
    assert_eq!(
        serde_json::to_string(&vat("S 5.5")).unwrap(),
        r#"{"category":"S","rate":"5.5"}"#
    );
}

fn figures(lines: &[(&str, &str, &str)]) -> DocumentFigures {
    let line = |(quantity, price, tax): &(&str, &str, &str)| LineFigures {
        quantity: of(quantity),
        unit_price: of(price),
        price_base_quantity: of("1"),
        vat: vat(tax),
        allowances: Vec::new(),
        charges: Vec::new(),
    };
    DocumentFigures {
        currency: Currency::EUR,
        price_mode: PriceMode::Net,
        gross_policy: GrossPolicy::AnchorGross,
        lines: lines.iter().map(line).collect(),
        allowances: Vec::new(),
        charges: Vec::new(),
        prepaid: eur("0"),
        rounding: eur("0"),
    }
}

#[test]
fn the_breakdown_lists_categories_and_rates_as_they_first_appear() {
    let amounts = compute(&figures(&[
        ("1", "1", "S 7"),
        ("1", "2", "E 0"),
        ("1", "4", "S 19"),
        ("1", "8", "S 7"),
    ]))
    .unwrap();
    let rows: Vec<_> = amounts
        .tax_breakdown
        .iter()
        .map(|row| (row.vat, row.taxable_amount))
        .collect();
    assert_eq!(
        rows,
        [
            (vat("S 7"), eur("9")),
            (vat("E 0"), eur("2")),
            (vat("S 19"), eur("4"))
        ]
    );
}

#[test]
fn an_adjustment_without_lines_under_its_rate_has_its_own_row() {
    let mut document = figures(&[("1", "100", "S 19")]);
    let adjustment = |text, tax| DocumentAdjustmentFigures {
        basis: basis(text),
        vat: vat(tax),
    };
    document.charges = vec![adjustment("10.00 EUR", "S 7"), adjustment("10 %", "E 0")];
    let amounts = compute(&document).unwrap();
    assert_eq!(amounts.totals.charges, eur("10.00"));
    assert_eq!(amounts.totals.tax, eur("19.70"));
}

#[test]
fn outside_scope_stands_alone() {
    let alone = compute(&figures(&[("1", "1", "O 0"), ("2", "1", "O 0")])).unwrap();
    assert_eq!(alone.check_categories(), Ok(()));
    let mixed = compute(&figures(&[("1", "1", "O 0"), ("2", "1", "E 0")])).unwrap();
    assert_eq!(mixed.check_categories(), Err(TaxError::OutsideScopeMixed));
}

#[test]
fn a_foreign_amount_is_refused() {
    let mut document = figures(&[("1", "1", "S 19")]);
    document.prepaid = money("1 USD");
    assert_eq!(compute(&document), Err(TaxError::CurrencyMismatch));
}

#[test]
fn a_total_beyond_every_amount_is_refused() {
    let document = figures(&[("1000000000", "1000000000000", "S 19")]);
    assert_eq!(compute(&document), Err(TaxError::OutOfRange));
}

#[test]
fn a_price_is_for_a_positive_quantity() {
    let mut document = figures(&[("1", "1", "S 19")]);
    document.lines[0].price_base_quantity = of("-1");
    assert_eq!(compute(&document), Err(TaxError::BaseQuantityNotPositive));
}

#[test]
fn gross_lines_and_adjustments_share_the_tax_of_their_sum() {
    let mut document = figures(&[
        ("3", "0.99", "S 19"),
        ("1", "10.01", "S 19"),
        ("1", "5", "Z 0"),
    ]);
    document.price_mode = PriceMode::Gross;
    document.allowances = vec![DocumentAdjustmentFigures {
        basis: basis("1.00 EUR"),
        vat: vat("S 19"),
    }];
    let amounts = compute(&document).unwrap();
    // 2.97 + 10.01 - 1.00 = 11.98 contain 1.91; 10.07 are spread as 2.50 + 8.41 - 0.84.
    let nets: Vec<_> = amounts.lines.iter().map(|line| line.net_amount).collect();
    assert_eq!(nets, [eur("2.50"), eur("8.41"), eur("5.00")]);
    assert_eq!(amounts.allowances[0].net_amount, eur("0.84"));
    assert_eq!(amounts.allowances[0].amount, eur("1.00"));
    assert_eq!(amounts.totals.tax, eur("1.91"));
    assert_eq!(amounts.totals.tax_inclusive, eur("16.98"));
}

#[test]
fn a_discount_is_split_by_largest_remainder() {
    let split = |total, weights: &[i64]| split_by_largest_remainder(eur(total), weights).unwrap();
    assert_eq!(
        split("10.00", &[1, 1, 1]),
        [eur("3.34"), eur("3.33"), eur("3.33")]
    );
    assert_eq!(
        split("-10.00", &[1, 1, 1]),
        [eur("-3.34"), eur("-3.33"), eur("-3.33")]
    );
    assert_eq!(split("0.01", &[1, 3, 0]), [eur("0"), eur("0.01"), eur("0")]);
    assert_eq!(
        split_by_largest_remainder(eur("1"), &[0, -5]),
        Err(TaxError::NoShares)
    );
}

#[test]
fn a_document_discount_becomes_one_allowance_per_rate() {
    let taxable = [
        (vat("S 19"), eur("200")),
        (vat("S 7"), eur("100")),
        (vat("E 0"), eur("0")),
    ];
    let parts = split_over_vat(eur("10.00"), &taxable).unwrap();
    assert_eq!(
        parts,
        [(vat("S 19"), eur("6.67")), (vat("S 7"), eur("3.33"))]
    );
}
