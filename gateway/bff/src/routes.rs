//! Which service answers which path: the whole table, as data.

/// The services behind the front door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UpstreamName {
    /// Login, refresh, logout, who am I, and the keys that verify tokens.
    Authorizer,
    /// Users, roles, the organization.
    UserAccess,
    /// Products and prices.
    Product,
    /// Invoices, number series, the dashboard.
    Invoice,
    /// Renderings.
    Pdf,
    /// Uploads.
    Media,
}

impl UpstreamName {
    /// Every service.
    pub const ALL: [Self; 6] = [
        Self::Authorizer,
        Self::UserAccess,
        Self::Product,
        Self::Invoice,
        Self::Pdf,
        Self::Media,
    ];

    /// The service's name in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorizer => "authorizer",
            Self::UserAccess => "user-access",
            Self::Product => "product",
            Self::Invoice => "invoice",
            Self::Pdf => "pdf",
            Self::Media => "media",
        }
    }
}

/// One row: paths that begin with these segments go there. `{}` is any one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteRule {
    /// The beginning of the path; also the route's label in metrics.
    pub prefix: &'static str,
    /// Who answers.
    pub upstream: UpstreamName,
}

const fn to(prefix: &'static str, upstream: UpstreamName) -> RouteRule {
    RouteRule { prefix, upstream }
}

/// The table; the first row that fits wins.
pub const ROUTES: [RouteRule; 12] = [
    to("/api/v1/auth", UpstreamName::Authorizer),
    to("/api/v1/users", UpstreamName::UserAccess),
    to("/api/v1/roles", UpstreamName::UserAccess),
    to("/api/v1/organization", UpstreamName::UserAccess),
    to("/api/v1/products", UpstreamName::Product),
    to("/api/v1/invoices/{}/pdf", UpstreamName::Pdf),
    to("/api/v1/invoices", UpstreamName::Invoice),
    to("/api/v1/number-series", UpstreamName::Invoice),
    to("/api/v1/dashboard", UpstreamName::Invoice),
    to("/api/v1/media", UpstreamName::Media),
    to("/.well-known/jwks.json", UpstreamName::Authorizer),
    to(
        "/.well-known/openid-configuration",
        UpstreamName::Authorizer,
    ),
];

impl RouteRule {
    fn fits(&self, path: &str) -> bool {
        let mut segments = path.split('/');
        self.prefix.split('/').all(|wanted| {
            segments.next().is_some_and(|segment| match wanted {
                "{}" => !segment.is_empty(),
                _ => segment == wanted,
            })
        })
    }
}

/// The row for a path, which is compared as it was sent: services do not decode it either.
#[must_use]
pub fn route_of(path: &str) -> Option<&'static RouteRule> {
    ROUTES.iter().find(|rule| rule.fits(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(path: &str) -> Option<UpstreamName> {
        route_of(path).map(|rule| rule.upstream)
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        assert_eq!(upstream("/api/v1/users"), Some(UpstreamName::UserAccess));
        assert_eq!(
            upstream("/api/v1/users/1/roles/a"),
            Some(UpstreamName::UserAccess)
        );
        assert_eq!(upstream("/api/v1/usersandmore"), None);
    }

    #[test]
    fn only_the_pdf_of_an_invoice_goes_to_the_renderer() {
        assert_eq!(upstream("/api/v1/invoices/1/pdf"), Some(UpstreamName::Pdf));
        assert_eq!(upstream("/api/v1/invoices/1"), Some(UpstreamName::Invoice));
        assert_eq!(
            upstream("/api/v1/invoices/pdf"),
            Some(UpstreamName::Invoice)
        );
        assert_eq!(
            upstream("/api/v1/invoices//pdf"),
            Some(UpstreamName::Invoice)
        );
    }

    #[test]
    fn nothing_else_has_a_row() {
        for path in [
            "/",
            "/api/v1",
            "/api/v2/users",
            "//api/v1/users",
            "/api/v1/../users",
            "/.well-known",
            "/.well-known/security.txt",
            "/api/v1/.well-known/jwks.json",
            "",
        ] {
            assert_eq!(upstream(path), None, "{path}");
        }
    }
}
