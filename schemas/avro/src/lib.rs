//! Every event as an Avro schema: generated from the types, registered, encoded and decoded.
