//! From a document to pages of positioned items, in integers only.

mod columns;
mod compose;
mod flow;
mod footer;
mod geometry;
mod item;
mod letterhead;
mod payment;
mod table;
mod tax;
mod theme;
mod totals;

pub(crate) use compose::{Composer, compose};
pub(crate) use geometry::{Length, page};
pub(crate) use item::{Item, Page};
