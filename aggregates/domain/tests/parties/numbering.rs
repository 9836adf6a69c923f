//! The rules of number series.

use invoiceapp_domain::numbering::{
    FIRST_NUMBER_MAX, NumberPrefix, NumberSeries, NumberSeriesCommand, NumberSeriesEvent,
    NumberSeriesRefusal, SERIES_MAX, SERIES_PLACE, SeriesPurpose, SeriesReset, SeriesSnapshot,
    Template,
};
use invoiceapp_domain::{ClaimChange, ClaimKey, NumberRequest};
use jiff::civil::date;
use rstest::rstest;

use crate::support::{claims_of, facts, given, of, refused};

fn series(template: &str, reset: SeriesReset) -> SeriesSnapshot {
    SeriesSnapshot {
        code: of("INV"),
        template: of(template),
        prefix: of("INV-"),
        reset,
        first_number: 1,
        purpose: SeriesPurpose::Invoice,
    }
}

/// The first series of a tenant.
pub(crate) fn define_series(series: SeriesSnapshot) -> NumberSeriesCommand {
    NumberSeriesCommand::Define {
        series,
        others: Vec::new(),
    }
}

/// A series that starts again each month.
pub(crate) fn monthly() -> SeriesSnapshot {
    series("{PREFIX}{YYYY}{MM}{SEQ:5}", SeriesReset::Month)
}

fn defined(snapshot: SeriesSnapshot) -> NumberSeriesEvent {
    NumberSeriesEvent::SeriesDefined(snapshot)
}

#[test]
fn a_series_is_defined() {
    given::<NumberSeries>(vec![])
        .when(define_series(monthly()))
        .then_expect_events(facts::<NumberSeries>(vec![defined(monthly())]));
}

#[test]
fn a_series_cannot_be_defined_again() {
    given::<NumberSeries>(vec![defined(monthly())])
        .when(define_series(monthly()))
        .then_expect_error(NumberSeriesRefusal::SeriesExists);
    assert_eq!(
        NumberSeriesRefusal::SeriesExists.code(),
        "series_code_taken"
    );
}

#[rstest]
#[case("{PREFIX}{SEQ:5}", SeriesReset::Year)]
#[case("{PREFIX}{MM}{SEQ:5}", SeriesReset::Year)]
#[case("{PREFIX}{YYYY}{SEQ:5}", SeriesReset::Month)]
#[case("{PREFIX}{MM}{SEQ:5}", SeriesReset::Month)]
fn a_template_must_tell_the_periods_apart(#[case] template: &str, #[case] reset: SeriesReset) {
    given::<NumberSeries>(vec![])
        .when(define_series(series(template, reset)))
        .then_expect_error(NumberSeriesRefusal::PeriodMissing);
    assert_eq!(NumberSeriesRefusal::PeriodMissing.code(), "invalid_value");
}

#[test]
fn a_number_that_could_grow_too_long_is_refused_at_definition() {
    let template = format!("{}{{SEQ:5}}", "A".repeat(41));
    given::<NumberSeries>(vec![])
        .when(define_series(series(&template, SeriesReset::Never)))
        .then_expect_error(NumberSeriesRefusal::NumberTooLong);
    assert_eq!(
        NumberSeriesRefusal::NumberTooLong.field(),
        Some("/template")
    );
    let just_fits = format!("{}{{SEQ:5}}", "A".repeat(40));
    let longest = of::<Template>(&just_fits).format("", date(2026, 1, 1), u64::MAX);
    assert_eq!(longest.len(), 60);
    assert!(
        given::<NumberSeries>(vec![])
            .when(define_series(series(&just_fits, SeriesReset::Never)))
            .inspect_result()
            .is_ok()
    );
}

