//! A journal, a job store and an object store in one folder, with the PDF reactor and the service
//! on them; it can be dropped and opened again, as after a crash.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use invoiceapp_domain::decider::{Actor, Context};
use invoiceapp_domain::ids::{
    DeliveryId, InvoiceId, LineId, StreamId, StreamKind, TenantId, UserId,
};
use invoiceapp_domain::invoice::{
    DeliveryRequest, Invoice, InvoiceCommand, InvoiceLine, IssueInstruction, NewDraft,
};
use invoiceapp_domain::locale::Locale;
use invoiceapp_domain::money::{Currency, Quantity, Rate, UnitPrice};
use invoiceapp_domain::numbering::SeriesSnapshot;
use invoiceapp_domain::party::{
    Address, Buyer, CountryCode, EmailAddress, Iban, LogoSnapshot, Seller, VatId,
};
use invoiceapp_domain::tax::{Vat, VatCategory};
use invoiceapp_domain::text::{Name, PostalCode, ShortText};
use invoiceapp_domain::unit_code::UnitCode;
use invoiceapp_domain::{Ambient, Permission};
use invoiceapp_http::testing::TestIssuer;
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_objects::{FsObjects, Objects};
use invoiceapp_pdf::{PdfParts, PdfReactor, Renderer};
use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{
    JobFilter, JobRecord, JobStore, JournalFeed, ReactorRuntime, RuntimeParts, Settings, Start,
};
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::civil::date;
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("default").unwrap()
}

pub(crate) fn stream(invoice: u128) -> StreamId {
    StreamId::new(
        tenant(),
        StreamKind::Invoice,
        InvoiceId(Uuid::from_u128(invoice)),
    )
}

pub(crate) struct World {
    pub(crate) runtime: ReactorRuntime,
    pub(crate) executor: CommandExecutor,
    pub(crate) objects: Arc<FsObjects>,
    pub(crate) renderer: Renderer,
    jobs: Arc<SqliteJobStore>,
    issuer: TestIssuer,
    router: Router,
    commands: AtomicU64,
}

