//! Products: what is sold, how it is taxed, and what it cost when.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{NewPrice, NewProduct, ProductChange, ProductCommand};
pub use decide::PRICE_VERSIONS_MAX;
pub use event::ProductEvent;
pub use refusal::ProductRefusal;
pub use state::{PriceVersion, Product, ProductRecord, ProductStatus};
