//! Permission sets, dashboard and hot documents in Redis.
