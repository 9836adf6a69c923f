//! Seller, buyer, and where to pay.

use invoiceapp_domain::organization::OrganizationRecord;
use invoiceapp_domain::party::{Address, Bic, Buyer, Iban, Seller};

use crate::document::{Party, PaymentDetails};

pub(super) fn seller(seller: &Seller) -> Party {
    Party {
        name: seller.legal_name.as_str().to_owned(),
        vat_id: seller.vat_id.as_ref().map(|id| id.as_str().to_owned()),
        registration_id: seller
            .registration_id
            .as_ref()
            .map(|id| id.as_str().to_owned()),
        email: Some(seller.email.as_str().to_owned()),
        phone: seller.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        ..at_address(Some(&seller.address))
    }
}

/// The seller of a preview, with what the organisation has said so far.
pub(super) fn seller_so_far(record: &OrganizationRecord) -> Party {
    Party {
        name: record
            .legal_name
            .as_ref()
            .unwrap_or(&record.name)
            .as_str()
            .to_owned(),
        vat_id: record.vat_id.as_ref().map(|id| id.as_str().to_owned()),
        registration_id: record
            .registration_id
            .as_ref()
            .map(|id| id.as_str().to_owned()),
        email: record.email.as_ref().map(|email| email.as_str().to_owned()),
        phone: record.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        ..at_address(record.address.as_ref())
    }
}

pub(super) fn buyer(buyer: &Buyer) -> Party {
    Party {
        name: buyer.name.as_str().to_owned(),
        vat_id: buyer.vat_id.as_ref().map(|id| id.as_str().to_owned()),
        // The buyer's mail address and number are for delivery, not for the page.
        ..at_address(Some(&buyer.address))
    }
}

fn at_address(address: Option<&Address>) -> Party {
    let Some(address) = address else {
        return Party::default();
    };
    let line2 = address.line2.as_ref().map(|line| line.as_str().to_owned());
    Party {
        street: std::iter::once(address.line1.as_str().to_owned())
            .chain(line2)
            .collect(),
        city: address.city.as_str().to_owned(),
        postal_code: address.postal_code.as_str().to_owned(),
        country: address.country.as_str().to_owned(),
        ..Party::default()
    }
}

pub(super) fn payment(
    iban: Option<&Iban>,
    bic: Option<&Bic>,
    reference: Option<&str>,
) -> PaymentDetails {
    PaymentDetails {
        iban: iban.map(|iban| iban.as_str().to_owned()),
        bic: bic.map(|bic| bic.as_str().to_owned()),
        reference: reference.map(str::to_owned),
    }
}
