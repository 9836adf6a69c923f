//! Lines as the domain takes them: a product fills what the client left out, from the price version
//! that holds today. The line keeps what it was filled with; the product never touches it again.

use std::collections::HashMap;

use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::{LineId, ProductId};
use invoiceapp_domain::invoice::{InvoiceLine, LINES_MAX};
use invoiceapp_domain::money::{Currency, Quantity, UnitPrice};
use invoiceapp_domain::product::{PriceVersion, Product, ProductRecord, ProductStatus};
use invoiceapp_domain::tax::{PriceMode, Vat};
use invoiceapp_domain::{StreamId, StreamKind};
use invoiceapp_http::{Code, FieldError, Problem};
use jiff::civil::Date;

use super::adjustments::each;
use super::bodies::LineBody;
use crate::parts::ServiceParts;

/// What every line of a document has in common.
pub(super) struct Filling<'a> {
    pub(super) parts: &'a ServiceParts,
    pub(super) tenant: &'a TenantId,
    pub(super) currency: Currency,
    pub(super) price_mode: PriceMode,
    pub(super) today: Date,
}

impl Filling<'_> {
    /// Lines with fresh ids; every error of all of them is added to those that there are.
    pub(super) async fn lines(
        &self,
        bodies: &[LineBody],
        errors: &mut Vec<FieldError>,
    ) -> Result<Vec<InvoiceLine>, Problem> {
        if bodies.len() > LINES_MAX {
            let detail = format!("An invoice has at most {LINES_MAX} lines.");
            errors.push(FieldError::at("/lines", Code::InvalidValue, detail));
            return Ok(Vec::new());
        }
        let products = self.products(bodies).await?;
        let mut lines = Vec::with_capacity(bodies.len());
        for (place, body) in bodies.iter().enumerate() {
            let id = LineId(self.parts.ambient.new_id());
            let pointer = format!("/lines/{place}");
            lines.extend(self.line_of(id, body, &products, (&pointer, errors))?);
        }
        Ok(lines)
    }

    /// One line.
    pub(super) async fn line(&self, id: LineId, body: &LineBody) -> Result<InvoiceLine, Problem> {
        let products = self.products(std::slice::from_ref(body)).await?;
        let mut errors = Vec::new();
        let line = self.line_of(id, body, &products, ("", &mut errors))?;
        line.filter(|_| errors.is_empty())
            .ok_or_else(|| Problem::invalid(errors))
    }

    async fn products(
        &self,
        bodies: &[LineBody],
    ) -> Result<HashMap<ProductId, ProductRecord>, Problem> {
        let mut products = HashMap::new();
        for id in bodies.iter().filter_map(|body| body.product_id) {
            if products.contains_key(&id.0) {
                continue;
            }
            let stream = StreamId::new(self.tenant.clone(), StreamKind::Product, id.0);
            let loaded = self.parts.load::<Product>(&stream).await?;
            if let Some(record) = loaded.as_ref().and_then(|loaded| loaded.state.record()) {
                products.insert(id.0, record.clone());
            }
        }
        Ok(products)
    }

    fn line_of(
        &self,
        line_id: LineId,
        body: &LineBody,
        products: &HashMap<ProductId, ProductRecord>,
        (pointer, errors): (&str, &mut Vec<FieldError>),
    ) -> Result<Option<InvoiceLine>, Problem> {
        let product = match body.product_id {
            None => None,
            Some(id) => match products.get(&id.0) {
                Some(record) => Some((id.0, record)),
                None => {
                    let pointer = format!("{pointer}/product_id");
                    let detail = "There is no such product.";
                    errors.push(FieldError::at(pointer, Code::InvalidValue, detail));
                    return Ok(None);
                }
            },
        };
        let price = self.price(body, product)?;
        errors.extend(base_quantity_of_another(body, price.as_ref(), pointer));
        let allowances = each(
            &body.allowances,
            &format!("{pointer}/allowances"),
            errors,
            |adjustment, pointer| adjustment.adjustment(self.currency, pointer),
        );
        let charges = each(
            &body.charges,
            &format!("{pointer}/charges"),
            errors,
            |adjustment, pointer| adjustment.adjustment(self.currency, pointer),
        );
        let record = product.map(|(_, record)| record);
        let name = body.name.clone().map(|name| name.0);
        let name = name.or_else(|| record.map(|record| record.name.clone()));
        let unit_price = price_of(body, price.as_ref());
        let vat = vat_of(body, record);
        let mut missing = |field: &str, there: bool| {
            if !there {
                let pointer = format!("{pointer}/{field}");
                let detail = "A line without a product needs this.";
                errors.push(FieldError::at(pointer, Code::MissingField, detail));
            }
        };
        missing("name", name.is_some());
        missing("unit_price", unit_price.is_some());
        missing("vat", vat.is_some());
        let (Some(name), Some(unit_price), Some(vat)) = (name, unit_price, vat) else {
            return Ok(None);
        };
        let description = body.description.clone().map(|description| description.0);
        let unit_code = body.unit_code.clone().map(|unit| unit.0);
        Ok(Some(InvoiceLine {
            line_id,
            product_id: product.map(|(id, _)| id),
            price_version: price.as_ref().map(|price| price.version),
            sku: record.map(|record| record.sku.clone()),
            name,
            description: description.or_else(|| record.and_then(|it| it.description.clone())),
            quantity: body.quantity.0,
            unit_code: unit_code
                .or_else(|| record.map(|it| it.unit_code.clone()))
                .unwrap_or_default(),
            unit_price,
            price_base_quantity: body.price_base_quantity.map(|quantity| quantity.0.0),
            vat,
            allowances,
            charges,
        }))
    }

    /// The product's price version, unless the client names a price of its own.
    fn price(
        &self,
        body: &LineBody,
        product: Option<(ProductId, &ProductRecord)>,
    ) -> Result<Option<PriceVersion>, Problem> {
        let Some((_, record)) = product else {
            return Ok(None);
        };
        if record.status == ProductStatus::Archived {
            return Err(Problem::new(Code::ProductArchived));
        }
        if body.unit_price.is_some() {
            return Ok(None);
        }
        let price = record.price_for(self.currency, self.price_mode, self.today);
        price.cloned().map(Some).ok_or_else(|| {
            Problem::new(Code::CurrencyMismatch).with_detail(format!(
                "The product has no {} price in {} today.",
                self.price_mode, self.currency
            ))
        })
    }
}

/// A product's price is the price of one unit.
fn base_quantity_of_another(
    body: &LineBody,
    price: Option<&PriceVersion>,
    pointer: &str,
) -> Option<FieldError> {
    price?;
    body.price_base_quantity
        .filter(|quantity| quantity.0.0 != Quantity::ONE)?;
    let pointer = format!("{pointer}/price_base_quantity");
    let detail = "The product's price is for one unit; a base quantity needs a unit_price.";
    Some(FieldError::at(pointer, Code::InvalidValue, detail))
}

fn price_of(body: &LineBody, price: Option<&PriceVersion>) -> Option<UnitPrice> {
    body.unit_price
        .map(|price| price.0)
        .or_else(|| price.map(|price| price.unit_price))
}

fn vat_of(body: &LineBody, record: Option<&ProductRecord>) -> Option<Vat> {
    let own = body.vat.as_ref().and_then(|vat| vat.vat().ok());
    own.or_else(|| record.map(|record| record.vat))
}
