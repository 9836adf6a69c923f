//! Refusals of the domain as problems: the domain gives the stable code, the table of codes gives
//! the status, the refusal's own sentence becomes the detail.

use invoiceapp_domain::invoice::InvoiceRefusal;
use invoiceapp_domain::numbering::NumberSeriesRefusal;
use invoiceapp_domain::organization::OrganizationRefusal;
use invoiceapp_domain::product::ProductRefusal;
use invoiceapp_domain::role::RoleRefusal;
use invoiceapp_domain::user::UserRefusal;
use invoiceapp_http::{Code, FieldError, Problem};

/// A refusal with a stable code.
pub(crate) trait Refuses: std::fmt::Display {
    /// The code, as the API names it.
    fn stable_code(&self) -> &'static str;

    /// The field of the request that it is about: a JSON pointer, when the request could never be
    /// right.
    fn pointer(&self) -> Option<&'static str>;

    /// The problem that a client gets.
    fn problem(&self) -> Problem {
        let code = self.stable_code();
        let known = Code::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == code);
        if let Some(pointer) = self.pointer() {
            let code = known.unwrap_or(Code::InvalidValue);
            return Problem::invalid(vec![FieldError::at(pointer, code, sentence(self))]);
        }
        match known {
            Some(Code::NotFound) => Problem::not_found(),
            Some(known) => Problem::new(known).with_detail(sentence(self)),
            None => Problem::new(Code::InvalidState).with_detail(sentence(self)),
        }
    }
}

/// The refusal's words with a capital and a full stop.
fn sentence(refusal: &(impl std::fmt::Display + ?Sized)) -> String {
    let words = refusal.to_string();
    let mut characters = words.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

macro_rules! refuses {
    ($($refusal:ty: $pointer:expr),+ $(,)?) => {$(
        impl Refuses for $refusal {
            fn stable_code(&self) -> &'static str {
                self.code()
            }

            fn pointer(&self) -> Option<&'static str> {
                let pointer: fn(&Self) -> Option<&'static str> = $pointer;
                pointer(self)
            }
        }
    )+};
}

refuses!(
    InvoiceRefusal: |refusal| refusal.field(),
    NumberSeriesRefusal: |refusal| refusal.field(),
    OrganizationRefusal: |refusal| refusal.field(),
    ProductRefusal: |_| None,
    RoleRefusal: |_| None,
    UserRefusal: |_| None,
);

#[cfg(test)]
mod tests {
    use invoiceapp_domain::invoice::InvoiceRefusal;
    use invoiceapp_domain::numbering::NumberSeriesRefusal;
    use invoiceapp_domain::product::ProductRefusal;
    use invoiceapp_domain::role::RoleRefusal;
    use invoiceapp_domain::user::UserRefusal;
    use invoiceapp_http::Code;

    /// A client is told why: those of an identity that only the server gives are not among them.
    #[test]
    fn what_a_client_can_meet_has_a_code_of_its_own() {
        let codes = [
            InvoiceRefusal::OutsideScopeMixed.code(),
            InvoiceRefusal::NoRecipient.code(),
            InvoiceRefusal::NotDraft.code(),
            InvoiceRefusal::NoLines.code(),
            NumberSeriesRefusal::SeriesExists.code(),
            NumberSeriesRefusal::NumbersShared.code(),
            NumberSeriesRefusal::TooManySeries.code(),
            ProductRefusal::Archived.code(),
            ProductRefusal::NotArchived.code(),
            ProductRefusal::TooManyPrices.code(),
            RoleRefusal::RoleExists.code(),
            RoleRefusal::CodeUsed.code(),
            RoleRefusal::SystemRole.code(),
            UserRefusal::RoleNotAssigned.code(),
            UserRefusal::TooManyRoles.code(),
            UserRefusal::LastAdministrator.code(),
            UserRefusal::AlreadyDisabled.code(),
            UserRefusal::AlreadyActive.code(),
        ];
        for code in codes {
            assert!(Code::ALL.iter().any(|it| it.as_str() == code), "{code}");
        }
    }
}
