//! The rules of products.

use invoiceapp_domain::money::Currency;
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::product::{
    NewPrice, NewProduct, PRICE_VERSIONS_MAX, PriceVersion, Product, ProductChange, ProductCommand,
    ProductEvent, ProductRefusal,
};
use invoiceapp_domain::tax::{PriceMode, Vat, VatCategory};
use invoiceapp_domain::{ClaimChange, Decider};
use jiff::civil::{Date, date};

use crate::support::{TODAY, claims_of, facts, given, of};

fn vat(rate: &str) -> Vat {
    let rate = of(rate);
    Vat::new(VatCategory::Standard, rate).unwrap()
}

fn created() -> ProductEvent {
    ProductEvent::ProductCreated {
        sku: of("AB-1"),
        name: of("Widget"),
        description: None,
        unit_code: of("C62"),
        vat: vat("19"),
    }
}

fn new_product(prices: Vec<NewPrice>) -> ProductCommand {
    ProductCommand::Create(Box::new(NewProduct {
        sku: of("AB-1"),
        name: of("Widget"),
        description: None,
        unit_code: of("C62"),
        vat: vat("19"),
        prices,
    }))
}

fn new_price(unit_price: &str, valid_from: Option<Date>) -> NewPrice {
    NewPrice {
        currency: Currency::EUR,
        unit_price: of(unit_price),
        price_mode: PriceMode::Net,
        valid_from,
    }
}

fn price(version: u32, currency: Currency, unit_price: &str, valid_from: Date) -> PriceVersion {
    let (unit_price, price_mode) = (of(unit_price), PriceMode::Net);
    PriceVersion {
        version,
        currency,
        unit_price,
        price_mode,
        valid_from,
    }
}

fn price_set(version: u32, unit_price: &str, valid_from: Date) -> ProductEvent {
    ProductEvent::PriceSet(price(version, Currency::EUR, unit_price, valid_from))
}

fn archived() -> Vec<ProductEvent> {
    vec![created(), ProductEvent::ProductArchived {}]
}

#[test]
fn a_product_is_created_with_its_first_prices() {
    let later = date(2027, 1, 1);
    given::<Product>(vec![])
        .when(new_product(vec![
            new_price("9.99", None),
            new_price("10.99", Some(later)),
        ]))
        .then_expect_events(facts::<Product>(vec![
            created(),
            price_set(1, "9.99", TODAY),
            price_set(2, "10.99", later),
        ]));
}

#[test]
fn a_created_product_claims_its_sku() {
    let claims = claims_of::<Product>(&[], &new_product(vec![]));
    let sku: invoiceapp_domain::text::Sku = of("ab-1");
    assert_eq!(claims, vec![ClaimChange::Take(sku.claim_key())]);
}

#[test]
fn a_product_cannot_be_created_again() {
    given::<Product>(vec![created()])
        .when(new_product(vec![]))
        .then_expect_error(ProductRefusal::ProductExists);
    assert_eq!(ProductRefusal::ProductExists.code(), "product_exists");
}

#[test]
fn a_change_says_only_what_differs() {
    let change = ProductChange {
        name: Some(of("Gadget")),
        description: Patch::Set(of("Better\nthan ever")),
        unit_code: Some(of("C62")),
        vat: Some(vat("7")),
    };
    given::<Product>(vec![created()])
        .when(ProductCommand::Change(change))
        .then_expect_events(facts::<Product>(vec![
            ProductEvent::ProductDetailsChanged {
                name: of("Gadget"),
                description: Some(of("Better\nthan ever")),
                unit_code: of("C62"),
            },
            ProductEvent::ProductTaxChanged { vat: vat("7") },
        ]));
}

#[test]
fn a_change_to_what_is_changes_nothing() {
    let change = ProductChange {
        name: Some(of("Widget")),
        description: Patch::Clear,
        unit_code: None,
        vat: Some(vat("19")),
    };
    given::<Product>(vec![created()])
        .when(ProductCommand::Change(change))
        .then_expect_events(vec![]);
}

#[test]
fn a_description_can_be_cleared() {
    let described = ProductEvent::ProductDetailsChanged {
        name: of("Widget"),
        description: Some(of("old")),
        unit_code: of("C62"),
    };
    let cleared = ProductEvent::ProductDetailsChanged {
        name: of("Widget"),
        description: None,
        unit_code: of("C62"),
    };
    let change = ProductChange {
        description: Patch::Clear,
        ..ProductChange::default()
    };
    given::<Product>(vec![created(), described])
        .when(ProductCommand::Change(change))
        .then_expect_events(facts::<Product>(vec![cleared]));
}

