//! The permissions, by the names that the original system gave them and the ones added since.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::InvalidId;

macro_rules! permissions {
    ($($variant:ident => $name:literal),+ $(,)?) => {
        /// What a caller may do. The names are stable: they stand in roles and in error answers.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        pub enum Permission {
            $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $variant,)+
        }

        impl Permission {
            /// Every permission, the original 21 first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The permission's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

permissions! {
    InvoiceCreate => "invoice.create",
    InvoiceGetById => "invoice.get_by_id",
    InvoiceGetAll => "invoice.get_all",
    InvoiceUpdate => "invoice.update",
    InvoiceDelete => "invoice.delete",
    UserCreate => "user.create",
    UserGetById => "user.get_by_id",
    UserGetAll => "user.get_all",
    UserUpdate => "user.update",
    UserDelete => "user.delete",
    RoleCreate => "role.create",
    RoleGetById => "role.get_by_id",
    RoleGetAll => "role.get_all",
    RoleUpdate => "role.update",
    RoleDelete => "role.delete",
    ProductCreate => "product.create",
    ProductGetById => "product.get_by_id",
    ProductGetAll => "product.get_all",
    ProductUpdate => "product.update",
    ProductDelete => "product.delete",
    InvoiceSend => "invoice.send",
    InvoiceIssue => "invoice.issue",
    InvoiceVoid => "invoice.void",
    InvoiceCredit => "invoice.credit",
    InvoiceWriteOff => "invoice.write_off",
    InvoiceExport => "invoice.export",
    PaymentRecord => "payment.record",
    PaymentRefund => "payment.refund",
    ProductSetPrice => "product.set_price",
    ProductArchive => "product.archive",
    StockAdjust => "stock.adjust",
    SeriesManage => "series.manage",
    ReportRead => "report.read",
    AuditRead => "audit.read",
    AuditVerify => "audit.verify",
    WebhookManage => "webhook.manage",
    ApiKeyManage => "api_key.manage",
    TenantManage => "tenant.manage",
}

impl Permission {
    /// How many permissions the original system had: the first of [`Self::ALL`].
    pub const ORIGINAL_COUNT: usize = 21;

    /// What the system role `accountant` may do: read, and nothing else.
    pub const ACCOUNTANT: &'static [Self] = &[
        Self::InvoiceGetById,
        Self::InvoiceGetAll,
        Self::UserGetById,
        Self::RoleGetById,
        Self::ProductGetById,
        Self::ProductGetAll,
    ];
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == text)
            .ok_or(InvalidId { what: "permission" })
    }
}
