//! A journal, an object store and a job store in one folder; the media service and its reactor on
//! them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, Permission, TenantId};
use invoiceapp_http::testing::TestIssuer;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_media::{MediaParts, MediaReactor, Sanitizer, router};
use invoiceapp_objects::{FsObjects, Objects};
use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{
    JobFilter, JobRecord, JobStore, JournalFeed, Reactor, ReactorRuntime, RuntimeParts, Settings,
    Start,
};
use tower::ServiceExt;
use uuid::Uuid;

const BOUNDARY: &str = "a-boundary-that-is-in-no-file";

pub(crate) struct World {
    pub(crate) issuer: TestIssuer,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) executor: CommandExecutor,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) jobs: Arc<SqliteJobStore>,
    pub(crate) reactor: Arc<dyn Reactor>,
    pub(crate) runtime: ReactorRuntime,
    pub(crate) folder: tempfile::TempDir,
    service: Router,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) bytes: &'a [u8],
}

pub(crate) fn file(bytes: &[u8]) -> Part<'_> {
    Part {
        name: "file",
        file_name: Some("holiday.exe"),
        bytes,
    }
}

pub(crate) fn purpose(purpose: &str) -> Part<'_> {
    Part {
        name: "purpose",
        file_name: None,
        bytes: purpose.as_bytes(),
    }
}

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let name = part
            .file_name
            .map(|name| format!("; filename=\"{name}\""))
            .unwrap_or_default();
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"{name}\r\n\
             Content-Type: text/html\r\n\r\n",
            part.name
        );
        body.extend(head.into_bytes());
        body.extend_from_slice(part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = TestIssuer::new();
        let ambient: Arc<dyn Ambient> = issuer.ambient.clone();
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal: Arc<dyn Journal> = Arc::new(
            SqliteJournal::open(options, Arc::clone(&ambient))
                .await
                .unwrap(),
        );
        let executor = CommandExecutor::new(Arc::clone(&journal));
        let objects: Arc<dyn Objects> =
            Arc::new(FsObjects::open(&folder.path().join("objects")).unwrap());
        let jobs = Arc::new(
            SqliteJobStore::open(&folder.path().join("jobs.db"))
                .await
                .unwrap(),
        );
        let parts = MediaParts {
            executor: executor.clone(),
            objects: Arc::clone(&objects),
            ambient: Arc::clone(&ambient),
            sanitizer: Sanitizer::new(),
        };
        let runtime = RuntimeParts {
            feed: Arc::new(JournalFeed::new(Arc::clone(&journal))),
            jobs: jobs.clone(),
            ambient,
            settings: Settings::default(),
        };
        let reactor: Arc<dyn Reactor> = Arc::new(MediaReactor::new(parts.clone()));
        let runtime = ReactorRuntime::new(Arc::clone(&reactor), runtime);
        runtime.register(Start::Beginning).await.unwrap();
        let service = issuer.shell("media").wrap(router(parts));
        Self {
            issuer,
            journal,
            executor,
            objects,
            jobs,
            reactor,
            runtime,
            folder,
            service,
        }
    }

    /// A token of a user who may do exactly that.
    pub(crate) fn token(&self, owner: &str, permissions: &[Permission]) -> String {
        let seed = format!("{owner}/{permissions:?}");
        let user = UserId(Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes()));
        self.issuer.allow(&tenant(owner), user, permissions);
        self.issuer.token(&tenant(owner), user)
    }

    /// A token of an administrator of the default tenant.
    pub(crate) fn administrator(&self) -> String {
        self.token("default", Permission::ALL)
    }

    /// Plans what is new and works on what is due.
    pub(crate) async fn work(&self) -> usize {
        self.runtime.plan_available().await.unwrap();
        self.runtime.run_due().await.unwrap()
    }

    pub(crate) async fn job_records(&self) -> Vec<JobRecord> {
        self.jobs.list(&JobFilter::default()).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (head, body) = self
            .service
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    pub(crate) fn upload_request(&self, token: &str, parts: &[Part<'_>]) -> Request<Body> {
        Request::post("/api/v1/media")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(
                header::CONTENT_TYPE,
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .body(Body::from(form(parts)))
            .unwrap()
    }

    pub(crate) async fn upload(&self, token: &str, parts: &[Part<'_>]) -> Answer {
        self.send(self.upload_request(token, parts)).await
    }

    /// Uploads a file that is fine, and gives its id.
    pub(crate) async fn uploaded(&self, token: &str, bytes: &[u8]) -> String {
        let answer = self.upload(token, &[file(bytes)]).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.get_with(token, path, None).await
    }

    pub(crate) async fn get_if_none_match(
        &self,
        token: &str,
        path: &str,
        tag: Option<&str>,
    ) -> Answer {
        let header = tag.map(|tag| ("if-none-match", tag));
        self.get_with(token, path, header).await
    }

    pub(crate) async fn get_with(
        &self,
        token: &str,
        path: &str,
        header: Option<(&str, &str)>,
    ) -> Answer {
        let mut request =
            Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn head(&self) -> u64 {
        self.journal.head().await.unwrap().position
    }
}
