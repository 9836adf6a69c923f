//! A small service written with the toolkit, the way a real one is.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::routing::{delete, get, post};
use deserr::Deserr;
use http_body_util::BodyExt;
use invoiceapp_domain::ids::{InvoiceId, LineId, UserId};
use invoiceapp_domain::money::{Currency, Quantity};
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::text::Name;
use invoiceapp_domain::{Permission, StreamId, StreamKind, TenantId};
use invoiceapp_http::testing::TestIssuer;
use invoiceapp_http::{
    Authenticated, BodyErrors, Change, CommandAnswer, CommandRequest, ConsistencyToken, Cursor,
    DecimalText, Json, List, ListPage, NoBody, NoParameters, OptionalJson, PathId, PathIds,
    Problem, QueryAnswer, RequirePermission, Shell, Text,
};
use invoiceapp_journal::port::Committed;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

/// A body with everything a body of ours may have.
#[derive(Debug, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct CreateOrder {
    pub(crate) currency: Text<Currency>,
    #[deserr(default, from(Option<Text<Name>>) = Text::optional)]
    pub(crate) note: Option<Name>,
    #[deserr(default)]
    pub(crate) prepaid: Option<DecimalText<String>>,
    pub(crate) lines: Vec<OrderLine>,
    #[deserr(default)]
    pub(crate) net_days: Option<u16>,
}

#[derive(Debug, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct OrderLine {
    #[deserr(try_from(&String) = Name::parse -> invoiceapp_domain::InvalidValue)]
    pub(crate) name: Name,
    #[deserr(from(DecimalText<Quantity>) = DecimalText::into_inner)]
    pub(crate) quantity: Quantity,
}

#[derive(Debug, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct PatchOrder {
    #[deserr(default)]
    pub(crate) note: Change<Text<Name>>,
}

#[derive(Debug, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct IssueOrder {
    #[deserr(default)]
    pub(crate) series: Option<Text<Name>>,
}

#[derive(Debug, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(crate) struct OrderFilter {
    #[deserr(default, from(Option<Text<Currency>>) = Text::optional)]
    pub(crate) currency: Option<Currency>,
    #[deserr(default)]
    pub(crate) q: Option<Text<Name>>,
}

/// What the handlers of a real service hold: here, nothing but the outcome they claim.
#[derive(Clone)]
struct Orders;

impl Orders {
    fn committed(&self, request: &CommandRequest, replayed: bool) -> Committed {
        let stream = StreamId::new(request.tenant().clone(), StreamKind::Invoice, "1");
        let recorded_at = Timestamp::UNIX_EPOCH;
        Committed {
            stream,
            version: 3,
            position: 41,
            recorded_at,
            number: None,
            replayed,
        }
    }
}

async fn create(
    State(orders): State<Orders>,
    request: CommandRequest,
    Json { value, digest }: Json<CreateOrder>,
) -> Result<CommandAnswer<Value>, Problem> {
    let stamp = request.stamp(digest);
    let metadata = request.metadata(stamp);
    let body = json!({
        "command": stamp.id.to_string(),
        "fingerprint": stamp.fingerprint,
        "correlation": metadata.correlation_id,
        "traceparent": metadata.traceparent,
        "expected_version": format!("{:?}", request.expected_version),
        "lines": value.lines.len(),
        "quantity": value.lines.first().map(|line| line.quantity.to_string()),
        "name": value.lines.first().map(|line| line.name.to_string()),
        "currency": value.currency.to_string(),
        "prepaid": value.prepaid.map(DecimalText::into_inner),
        "note": value.note,
        "net_days": value.net_days,
    });
    let location = format!("/api/v1/orders/{}", stamp.id);
    Ok(CommandAnswer::created(
        location,
        body,
        &orders.committed(&request, false),
    ))
}

async fn patch(
    State(orders): State<Orders>,
    PathId(_): PathId<InvoiceId>,
    request: CommandRequest,
    Json { value, .. }: Json<PatchOrder>,
) -> Result<CommandAnswer<Value>, Problem> {
    let note = match Patch::from(value.note.map(Text::into_inner)) {
        Patch::Keep => "kept".to_owned(),
        Patch::Clear => "cleared".to_owned(),
        Patch::Set(note) => note.to_string(),
    };
    Ok(CommandAnswer::ok(
        json!({ "note": note }),
        &orders.committed(&request, true),
    ))
}

