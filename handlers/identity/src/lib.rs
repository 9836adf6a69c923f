//! The reactor that tells Keycloak about users, roles and disabling.
