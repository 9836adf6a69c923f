//! Rate limits (GCRA): per user and per tenant for callers with a valid token, per address for
//! everybody else. The keys come from the verified token, never from what a client says.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use invoiceapp_access::Principal;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use invoiceapp_http::Problem;
use invoiceapp_http::server::ClientAddress;

use crate::config::{BffConfig, Rate};

/// Most keys that a limit remembers. Beyond it, when even forgetting the idle ones makes no room,
/// all keys share one allowance until there is room again.
pub const RATE_LIMIT_KEYS_MAX: usize = 100_000;
/// The shared allowance, in multiples of one key's.
const SHARED_ALLOWANCES: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// The limits of one process.
#[derive(Debug)]
pub struct RateLimits {
    users: KeyedLimit<(TenantId, UserId)>,
    tenants: KeyedLimit<TenantId>,
    addresses: KeyedLimit<IpAddr>,
}

impl RateLimits {
    /// Limits as configured, nothing used up.
    #[must_use]
    pub fn new(config: &BffConfig) -> Self {
        Self {
            users: KeyedLimit::new(config.user_rate, RATE_LIMIT_KEYS_MAX),
            tenants: KeyedLimit::new(config.tenant_rate, RATE_LIMIT_KEYS_MAX),
            addresses: KeyedLimit::new(config.address_rate, RATE_LIMIT_KEYS_MAX),
        }
    }

    /// Counts a request of a user.
    ///
    /// # Errors
    /// 429 when the user or the tenant has none left, with the time until there is one.
    pub fn count_caller(&self, principal: &Principal) -> Result<(), Problem> {
        self.users
            .count(&(principal.tenant.clone(), principal.user))?;
        self.tenants.count(&principal.tenant)
    }

    /// Counts a request without a valid token.
    ///
    /// # Errors
    /// 429 when the address has none left, with the time until there is one.
    pub fn count_address(&self, address: ClientAddress) -> Result<(), Problem> {
        self.addresses.count(&address.limit_key())
    }
}

#[derive(Debug)]
struct KeyedLimit<K: Hash + Eq + Clone> {
    keyed: DefaultKeyedRateLimiter<K>,
    shared: DefaultDirectRateLimiter,
    keys_max: usize,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> KeyedLimit<K> {
    fn new(rate: Rate, keys_max: usize) -> Self {
        let quota = |times: NonZeroU32| {
            Quota::per_second(rate.per_second.saturating_mul(times))
                .allow_burst(rate.burst.saturating_mul(times))
        };
        Self {
            keyed: RateLimiter::dashmap(quota(NonZeroU32::MIN)),
            shared: RateLimiter::direct(quota(SHARED_ALLOWANCES)),
            keys_max,
            clock: DefaultClock::default(),
        }
    }

    fn count(&self, key: &K) -> Result<(), Problem> {
        let outcome = if self.has_room() {
            self.keyed
                .check_key(key)
                .map_err(|until| until.wait_time_from(self.clock.now()))
        } else {
            self.shared
                .check()
                .map_err(|until| until.wait_time_from(self.clock.now()))
        };
        outcome.map_err(|wait: Duration| Problem::rate_limited(wait))
    }

    /// Forgets the keys that have their whole allowance again, once there are too many.
    fn has_room(&self) -> bool {
        if self.keyed.len() < self.keys_max {
            return true;
        }
        self.keyed.retain_recent();
        self.keyed.shrink_to_fit();
        self.keyed.len() < self.keys_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(burst: u32) -> Rate {
        Rate::new(1, burst).unwrap()
    }

    #[test]
    fn a_key_that_has_used_up_its_burst_is_told_when_to_come_again() {
        let limit = KeyedLimit::new(slow(3), 10);
        for _ in 0..3 {
            limit.count(&1).unwrap();
        }
        let problem = limit.count(&1).unwrap_err();
        let response = problem.response(None, None);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "1");
        limit.count(&2).unwrap();
    }

    #[test]
    fn keys_beyond_the_store_share_one_allowance() {
        let limit = KeyedLimit::new(slow(1), 5);
        for key in 0..5 {
            limit.count(&key).unwrap();
        }
        let passed = (5..1_000).filter(|key| limit.count(key).is_ok()).count();
        assert!(passed >= 10, "{passed}");
        assert!(passed < 100, "{passed}");
        assert!(limit.keyed.len() <= 6);
    }
}