async fn issue(
    State(orders): State<Orders>,
    PathId(_): PathId<InvoiceId>,
    request: CommandRequest,
    OptionalJson { value, .. }: OptionalJson<IssueOrder>,
) -> Result<CommandAnswer<Value>, Problem> {
    let series = value.series.map(|series| series.to_string());
    Ok(CommandAnswer::accepted(
        json!({ "series": series }),
        &orders.committed(&request, false),
    ))
}

async fn remove_line(
    State(orders): State<Orders>,
    PathIds(_): PathIds<(InvoiceId, LineId)>,
    request: CommandRequest,
    _: NoBody,
) -> Result<CommandAnswer<()>, Problem> {
    Ok(CommandAnswer::no_content(
        &orders.committed(&request, false),
    ))
}

async fn list(
    caller: Authenticated,
    ConsistencyToken(token): ConsistencyToken,
    List { page, filter }: List<OrderFilter>,
) -> Result<ListPage<Value>, Problem> {
    caller.require(Permission::InvoiceGetAll)?;
    if token.is_some_and(|position| position > 1_000) {
        return Err(Problem::view_behind());
    }
    let row = json!({
        "tenant": caller.tenant(), "limit": page.limit, "count": page.count,
        "after": page.cursor.map(Cursor::position),
        "currency": filter.currency.map(|currency| currency.to_string()),
        "q": filter.q.map(|q| q.to_string()),
    });
    let next = page.next_cursor(Some(Cursor::after(17)));
    Ok(ListPage::new(vec![row], next, page.count.then_some(1)))
}

async fn read(
    caller: Authenticated,
    PathId(id): PathId<InvoiceId>,
    _: NoParameters,
) -> Result<QueryAnswer<Value>, Problem> {
    caller.require(Permission::InvoiceGetById)?;
    if id == InvoiceId(known()) {
        Ok(QueryAnswer::document(json!({ "id": id }), 7))
    } else {
        Err(Problem::not_found())
    }
}

#[expect(clippy::panic, reason = "what happens then is what is tested")]
async fn panics() -> Result<QueryAnswer<Value>, Problem> {
    panic!("secret words")
}

/// The one order that exists.
pub(crate) fn known() -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

pub(crate) fn user() -> UserId {
    UserId(Uuid::from_u128(7))
}

/// The router of the small service, without its shell.
pub(crate) fn routes() -> Router {
    Router::new()
        .route(
            "/api/v1/orders",
            post(create)
                .layer(RequirePermission(Permission::InvoiceCreate))
                .merge(get(list)),
        )
        .route("/api/v1/drawers", get(list))
        .route("/api/v1/orders/{id}", get(read).patch(patch))
        .route("/api/v1/orders/{id}/issue", post(issue))
        .route("/api/v1/orders/{id}/lines/{line}", delete(remove_line))
        .route("/api/v1/panics", get(panics))
        .route(
            "/api/v1/plain",
            get(|| async { (StatusCode::BAD_GATEWAY, "upstream secret") }),
        )
        .with_state(Orders)
}

/// The service with an issuer, and a user who may do everything but look at one thing.
pub(crate) struct World {
    pub(crate) issuer: TestIssuer,
    pub(crate) router: Router,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Checks status and code, and that it is a whole problem document.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{text}"
        );
        assert_eq!(body["code"], code, "{text}");
        assert_eq!(body["status"], status, "{text}");
        for field in ["type", "title", "detail", "instance", "trace_id"] {
            assert!(body[field].is_string(), "{field} in {text}");
        }
        body
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let issuer = TestIssuer::new();
        let permissions = [
            Permission::InvoiceCreate,
            Permission::InvoiceGetAll,
            Permission::InvoiceGetById,
        ];
        issuer.allow(&tenant(), user(), &permissions);
        let shell: Shell = issuer.shell("orders");
        Self {
            router: shell.wrap(routes()),
            issuer,
        }
    }

    /// A request of the user.
    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let token = self.issuer.token(&tenant(), user());
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    /// A JSON body to a path.
    pub(crate) async fn json(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let request = self
            .request(method, path)
            .header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn create(&self, body: &Value) -> Answer {
        self.json(Method::POST, "/api/v1/orders", body.to_string())
            .await
    }
}

/// `(pointer, code)` of every error, in order of pointers.
pub(crate) fn errors(problem: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect();
    found.sort_unstable();
    found
}

/// A body that is accepted.
pub(crate) fn order() -> Value {
    json!({"currency": "EUR", "lines": [{"name": "Table leg", "quantity": "3"}]})
}