#[test]
fn a_prefix_that_makes_numbers_too_long_is_refused_by_its_own_name() {
    let template = format!("{{PREFIX}}{}{{SEQ:5}}", "A".repeat(20));
    let wanted = |prefix: &str| {
        define_series(SeriesSnapshot {
            prefix: of(prefix),
            ..series(&template, SeriesReset::Never)
        })
    };
    assert!(
        given::<NumberSeries>(vec![])
            .when(wanted(&"P".repeat(20)))
            .inspect_result()
            .is_ok()
    );
    given::<NumberSeries>(vec![])
        .when(wanted(&"P".repeat(21)))
        .then_expect_error(NumberSeriesRefusal::PrefixTooLong);
    assert_eq!(NumberSeriesRefusal::PrefixTooLong.field(), Some("/prefix"));
    assert_eq!(NumberSeriesRefusal::PrefixTooLong.code(), "invalid_value");
}

#[rstest]
#[case(0)]
#[case(FIRST_NUMBER_MAX + 1)]
#[case(u64::MAX)]
fn a_first_number_out_of_range_is_refused(#[case] first_number: u64) {
    given::<NumberSeries>(vec![])
        .when(define_series(SeriesSnapshot {
            first_number,
            ..monthly()
        }))
        .then_expect_error(NumberSeriesRefusal::FirstNumberOutOfRange);
    assert_eq!(
        NumberSeriesRefusal::FirstNumberOutOfRange.field(),
        Some("/first_number")
    );
    assert_eq!(NumberSeriesRefusal::SeriesExists.field(), None);
}

#[test]
fn two_series_with_the_same_numbers_claim_one_key() {
    let twin = SeriesSnapshot {
        code: of("OTHER"),
        template: of("INV-{YYYY}{MM}{SEQ:7}"),
        ..monthly()
    };
    let key = ClaimKey {
        kind: "number_format".to_owned(),
        value: "INV-{YYYY}{MM}{SEQ}".to_owned(),
    };
    assert_eq!(twin.claim_key(), key);
    let claims = claims_of::<NumberSeries>(&[], &define_series(monthly()));
    let first = ClaimKey {
        kind: SERIES_PLACE.to_owned(),
        value: "1".to_owned(),
    };
    assert_eq!(
        claims,
        vec![ClaimChange::Take(key), ClaimChange::Take(first)]
    );
}

#[rstest]
#[case("INV-2026-{SEQ:5}", "INV-{YYYY}-{SEQ:5}", true)]
#[case("INV-1234-{SEQ:5}", "INV-{YYYY}-{SEQ:5}", true)]
#[case("INV-3000-{SEQ:5}", "INV-{YYYY}-{SEQ:5}", false)]
#[case("INV-2026-{SEQ:5}", "INV-2027-{SEQ:5}", false)]
#[case("A{SEQ:1}", "A1{SEQ:1}", true)]
#[case("A{SEQ:1}", "A{SEQ:9}", true)]
#[case("A{SEQ:1}", "B{SEQ:1}", false)]
#[case("SHOP1-{SEQ:4}", "SHOP2-{SEQ:4}", false)]
#[case("1-{SEQ:1}", "{SEQ:1}-1", true)]
#[case("{SEQ:3}/{YY}", "{SEQ:3}/{MM}", true)]
#[case("{SEQ:3}/{YY}", "{SEQ:3}/{YYYY}", false)]
#[case("{YYYY}{MM}{SEQ:5}", "{YYYY}{SEQ:5}", true)]
#[case("{YYYY}20{SEQ:5}", "{YYYY}{MM}-{SEQ:5}", false)]
#[case("{YYYY}{MM}-{SEQ:5}", "202620-{SEQ:5}", false)]
fn series_that_could_give_one_number_are_told(
    #[case] one: &str,
    #[case] other: &str,
    #[case] is_shared: bool,
) {
    let of = |template: &str| SeriesSnapshot {
        prefix: of(""),
        ..series(template, SeriesReset::Never)
    };
    assert_eq!(of(one).shares_numbers_with(&of(other)), is_shared);
    assert_eq!(of(other).shares_numbers_with(&of(one)), is_shared);
    let command = NumberSeriesCommand::Define {
        series: of(one),
        others: vec![monthly(), of(other)],
    };
    let outcome = given::<NumberSeries>(vec![]).when(command);
    if is_shared {
        outcome.then_expect_error(NumberSeriesRefusal::NumbersShared);
    } else {
        outcome.inspect_result().unwrap();
    }
}