#[test]
fn a_price_gets_the_next_version() {
    given::<Product>(vec![created(), price_set(1, "9.99", TODAY)])
        .when(ProductCommand::SetPrice(new_price("8.50", None)))
        .then_expect_events(facts::<Product>(vec![price_set(2, "8.50", TODAY)]));
}

#[test]
fn the_price_of_a_day_is_the_one_that_has_begun_last() {
    let dollars: Currency = of("USD");
    let product = Product::fold(&[
        created(),
        price_set(1, "1", date(2026, 1, 1)),
        price_set(2, "2", date(2026, 6, 1)),
        price_set(3, "3", date(2026, 3, 1)),
        price_set(4, "4", date(2026, 6, 1)),
        ProductEvent::PriceSet(price(5, dollars, "5", date(2026, 1, 1))),
        ProductEvent::PriceSet(PriceVersion {
            price_mode: PriceMode::Gross,
            ..price(6, Currency::EUR, "6", date(2026, 7, 1))
        }),
    ]);
    let record = product.record().unwrap();
    let version = |currency, day| {
        let price = record.price_for(currency, PriceMode::Net, day);
        price.map(|price| price.version)
    };
    assert_eq!(version(Currency::EUR, date(2025, 12, 31)), None);
    assert_eq!(version(Currency::EUR, date(2026, 1, 1)), Some(1));
    assert_eq!(version(Currency::EUR, date(2026, 5, 31)), Some(3));
    assert_eq!(version(Currency::EUR, date(2026, 6, 1)), Some(4));
    assert_eq!(version(dollars, date(2030, 1, 1)), Some(5));
    assert_eq!(version(of("JPY"), date(2030, 1, 1)), None);
    // A price with tax is beside one without, not in its place.
    assert_eq!(version(Currency::EUR, date(2030, 1, 1)), Some(4));
    let gross = record.price_for(Currency::EUR, PriceMode::Gross, date(2030, 1, 1));
    assert_eq!(gross.map(|price| price.version), Some(6));
}

#[test]
fn a_product_has_a_limited_number_of_prices() {
    let mut events = vec![created()];
    let versions = (1..).take(PRICE_VERSIONS_MAX);
    events.extend(versions.map(|version| price_set(version, "1", TODAY)));
    given::<Product>(events)
        .when(ProductCommand::SetPrice(new_price("1", None)))
        .then_expect_error(ProductRefusal::TooManyPrices);
    given::<Product>(vec![])
        .when(new_product(vec![
            new_price("1", None);
            PRICE_VERSIONS_MAX + 1
        ]))
        .then_expect_error(ProductRefusal::TooManyPrices);
    assert_eq!(ProductRefusal::TooManyPrices.code(), "too_many_prices");
}

#[test]
fn a_product_is_archived_and_restored() {
    given::<Product>(vec![created()])
        .when(ProductCommand::Archive)
        .then_expect_events(facts::<Product>(vec![ProductEvent::ProductArchived {}]));
    given::<Product>(archived())
        .when(ProductCommand::Restore)
        .then_expect_events(facts::<Product>(vec![ProductEvent::ProductRestored {}]));
}

#[test]
fn an_archived_product_is_neither_changed_nor_priced_nor_archived() {
    let commands = [
        ProductCommand::Change(ProductChange::default()),
        ProductCommand::SetPrice(new_price("1", None)),
        ProductCommand::Archive,
    ];
    for command in commands {
        given::<Product>(archived())
            .when(command)
            .then_expect_error(ProductRefusal::Archived);
    }
    assert_eq!(ProductRefusal::Archived.code(), "product_archived");
}

#[test]
fn a_product_on_sale_cannot_be_restored() {
    given::<Product>(vec![created()])
        .when(ProductCommand::Restore)
        .then_expect_error(ProductRefusal::NotArchived);
    assert_eq!(ProductRefusal::NotArchived.code(), "product_not_archived");
}

#[test]
fn a_product_that_is_not_there_is_not_found() {
    let commands = [
        ProductCommand::Change(ProductChange::default()),
        ProductCommand::SetPrice(new_price("1", None)),
        ProductCommand::Archive,
        ProductCommand::Restore,
    ];
    for command in commands {
        given::<Product>(vec![])
            .when(command)
            .then_expect_error(ProductRefusal::NotFound);
    }
    assert_eq!(ProductRefusal::NotFound.code(), "not_found");
}
