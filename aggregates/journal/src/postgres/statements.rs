//! The statements of the writing side.

/// Moves the head and writes events and receipts behind it, or nothing at all. Every part hangs on
/// `moved`, so the head's row is locked first; of two writers that come from the same head the
/// second waits there, finds the position changed, and writes nothing.
macro_rules! moved_and_written {
    (events: $events:literal, receipts: $columns:literal $receipts:literal) => {
        concat!(
            "WITH moved AS (
    UPDATE head SET position = $3, hash = $4, recorded_at = $5
    WHERE id AND position = $1 AND hash = $2
    RETURNING 1
), written_events AS (
    INSERT INTO events
    SELECT ",
            $events,
            " FROM moved
), written_receipts AS (
    INSERT INTO receipts ",
            $columns,
            "
    SELECT ",
            $receipts,
            " FROM moved
)"
        )
    };
}

/// The same for any number of rows. The arrays of one INSERT are of one length and are taken apart
/// side by side where they are selected: in FROM they would be written into a temporary table
/// first, which costs the server a quarter more.
macro_rules! moved_and_written_from_arrays {
    (receipts: $columns:literal $receipts:literal) => {
        moved_and_written!(
            events: "UNNEST($6::text[]), UNNEST($7::text[]), UNNEST($8::bigint[]), UNNEST($9::text[]),
        UNNEST($10::text[]), UNNEST($11::text[])::json, UNNEST($12::text[])::json,
        UNNEST($13::bigint[]), UNNEST($14::uuid[]), UNNEST($15::bigint[]), UNNEST($16::uuid[]),
        UNNEST($17::bytea[])",
            receipts: $columns $receipts
        )
    };
}

/// A batch of one event and the receipt that it tells the rest of: without arrays the server needs at
/// least a tenth less for it.
pub(super) const WRITE_ONE: &str = concat!(
    moved_and_written!(
        events: "$6::text, $7::text, $8::bigint, $9::text, $10::text, $11::text::json,
        $12::text::json, $13::bigint, $14::uuid, $15::bigint, $16::uuid, $17::bytea",
        receipts: "(command_id, fingerprint, position)" "$18::uuid, $19::bytea, $20::bigint"
    ),
    "\nSELECT 1 FROM moved"
);

/// A batch of events and of receipts that they tell the rest of; one row is returned if it was written.
pub(super) const WRITE_MANY: &str = concat!(
    moved_and_written_from_arrays!(
        receipts: "(command_id, fingerprint, position)"
        "UNNEST($18::uuid[]), UNNEST($19::bytea[]), UNNEST($20::bigint[])"
    ),
    "\nSELECT 1 FROM moved"
);

/// A batch of whatever there is. A claim that changes hands is deleted before it is inserted: the
/// insertion needs the count of the deleted.
pub(super) const WRITE_ALL: &str = concat!(
    moved_and_written_from_arrays!(
        receipts: "(command_id, fingerprint, position, aggregate_type, aggregate_id, version,
        recorded_at, series, period, sequence)"
        "UNNEST($18::uuid[]), UNNEST($19::bytea[]), UNNEST($20::bigint[]), UNNEST($21::text[]),
        UNNEST($22::text[]), UNNEST($23::bigint[]), UNNEST($24::bigint[]),
        UNNEST($25::text[]), UNNEST($26::text[]), UNNEST($27::bigint[])"
    ),
    ", released AS (
    DELETE FROM claims USING moved, UNNEST($28::text[], $29::text[], $30::text[])
        AS it (tenant, kind, value)
    WHERE claims.tenant = it.tenant AND claims.kind = it.kind AND claims.value = it.value
    RETURNING 1
), taken AS (
    INSERT INTO claims
    SELECT it.*
    FROM moved, (SELECT count(*) FROM released) AS done,
        UNNEST($31::text[], $32::text[], $33::text[], $34::text[], $35::text[]) AS it
), moved_series AS (
    INSERT INTO series
    SELECT it.*
    FROM moved, UNNEST($36::text[], $37::text[], $38::text[], $39::bigint[], $40::text[]) AS it
    ON CONFLICT (tenant, code, period) DO UPDATE
    SET last_sequence = excluded.last_sequence, last_date = excluded.last_date
), kept_snapshots AS (
    INSERT INTO snapshots
    SELECT it.*
    FROM moved, UNNEST($41::text[], $42::text[], $43::bigint[], $44::text[], $45::text[]) AS it
    ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
    SET version = excluded.version, state_hash = excluded.state_hash, state = excluded.state
    WHERE excluded.state_hash <> snapshots.state_hash OR excluded.version > snapshots.version
)
SELECT 1 FROM moved"
);

/// One statement, so one instant. Every answer begins with the place of its question, from 1.
/// `{receipt}` stands for the receipt's JSON, `{receipts}` for what it is taken from.
pub(super) const LOOKUP: &str = "\
SELECT head.position, head.hash, head.recorded_at,
    (SELECT json_agg(json_build_array(asked.place, (
            SELECT max(sequence) FROM events
            WHERE aggregate_type = asked.kind AND aggregate_id = asked.id
        )))
        FROM UNNEST($1::text[], $2::text[]) WITH ORDINALITY AS asked (kind, id, place))::text,
    (SELECT json_agg(json_build_array(asked.place, {receipt}))
        FROM UNNEST($3::uuid[]) WITH ORDINALITY AS asked (command, place)
        JOIN ({receipts}) ON receipts.command_id = asked.command)::text,
    (SELECT json_agg(json_build_array(asked.place, aggregate_type, aggregate_id))
        FROM UNNEST($4::text[], $5::text[], $6::text[])
            WITH ORDINALITY AS asked (tenant, kind, value, place)
        JOIN claims USING (tenant, kind, value))::text,
    (SELECT json_agg(json_build_array(asked.place,
            (SELECT last_sequence FROM series
                WHERE tenant = asked.tenant AND code = asked.code AND period = asked.period),
            (SELECT max(last_date) FROM series
                WHERE tenant = asked.tenant AND code = asked.code)
        ))
        FROM UNNEST($7::text[], $8::text[], $9::text[])
            WITH ORDINALITY AS asked (tenant, code, period, place))::text
FROM head WHERE id";

/// Waits for the turn among those that ask for it. The lock is the session's, so it outlives the
/// transaction of these statements, and the waiting has a limit of its own. Its key is a number of
/// ours and the journal's `head`, so that journals of one database do not wait for each other.
pub(super) const TAKE_TURN: &str = "\
SELECT set_config('lock_timeout', '500', false); \
SELECT pg_advisory_lock((20041123::bigint << 32) + 'head'::regclass::oid::bigint); \
SELECT set_config('lock_timeout', '0', false)";

/// Gives the turn back.
pub(super) const GIVE_TURN: &str =
    "SELECT pg_advisory_unlock((20041123::bigint << 32) + 'head'::regclass::oid::bigint)";

/// From here on nobody else can move the head. Two statements, one round trip.
pub(super) const LOCK: &str = "BEGIN; SELECT 1 FROM head WHERE id FOR UPDATE";
