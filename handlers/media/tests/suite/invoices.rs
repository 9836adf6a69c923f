//! Issued invoices to archive.

use invoiceapp_domain::ids::{InvoiceId, LineId};
use invoiceapp_domain::invoice::{
    Invoice, InvoiceCommand, InvoiceLine, IssueInstruction, NewDraft,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Quantity, Rate, UnitPrice};
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::party::{Address, Buyer, CountryCode, EmailAddress, Iban, Seller, VatId};
use invoiceapp_domain::tax::{Vat, VatCategory};
use invoiceapp_domain::text::{Name, PostalCode, ShortText};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_domain::{Actor, Ambient, Context, StreamId, StreamKind};
use invoiceapp_journal::execute::Execution;
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::civil::date;
use uuid::Uuid;

use crate::world::{World, tenant};

/// Sends a command as somebody else would.
pub(crate) async fn command(world: &World, stream: &StreamId, command: InvoiceCommand) {
    let context = Context {
        tenant: stream.tenant.clone(),
        actor: Actor::System("test".to_owned()),
        now: world.issuer.ambient.now(),
        today: date(2026, 11, 22),
    };
    let id = CommandId(world.issuer.ambient.new_id());
    let stamp = CommandStamp {
        id,
        fingerprint: [0; 32],
    };
    let execution = Execution::new(stream.clone(), stamp, context, Uuid::from_u128(9));
    world
        .executor
        .execute::<Invoice>(execution, command)
        .await
        .unwrap();
}

/// An invoice that was issued on 22 November 2026.
pub(crate) async fn issued_invoice(world: &World) -> StreamId {
    let id = InvoiceId(world.issuer.ambient.new_id());
    let stream = StreamId::new(tenant("default"), StreamKind::Invoice, id);
    let draft = NewDraft {
        buyer: Some(Buyer {
            name: Name::parse("Buyer S.A.").unwrap(),
            email: None,
            vat_id: None,
            address: address(),
        }),
        lines: vec![line()],
        ..NewDraft::new(Currency::parse("EUR").unwrap())
    };
    command(world, &stream, InvoiceCommand::CreateDraft(Box::new(draft))).await;
    let [series, _] = SeriesSnapshot::defaults().unwrap();
    let (seller, locale) = (Some(seller()), Locale::En);
    let issue = IssueInstruction {
        series,
        issue_date: None,
        seller,
        locale,
    };
    command(world, &stream, InvoiceCommand::Issue(Box::new(issue))).await;
    stream
}

fn address() -> Address {
    Address {
        line1: ShortText::parse("Hauptstraße 1").unwrap(),
        line2: None,
        city: ShortText::parse("Berlin").unwrap(),
        postal_code: PostalCode::parse("10115").unwrap(),
        country: CountryCode::parse("DE").unwrap(),
    }
}

fn seller() -> Seller {
    Seller {
        legal_name: Name::parse("Seller GmbH").unwrap(),
        address: address(),
        vat_id: Some(VatId::parse("DE123456789").unwrap()),
        registration_id: None,
        email: EmailAddress::parse("billing@seller.example").unwrap(),
        phone: None,
        iban: Some(Iban::parse("DE89370400440532013000").unwrap()),
        bic: None,
        logo: None,
    }
}

fn line() -> InvoiceLine {
    InvoiceLine {
        line_id: LineId(Uuid::from_u128(1)),
        product_id: None,
        price_version: None,
        sku: None,
        name: Name::parse("Work").unwrap(),
        description: None,
        quantity: Quantity::parse("1").unwrap(),
        unit_code: UnitCode::parse("HUR").unwrap(),
        unit_price: UnitPrice::parse("100").unwrap(),
        price_base_quantity: None,
        vat: Vat::new(VatCategory::Standard, Rate::parse("19").unwrap()).unwrap(),
        allowances: Vec::new(),
        charges: Vec::new(),
    }
}
