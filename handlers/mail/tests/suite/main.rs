//! Mails as another program reads them, a folder that never holds one twice, and the reactor
//! between journal and folder.

mod composing;
mod delivering;
mod fixtures;
mod reacting;
mod world;