/// What the service answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    pub(crate) async fn open(folder: &Path) -> Self {
        let issuer = TestIssuer::new();
        let ambient = issuer.ambient.clone();
        let options = SqliteOptions::new(folder.join("journal.db"));
        let journal = Arc::new(SqliteJournal::open(options, ambient.clone()).await.unwrap());
        let executor = CommandExecutor::new(journal.clone());
        let objects = Arc::new(FsObjects::open(&folder.join("objects")).unwrap());
        let jobs = Arc::new(SqliteJobStore::open(&folder.join("jobs.db")).await.unwrap());
        let renderer = Renderer::new(objects.clone(), NonZeroUsize::MIN);
        let pdf = PdfParts {
            executor: executor.clone(),
            renderer: renderer.clone(),
            ambient: ambient.clone(),
        };
        let parts = RuntimeParts {
            feed: Arc::new(JournalFeed::new(journal)),
            jobs: jobs.clone(),
            ambient,
            settings: Settings::default(),
        };
        let router = issuer
            .shell("pdf")
            .wrap(invoiceapp_pdf::router(pdf.clone()));
        let runtime = ReactorRuntime::new(Arc::new(PdfReactor::new(pdf)), parts);
        runtime.register(Start::Beginning).await.unwrap();
        runtime.take_over().await.unwrap();
        let commands = AtomicU64::new(0);
        Self {
            runtime,
            executor,
            objects,
            renderer,
            jobs,
            issuer,
            router,
            commands,
        }
    }

    /// Plans what is new and works on what is due.
    pub(crate) async fn work(&self) -> usize {
        self.runtime.plan_available().await.unwrap();
        self.runtime.run_due().await.unwrap()
    }

    pub(crate) async fn jobs(&self) -> Vec<JobRecord> {
        self.jobs.list(&JobFilter::default()).await.unwrap()
    }

    /// Makes a job due now, as an operator would.
    pub(crate) async fn retry(&self, job: &JobRecord) -> bool {
        self.jobs
            .retry(job.id, self.issuer.ambient.now())
            .await
            .unwrap()
    }

    pub(crate) async fn invoice(&self, stream: &StreamId) -> Invoice {
        self.executor
            .load::<Invoice>(stream)
            .await
            .unwrap()
            .unwrap()
            .state
            .clone()
    }

    pub(crate) async fn command(&self, stream: &StreamId, command: InvoiceCommand) {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let id = Uuid::new_v5(
            &Uuid::parse_str(&stream.key).unwrap(),
            &number.to_be_bytes(),
        );
        let context = Context {
            tenant: stream.tenant.clone(),
            actor: Actor::System("test".to_owned()),
            now: "2026-11-22T16:41:00Z".parse().unwrap(),
            today: date(2026, 11, 22),
        };
        let stamp = CommandStamp {
            id: CommandId(id),
            fingerprint: [0; 32],
        };
        let execution = Execution::new(stream.clone(), stamp, context, Uuid::nil());
        self.executor
            .execute::<Invoice>(execution, command)
            .await
            .unwrap();
    }

    pub(crate) async fn draft(&self, stream: &StreamId) {
        self.draft_of(stream, "Beratung").await;
    }

    /// A draft of one item.
    pub(crate) async fn draft_of(&self, stream: &StreamId, item: &str) {
        let draft = NewDraft {
            buyer: Some(Buyer {
                name: Name::parse("Zażółć S.A.").unwrap(),
                email: None,
                vat_id: None,
                address: address(),
            }),
            lines: vec![line(item)],
            ..NewDraft::new(Currency::EUR)
        };
        self.command(stream, InvoiceCommand::CreateDraft(Box::new(draft)))
            .await;
    }

    pub(crate) async fn issue(&self, stream: &StreamId, logo: Option<LogoSnapshot>) {
        let [series, _] = SeriesSnapshot::defaults().unwrap();
        let issue = IssueInstruction {
            series,
            issue_date: None,
            seller: Some(seller(logo)),
            locale: Locale::De,
        };
        self.command(stream, InvoiceCommand::Issue(Box::new(issue)))
            .await;
    }

    pub(crate) async fn deliver(&self, stream: &StreamId, delivery: u128, locale: Locale) {
        let request = DeliveryRequest {
            delivery_id: DeliveryId(Uuid::from_u128(delivery)),
            recipients: vec![EmailAddress::parse("buyer@example.com").unwrap()],
            locale: Some(locale),
            message: None,
        };
        self.command(stream, InvoiceCommand::RequestDelivery(request))
            .await;
    }

    /// The stored bytes of a digest.
    pub(crate) async fn stored(&self, sha256: &str) -> Option<Bytes> {
        let key = invoiceapp_objects::ObjectKey {
            tenant: tenant(),
            area: invoiceapp_objects::area::RENDERINGS.to_owned(),
            sha256: sha256.to_owned(),
        };
        self.objects.get(&key).await.unwrap()
    }

    /// Asks the service as a user of a tenant who may read invoices.
    pub(crate) async fn get(&self, path: &str, owner: &TenantId, known: Option<&str>) -> Answer {
        let header = known.map(|tag| ("if-none-match", tag));
        self.get_with(path, owner, header).await
    }

    /// The same with a header.
    pub(crate) async fn get_with(
        &self,
        path: &str,
        owner: &TenantId,
        header: Option<(&str, &str)>,
    ) -> Answer {
        let user = UserId(Uuid::from_u128(7));
        self.issuer
            .allow(owner, user, &[Permission::InvoiceGetById]);
        let mut request = Request::get(path).header(
            "authorization",
            format!("Bearer {}", self.issuer.token(owner, user)),
        );
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Asks the service as a user without any permission, or as nobody.
    pub(crate) async fn get_without_right(&self, path: &str, with_token: bool) -> Answer {
        let user = UserId(Uuid::from_u128(8));
        self.issuer
            .allow(&tenant(), user, &[Permission::InvoiceGetAll]);
        let mut request = Request::get(path);
        if with_token {
            let token = self.issuer.token(&tenant(), user);
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

fn address() -> Address {
    Address {
        line1: ShortText::parse("Hauptstraße 1").unwrap(),
        line2: None,
        city: ShortText::parse("Berlin").unwrap(),
        postal_code: PostalCode::parse("10115").unwrap(),
        country: CountryCode::parse("DE").unwrap(),
    }
}

fn seller(logo: Option<LogoSnapshot>) -> Seller {
    Seller {
        legal_name: Name::parse("Grünwald & Söhne GmbH").unwrap(),
        address: address(),
        vat_id: Some(VatId::parse("DE123456789").unwrap()),
        registration_id: None,
        email: EmailAddress::parse("billing@acme.example").unwrap(),
        phone: None,
        iban: Some(Iban::parse("DE89370400440532013000").unwrap()),
        bic: None,
        logo,
    }
}

fn line(item: &str) -> InvoiceLine {
    InvoiceLine {
        line_id: LineId(Uuid::from_u128(1)),
        product_id: None,
        price_version: None,
        sku: None,
        name: Name::parse(item).unwrap(),
        description: None,
        quantity: Quantity::ONE,
        unit_code: UnitCode::one(),
        unit_price: UnitPrice::parse("100.00").unwrap(),
        price_base_quantity: None,
        vat: Vat::new(VatCategory::Standard, Rate::parse("19").unwrap()).unwrap(),
        allowances: Vec::new(),
        charges: Vec::new(),
    }
}
