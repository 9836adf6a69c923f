//! The rules of products.

use super::command::{NewPrice, NewProduct, ProductChange, ProductCommand};
use super::event::ProductEvent;
use super::refusal::ProductRefusal;
use super::state::{PriceVersion, Product, ProductRecord, ProductStatus};
use crate::decider::{ClaimChange, Context, Decision};

/// Most price versions of one product: its state is read whole for each command.
pub const PRICE_VERSIONS_MAX: usize = 1_000;

type Outcome = Result<Decision<ProductEvent>, ProductRefusal>;

pub(super) fn decide(product: &Product, command: &ProductCommand, context: &Context) -> Outcome {
    match command {
        ProductCommand::Create(wanted) => create(product, wanted, context),
        ProductCommand::Change(change) => self::change(active(product)?, change),
        ProductCommand::SetPrice(price) => set_price(active(product)?, price, context),
        ProductCommand::Archive => {
            active(product)?;
            Ok(Decision::event(ProductEvent::ProductArchived {}))
        }
        ProductCommand::Restore => restore(product),
    }
}

fn create(product: &Product, wanted: &NewProduct, context: &Context) -> Outcome {
    if product.record().is_some() {
        return Err(ProductRefusal::ProductExists);
    }
    if wanted.prices.len() > PRICE_VERSIONS_MAX {
        return Err(ProductRefusal::TooManyPrices);
    }
    let mut events = vec![ProductEvent::ProductCreated {
        sku: wanted.sku.clone(),
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        unit_code: wanted.unit_code.clone(),
        vat: wanted.vat,
    }];
    let versioned = (1_u32..).zip(&wanted.prices);
    events.extend(versioned.map(|(version, price)| price_set(version, price, context)));
    Ok(Decision::events(events).with_claim(ClaimChange::Take(wanted.sku.claim_key())))
}

fn change(record: &ProductRecord, change: &ProductChange) -> Outcome {
    let mut events = Vec::new();
    let name = change.name.as_ref().unwrap_or(&record.name);
    let description = change.description.applied_to(record.description.as_ref());
    let unit_code = change.unit_code.as_ref().unwrap_or(&record.unit_code);
    let held = (&record.name, &record.description, &record.unit_code);
    if (name, &description, unit_code) != held {
        events.push(ProductEvent::ProductDetailsChanged {
            name: name.clone(),
            description,
            unit_code: unit_code.clone(),
        });
    }
    if let Some(vat) = change.vat.filter(|vat| *vat != record.vat) {
        events.push(ProductEvent::ProductTaxChanged { vat });
    }
    Ok(Decision::events(events))
}

fn set_price(record: &ProductRecord, price: &NewPrice, context: &Context) -> Outcome {
    if record.prices.len() >= PRICE_VERSIONS_MAX {
        return Err(ProductRefusal::TooManyPrices);
    }
    Ok(Decision::event(price_set(
        record.next_price_version(),
        price,
        context,
    )))
}

fn price_set(version: u32, price: &NewPrice, context: &Context) -> ProductEvent {
    ProductEvent::PriceSet(PriceVersion {
        version,
        currency: price.currency,
        unit_price: price.unit_price,
        price_mode: price.price_mode,
        valid_from: price.valid_from.unwrap_or(context.today),
    })
}

fn restore(product: &Product) -> Outcome {
    let record = product.record().ok_or(ProductRefusal::NotFound)?;
    match record.status {
        ProductStatus::Archived => Ok(Decision::event(ProductEvent::ProductRestored {})),
        ProductStatus::Active => Err(ProductRefusal::NotArchived),
    }
}

/// A product on sale: an archived one is as it was until it is restored.
fn active(product: &Product) -> Result<&ProductRecord, ProductRefusal> {
    let record = product.record().ok_or(ProductRefusal::NotFound)?;
    match record.status {
        ProductStatus::Active => Ok(record),
        ProductStatus::Archived => Err(ProductRefusal::Archived),
    }
}
