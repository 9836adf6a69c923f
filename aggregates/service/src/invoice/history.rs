//! An invoice's history: its events with actor, cause and time, a page at a time.

use axum::extract::State;
use invoiceapp_domain::ids::InvoiceId;
use invoiceapp_domain::invoice::Invoice;
use invoiceapp_domain::money::{Currency, Money};
use invoiceapp_domain::{Permission, StreamId, StreamKind};
use invoiceapp_http::json::Nothing;
use invoiceapp_http::{
    Authenticated, ConsistencyToken, Cursor, List, ListPage, PathId, Problem, ProblemBody,
};
use invoiceapp_journal::port::is_last_page;
use invoiceapp_projections::PageRoom;
use invoiceapp_schemas::RecordedEvent;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::resource_parts::actor_text;
use crate::parts::ServiceParts;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct HistoryEntry {
    /// UUIDv7 of the event.
    id: String,
    /// What happened, past tense.
    #[serde(rename = "type")]
    event_type: String,
    /// Place in the invoice's stream, from 1.
    version: u64,
    /// Place in the journal.
    position: u64,
    /// When it was committed, RFC 3339.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// Who did it: a user's id, or `system:` and the part's name.
    actor: String,
    /// The command that it came of.
    command_id: String,
    /// Ties together what one request set in motion.
    correlation_id: String,
    /// The event that it came of.
    causation_id: Option<String>,
    /// What was recorded.
    data: Value,
    /// The event's link in the journal's hash chain.
    hash: String,
}

/// What happened to an invoice, in order.
#[utoipa::path(get, path = "/api/v1/invoices/{id}/history", tag = "invoices",
    params(("id" = String, Path), ("limit" = Option<u32>, Query),
        ("cursor" = Option<String>, Query), ("count" = Option<bool>, Query)),
    responses((status = 200, body = ListPage<HistoryEntry>), (status = 404, body = ProblemBody)))]
pub(super) async fn history(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<InvoiceId>,
    list: List<Nothing>,
) -> Result<ListPage<HistoryEntry>, Problem> {
    caller.require(Permission::AuditRead)?;
    token.reached_by(parts.executor.journal().as_ref()).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::Invoice, id);
    let after = list.page.cursor.map_or(0, |cursor| cursor.position());
    // One more than asked for tells whether there is a next page.
    let asked = list.page.limit.saturating_add(1);
    let journal = parts.executor.journal();
    let read = journal.read_stream(&stream, after, asked).await;
    let mut events = read.map_err(|error| Problem::from(&error))?;
    if events.is_empty() && after == 0 {
        return Err(Problem::not_found());
    }
    let is_last = is_last_page(&events, asked);
    let fitting = fitting(&events, list.page.limit);
    let more = fitting < events.len() || !is_last;
    events.truncate(fitting);
    let last = events.last().filter(|_| more);
    let next = last.map(|event| Cursor::after(event.version));
    let entries = events.iter().map(entry).collect::<Result<_, _>>();
    let total = match (list.page.count, more) {
        (false, _) => None,
        // Here it ended when it was read, whatever was added since.
        (true, false) => Some(events.last().map_or(after, |event| event.version)),
        (true, true) => Some(length(&parts, &stream).await?),
    };
    Ok(ListPage::new(
        entries.map_err(|error| Problem::internal(&error))?,
        list.page.next_cursor(next),
        total,
    ))
}

/// How many events there are: as many as the version says.
async fn length(parts: &ServiceParts, stream: &StreamId) -> Result<u64, Problem> {
    let loaded = parts.load::<Invoice>(stream).await?;
    Ok(loaded.map_or(0, |loaded| loaded.version))
}

/// How many of the events a page takes.
fn fitting(events: &[RecordedEvent], limit: usize) -> usize {
    let mut room = PageRoom::new(limit);
    let lengths = events
        .iter()
        .map(|event| event.payload_json.len() + event.metadata_json.len());
    lengths.take_while(|bytes| room.takes(*bytes)).count()
}

fn entry(event: &RecordedEvent) -> Result<HistoryEntry, serde_json::Error> {
    let metadata = event.metadata()?;
    let payload: Value = serde_json::from_str(&event.payload_json)?;
    // The stored text is the event's name with its fields.
    let mut data = payload.get(&event.event_type).cloned().unwrap_or(payload);
    write_amounts(&mut data);
    Ok(HistoryEntry {
        id: event.event_id.to_string(),
        event_type: event.event_type.clone(),
        version: event.version,
        position: event.position,
        recorded_at: event.recorded_at.to_string(),
        actor: actor_text(&metadata.actor),
        command_id: metadata.command_id.to_string(),
        correlation_id: metadata.correlation_id.to_string(),
        causation_id: metadata.causation_id.map(|id| id.to_string()),
        data,
        hash: event.hash.to_string(),
    })
}

/// Turns every amount of an event (minor units with their currency) into the decimal string that
/// the API writes amounts as.
fn write_amounts(value: &mut Value) {
    if let Some(amount) = amount_text(value) {
        *value = Value::String(amount);
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(write_amounts),
        Value::Object(members) => members.values_mut().for_each(write_amounts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn amount_text(value: &Value) -> Option<String> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    let minor = members.get("minor")?.as_i64()?;
    let currency = Currency::parse(members.get("currency")?.as_str()?).ok()?;
    Some(Money::from_minor(minor, currency).ok()?.to_decimal_string())
}
