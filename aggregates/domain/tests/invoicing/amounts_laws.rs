//! What holds for the amounts of every document.

use invoiceapp_domain::money::{Money, Rate, apportion};
use invoiceapp_domain::tax::{
    Amounts, CumulativeTax, GrossPolicy, PriceMode, split_by_largest_remainder,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::check::Check;
use crate::generators::drafts;
use crate::support::{create, draft_of, eur, history};

fn sum(amounts: impl Iterator<Item = Money>) -> i64 {
    amounts.map(Money::minor).sum()
}

/// BR-CO-10 to BR-CO-16, each exactly.
fn assert_totals_add_up(amounts: &Amounts) {
    let totals = amounts.totals;
    let minor = Money::minor;
    assert_eq!(
        minor(totals.line_net),
        sum(amounts.lines.iter().map(|line| line.net_amount))
    );
    assert_eq!(
        minor(totals.allowances),
        sum(amounts.allowances.iter().map(|item| item.net_amount))
    );
    assert_eq!(
        minor(totals.charges),
        sum(amounts.charges.iter().map(|item| item.net_amount))
    );
    assert_eq!(
        minor(totals.tax_exclusive),
        minor(totals.line_net) - minor(totals.allowances) + minor(totals.charges)
    );
    assert_eq!(
        minor(totals.tax),
        sum(amounts.tax_breakdown.iter().map(|row| row.tax_amount))
    );
    assert_eq!(
        minor(totals.tax_inclusive),
        minor(totals.tax_exclusive) + minor(totals.tax)
    );
    assert_eq!(
        minor(totals.payable),
        minor(totals.tax_inclusive) - minor(totals.prepaid) + minor(totals.rounding)
    );
}

proptest! {
    #[test]
    fn totals_add_up(new in drafts()) {
        let draft = draft_of(&history(&[create(new)]));
        assert_totals_add_up(&draft.amounts().unwrap());
    }

    #[test]
    fn other_arithmetic_comes_to_the_same(new in drafts()) {
        let draft = draft_of(&history(&[create(new)]));
        Check::new(&draft).assert_equal(&draft.amounts().unwrap());
    }

    #[test]
    fn every_taxable_amount_is_the_sum_of_its_parts(new in drafts()) {
        let draft = draft_of(&history(&[create(new)]));
        let amounts = draft.amounts().unwrap();
        for row in &amounts.tax_breakdown {
            let lines = draft.lines.iter().zip(&amounts.lines);
            let own = lines.filter(|(line, _)| line.vat == row.vat);
            let allowances = draft.allowances.iter().zip(&amounts.allowances);
            let off = allowances.filter(|(item, _)| item.vat == row.vat);
            let charges = draft.charges.iter().zip(&amounts.charges);
            let on = charges.filter(|(item, _)| item.vat == row.vat);
            let expected = sum(own.map(|(_, line)| line.net_amount))
                - sum(off.map(|(_, item)| item.net_amount))
                + sum(on.map(|(_, item)| item.net_amount));
            prop_assert_eq!(row.taxable_amount.minor(), expected);
        }
    }

    #[test]
    fn gross_prices_keep_the_customers_total(new in drafts()) {
        let mut new = new;
        new.price_mode = PriceMode::Gross;
        let draft = draft_of(&history(&[create(new)]));
        let amounts = draft.amounts().unwrap();
        let customer = sum(amounts.lines.iter().map(|line| line.total))
            - sum(amounts.allowances.iter().map(|item| item.amount))
            + sum(amounts.charges.iter().map(|item| item.amount));
        let (totals, asked) = (amounts.totals, draft.rounding.minor());
        prop_assert_eq!(
            totals.payable.minor(),
            customer - draft.prepaid.minor() + asked,
            "what is to be paid is what the prices say"
        );
        if draft.gross_policy == GrossPolicy::AnchorGross {
            prop_assert_eq!(totals.tax_inclusive.minor(), customer);
            prop_assert_eq!(totals.rounding.minor(), asked);
        }
        for (line, computed) in draft.lines.iter().zip(&amounts.lines) {
            // Spreading moves a line by less than one minor unit.
            let exact = i128::from(computed.total.minor()) * 1_000_000;
            let divisor = 1_000_000 + i128::from(line.vat.rate().ppm());
            let distance = (i128::from(computed.net_amount.minor()) * divisor - exact).abs();
            prop_assert!(distance < divisor);
        }
    }

    #[test]
    fn tax_is_within_the_tolerance_of_the_standard(new in drafts()) {
        let draft = draft_of(&history(&[create(new)]));
        for row in draft.amounts().unwrap().tax_breakdown {
            let exact = row.vat.rate().of(row.taxable_amount).unwrap();
            prop_assert!((exact.minor() - row.tax_amount.minor()).abs() <= 1);
        }
    }

    #[test]
    fn the_allowances_of_an_accepted_line_never_turn_its_sign(new in drafts()) {
        let draft = draft_of(&history(&[create(new)]));
        for line in draft.amounts().unwrap().lines {
            let before = line.price_amount.minor() + sum(line.charges.iter().copied());
            let after = line.total.minor();
            prop_assert!(before.signum() * after.signum() >= 0);
            prop_assert!(before != 0 || after == 0);
            prop_assert!((before - after).abs() <= before.abs());
        }
    }

    #[test]
    fn a_split_sums_up_to_what_was_split(
        minor in -1_000_000_000_i64..1_000_000_000,
        weights in vec(0_i64..1_000_000_000, 1..20),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let total = Money::from_minor(minor, invoiceapp_domain::money::Currency::EUR).unwrap();
        let parts = split_by_largest_remainder(total, &weights).unwrap();
        prop_assert_eq!(sum(parts.iter().copied()), minor);
        let weight_sum: i128 = weights.iter().copied().map(i128::from).sum();
        for (part, weight) in parts.iter().zip(&weights) {
            let exact = i128::from(minor) * i128::from(*weight);
            let distance = (i128::from(part.minor()) * weight_sum - exact).abs();
            prop_assert!(distance < weight_sum, "a part is off by less than one");
            prop_assert!(*weight > 0 || part.is_zero(), "nothing goes to no weight");
        }
    }

    #[test]
    fn an_apportionment_has_the_total_it_was_asked_for(
        numerators in vec(-1_000_000_i128..1_000_000, 1..20),
        divisor in 1_i128..1_000,
    ) {
        let exact: i128 = numerators.iter().sum();
        for total in [exact.div_euclid(divisor), -(-exact).div_euclid(divisor)] {
            let parts = apportion(&numerators, divisor, total).unwrap();
            prop_assert_eq!(parts.iter().sum::<i128>(), total);
        }
    }

    #[test]
    fn partial_credits_carry_the_tax_of_the_whole(
        ppm in 0_u32..=1_000_000,
        parts in vec(0_i64..1_000_000, 1..20),
    ) {
        let rate = Rate::from_ppm(ppm).unwrap();
        let mut bucket = CumulativeTax::new(rate, invoiceapp_domain::money::Currency::EUR);
        let mut taxes = Vec::new();
        for part in &parts {
            let amount = Money::from_minor(*part, eur("0").currency()).unwrap();
            let (next, tax) = bucket.next(amount).unwrap();
            bucket = next;
            taxes.push(tax);
        }
        let whole = Money::from_minor(parts.iter().sum(), eur("0").currency()).unwrap();
        prop_assert_eq!(sum(taxes.into_iter()), rate.of(whole).unwrap().minor());
    }
}
