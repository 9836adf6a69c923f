//! The view store on MongoDB.
