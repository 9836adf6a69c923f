//! The stable codes of the API, each with its status, title and default sentence. This is the one
//! place that says which status a code has.

use std::fmt;

use axum::http::StatusCode;

macro_rules! codes {
    ($($variant:ident, $name:literal, $status:ident, $title:literal, $detail:literal;)+) => {
        /// Why a request was not done: stable, for programs. Clients switch on the name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: ", $detail)] $variant,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code's name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The status that always goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// RFC 9457 `title`: the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// RFC 9457 `detail`, where the occurrence has nothing of its own to say.
            #[must_use]
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)+ }
            }
        }
    };
}

codes! {
    MalformedRequest, "malformed_request", BAD_REQUEST, "Malformed request",
        "The request cannot be read.";
    UnknownField, "unknown_field", BAD_REQUEST, "Unknown field",
        "The request has a field or parameter that is not known here.";
    MissingField, "missing_field", BAD_REQUEST, "Missing field",
        "The request lacks a field that is needed.";
    InvalidValue, "invalid_value", BAD_REQUEST, "Invalid value",
        "A value does not have the form or size that is needed.";
    InvalidAmount, "invalid_amount", BAD_REQUEST, "Invalid amount",
        "An amount is not a plain decimal string of the allowed size.";
    Unauthenticated, "unauthenticated", UNAUTHORIZED, "Not authenticated",
        "A valid access token is needed.";
    TokenExpired, "token_expired", UNAUTHORIZED, "Token expired",
        "The access token has expired.";
    PermissionDenied, "permission_denied", FORBIDDEN, "Permission denied",
        "The caller lacks a permission.";
    NotFound, "not_found", NOT_FOUND, "Not found",
        "There is no such resource.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The resource does not have this method.";
    RequestTimeout, "request_timeout", REQUEST_TIMEOUT, "Request timeout",
        "The request came in too slowly.";
    Conflict, "conflict", CONFLICT, "Conflict",
        "The resource was changed by others at the same time.";
    InvoiceNotDraft, "invoice_not_draft", CONFLICT, "Invoice is not a draft",
        "Only a draft can be changed this way.";
    InvoiceNotIssued, "invoice_not_issued", CONFLICT, "Invoice is not issued",
        "Only an issued invoice allows this.";
    InvoiceHasNoLines, "invoice_has_no_lines", CONFLICT, "Invoice has no lines",
        "An invoice needs at least one line.";
    SellerIncomplete, "seller_incomplete", CONFLICT, "Seller is incomplete",
        "The organization lacks something that an invoice must state.";
    BuyerIncomplete, "buyer_incomplete", CONFLICT, "Buyer is incomplete",
        "The buyer lacks something that an invoice must state.";
    IssueDateBeforeLast, "issue_date_before_last", CONFLICT, "Issue date before the last one",
        "Dates of a number series never go back.";
    SeriesUnknown, "series_unknown", CONFLICT, "Number series unknown",
        "There is no number series of that code for this document.";
    Overpayment, "overpayment", CONFLICT, "Overpayment",
        "The payment exceeds what is open.";
    InvoiceHasPayments, "invoice_has_payments", CONFLICT, "Invoice has payments",
        "Payments have to be reversed first.";
    CreditExceedsInvoice, "credit_exceeds_invoice", CONFLICT, "Credit exceeds the invoice",
        "Credits cannot exceed the invoice.";
    SkuTaken, "sku_taken", CONFLICT, "SKU is taken",
        "Another product has this SKU.";
    EmailTaken, "email_taken", CONFLICT, "E-mail address is taken",
        "Another user has this e-mail address.";
    RoleCodeTaken, "role_code_taken", CONFLICT, "Role code is taken",
        "Another role has this code.";
    SeriesCodeTaken, "series_code_taken", CONFLICT, "Series code is taken",
        "Another number series has this code.";
    NumberFormatTaken, "number_format_taken", CONFLICT, "Number format is taken",
        "Another number series can give the same numbers.";
    AlreadyExists, "already_exists", CONFLICT, "Already exists",
        "There is one already.";
    InvalidState, "invalid_state", CONFLICT, "Not possible in this state",
        "The resource is in a state that does not allow this.";
    LimitReached, "limit_reached", CONFLICT, "Limit reached",
        "There are as many as there may be.";
    VatCategoriesConflict, "vat_categories_conflict", CONFLICT, "VAT categories conflict",
        "These VAT categories cannot share an invoice.";
    DueDateBeforeIssueDate, "due_date_before_issue_date", CONFLICT, "Due before it is issued",
        "The due date lies before the issue date.";
    RecipientMissing, "recipient_missing", CONFLICT, "Recipient is missing",
        "There is nobody to send the invoice to.";
    ProductNotArchived, "product_not_archived", CONFLICT, "Product is not archived",
        "Only an archived product can be restored.";
    TooManyPrices, "too_many_prices", CONFLICT, "Too many prices",
        "The product has as many prices as it may have.";
    RoleNotAssigned, "role_not_assigned", CONFLICT, "Role is not assigned",
        "The user does not have this role.";
    TooManyRoles, "too_many_roles", CONFLICT, "Too many roles",
        "The user has as many roles as a user may have.";
    UserDisabled, "user_disabled", CONFLICT, "User is disabled",
        "The user is disabled already.";
    UserActive, "user_active", CONFLICT, "User is active",
        "The user is active already.";
    ProductArchived, "product_archived", CONFLICT, "Product is archived",
        "An archived product cannot be used or changed.";
    CurrencyMismatch, "currency_mismatch", CONFLICT, "Currencies differ",
        "The currencies do not go together.";
    SystemRole, "system_role", CONFLICT, "System role",
        "A system role is read-only.";
    LastAdministrator, "last_administrator", CONFLICT, "Last administrator",
        "Somebody has to remain administrator.";
    VersionMismatch, "version_mismatch", PRECONDITION_FAILED, "Version mismatch",
        "The resource does not have a version that If-Match names.";
    BodyTooLarge, "body_too_large", PAYLOAD_TOO_LARGE, "Body too large",
        "The body exceeds what is allowed here.";
    UnsupportedMediaType, "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type", "The body is not of a type that is accepted here.";
    IdempotencyKeyReused, "idempotency_key_reused", UNPROCESSABLE_ENTITY,
        "Idempotency key reused", "The key was used for a different request.";
    RateLimited, "rate_limited", TOO_MANY_REQUESTS, "Too many requests",
        "Requests come in faster than is allowed.";
    InternalError, "internal_error", INTERNAL_SERVER_ERROR, "Internal error",
        "Something went wrong here.";
    ViewBehind, "view_behind", SERVICE_UNAVAILABLE, "View is behind",
        "The view has not reached the consistency token yet.";
    DependencyUnavailable, "dependency_unavailable", SERVICE_UNAVAILABLE,
        "Temporarily unavailable", "A part that is needed does not answer; try again.";
}

impl Code {
    /// The code for an error answer that some library wrote without one.
    #[must_use]
    pub fn for_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::PermissionDenied,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::PRECONDITION_FAILED => Self::VersionMismatch,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::DependencyUnavailable,
            other if other.is_server_error() => Self::InternalError,
            _ => Self::MalformedRequest,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
