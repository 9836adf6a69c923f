//! The relay from the journal to Kafka, and Kafka as a feed.