#[test]
fn a_tenant_has_a_limited_number_of_series() {
    let others = (0..SERIES_MAX).map(|index| SeriesSnapshot {
        prefix: of(&format!("S{index}-")),
        ..monthly()
    });
    given::<NumberSeries>(vec![])
        .when(NumberSeriesCommand::Define {
            series: monthly(),
            others: others.collect(),
        })
        .then_expect_error(NumberSeriesRefusal::TooManySeries);
}

#[test]
fn a_tenant_starts_with_a_series_for_invoices_and_one_for_credit_notes() {
    let [invoices, credit_notes] = SeriesSnapshot::defaults().unwrap();
    let day = date(2026, 11, 3);
    assert_eq!(invoices.format(day, 1), "INV-2026-00001");
    assert_eq!(credit_notes.format(day, 42), "CN-2026-00042");
    assert_eq!(credit_notes.purpose, SeriesPurpose::CreditNote);
    for snapshot in [invoices, credit_notes] {
        let outcome = given::<NumberSeries>(vec![]).when(define_series(snapshot));
        assert!(outcome.inspect_result().is_ok());
    }
}

#[test]
fn a_series_asks_for_the_next_number_of_its_period() {
    let snapshot = SeriesSnapshot {
        first_number: 100,
        ..monthly()
    };
    let day = date(2026, 11, 3);
    let request = snapshot.request(day);
    let expected = NumberRequest {
        series: "INV".into(),
        period: "2026-11".into(),
        first: 100,
        date: day,
    };
    assert_eq!(request, expected);
    assert_eq!(series("{YY}{SEQ:1}", SeriesReset::Year).period(day), "2026");
    assert_eq!(series("{SEQ:1}", SeriesReset::Never).period(day), "");
}

#[rstest]
#[case("{PREFIX}{YYYY}{MM}{SEQ:5}", "INV-20261100007")]
#[case("{YY}/{MM}/{SEQ:1}", "26/11/7")]
#[case("RE.{SEQ:3}_A", "RE.007_A")]
fn a_template_puts_a_number_together(#[case] template: &str, #[case] number: &str) {
    assert_eq!(
        series(template, SeriesReset::Never).format(date(2026, 11, 3), 7),
        number
    );
}

#[test]
fn a_sequence_longer_than_its_padding_keeps_its_digits() {
    let snapshot = series("{SEQ:2}", SeriesReset::Never);
    assert_eq!(snapshot.format(date(2026, 11, 3), 12_345), "12345");
}

#[rstest]
#[case::empty("")]
#[case::no_sequence("{PREFIX}{YYYY}")]
#[case::two_sequences("{SEQ:1}{SEQ:2}")]
#[case::no_width("{SEQ}")]
#[case::width_zero("{SEQ:0}")]
#[case::width_thirteen("{SEQ:13}")]
#[case::padded_width("{SEQ:05}")]
#[case::signed_width("{SEQ:+5}")]
#[case::huge_width("{SEQ:99999999999999999999}")]
#[case::unknown("{DAY}{SEQ:5}")]
#[case::unclosed("{SEQ:5}{YYYY")]
#[case::closed("}{SEQ:5}")]
#[case::nested("{{SEQ:5}}")]
#[case::blank("A {SEQ:5}")]
#[case::control("A\n{SEQ:5}")]
#[case::letter("Ä{SEQ:5}")]
#[case::markup("<b>{SEQ:5}")]
fn a_template_of_another_form_is_refused(#[case] template: &str) {
    assert!(refused::<Template>(template));
}

#[test]
fn a_template_has_at_most_80_characters() {
    assert!(refused::<Template>(&format!("{}{{SEQ:5}}", "A".repeat(74))));
}

#[test]
fn a_prefix_may_be_empty_and_is_the_code_unless_named() {
    assert_eq!(of::<NumberPrefix>("").as_str(), "");
    assert_eq!(NumberPrefix::of_code(&of("INV")).as_str(), "INV-");
    assert!(refused::<NumberPrefix>("a b"));
    assert!(refused::<NumberPrefix>(&"a".repeat(42)));
}
