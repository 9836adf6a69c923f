//! How often one may try to log in.
//!
//! Three limits, each a token bucket refilled over a minute: per account and address (what a person
//! meets who mistypes), per address over all accounts (one machine tries many accounts), per
//! account over all addresses (many machines try one account; higher, so that a stranger cannot
//! lock somebody out with a handful of tries). An account counts whether it exists or not, and a
//! good password counts like a bad one.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use invoiceapp_domain::Ambient;
use sha2::{Digest, Sha256};

/// How many accounts or addresses a limiter remembers. One that is not used for a minute is
/// forgotten; beyond this many within a minute, new ones wait.
pub const THROTTLE_KEYS_MAX: usize = 50_000;
/// What one waits when a limiter is full.
const FULL_WAIT: Duration = Duration::from_secs(60);

/// Logins per minute; also how many may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginLimits {
    /// Of one account from one address.
    pub per_account_and_address: NonZeroU32,
    /// From one address, over all accounts.
    pub per_address: NonZeroU32,
    /// Of one account, over all addresses.
    pub per_account: NonZeroU32,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self {
            per_account_and_address: at_least_one(5),
            per_address: at_least_one(60),
            per_account: at_least_one(30),
        }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The governor's view of the process's clock.
#[derive(Debug, Clone)]
struct AmbientClock(Arc<dyn Ambient>);

impl Clock for AmbientClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        // Before 1970 there were no logins.
        Duration::try_from(self.0.now().as_duration()).unwrap_or_default()
    }
}

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, AmbientClock, NoOpMiddleware<Duration>>;

/// An account, unreadable: the name that was typed may be somebody's password.
type AccountKey = [u8; 32];

/// Counts login attempts.
#[derive(Debug)]
pub struct LoginThrottle {
    per_account_and_address: Limiter<(AccountKey, IpAddr)>,
    per_address: Limiter<IpAddr>,
    per_account: Limiter<AccountKey>,
}

impl LoginThrottle {
    /// A throttle that has seen nobody.
    #[must_use]
    pub fn new(limits: LoginLimits, ambient: &Arc<dyn Ambient>) -> Self {
        let clock = AmbientClock(Arc::clone(ambient));
        Self {
            per_account_and_address: limiter(limits.per_account_and_address, &clock),
            per_address: limiter(limits.per_address, &clock),
            per_account: limiter(limits.per_account, &clock),
        }
    }

    /// Counts an attempt on an account, by the name it was typed with, from an address, cut to what
    /// one customer of a provider has.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub fn check(&self, account: &str, address: IpAddr) -> Result<(), Duration> {
        let account: AccountKey = Sha256::digest(account).into();
        // The address first: who is stopped there adds no key to the other two.
        check(&self.per_address, &address)?;
        check(&self.per_account_and_address, &(account, address))?;
        check(&self.per_account, &account)
    }
}

fn limiter<K: Hash + Eq + Clone>(per_minute: NonZeroU32, clock: &AmbientClock) -> Limiter<K> {
    RateLimiter::new(
        Quota::per_minute(per_minute),
        HashMapStateStore::default(),
        clock.clone(),
    )
}

fn check<K: Hash + Eq + Clone>(limiter: &Limiter<K>, key: &K) -> Result<(), Duration> {
    if limiter.len() >= THROTTLE_KEYS_MAX {
        limiter.retain_recent();
        if limiter.len() >= THROTTLE_KEYS_MAX {
            return Err(FULL_WAIT);
        }
    }
    limiter
        .check_key(key)
        .map_err(|until| until.wait_time_from(limiter.clock().now()))
}
