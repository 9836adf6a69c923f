//! The reactors on Kafka, with their jobs in PostgreSQL.

use std::sync::Arc;

use anyhow::Context;
use invoiceapp_domain::Ambient;
use invoiceapp_identity::{IdentityParts, IdentityReactor};
use invoiceapp_mail::{MailParts, MailReactor, Mailer};
use invoiceapp_mail::{SmtpCredentials, SmtpMailer, SmtpOptions, SmtpTls};
use invoiceapp_media::{MediaParts, MediaReactor, Sanitizer};
use invoiceapp_pdf::renderer::{CONCURRENT_RENDERINGS_DEFAULT, Renderer};
use invoiceapp_pdf::{PdfParts, PdfReactor};
use invoiceapp_runtime::postgres::{PostgresJobStore, PostgresOptions};
use invoiceapp_runtime::{
    JobStore, JournalFeed, Reactor, ReactorRuntime, RuntimeParts, Settings as RuntimeSettings,
    Start,
};

use super::feed::feed;
use super::identity;
use super::patience;
use super::ports::{Ports, postgres_url};
use super::role::Role;
use crate::settings::{self, Settings};

/// The jobs, and the clock by which they are leased: the server's, which all processes share.
#[derive(Clone)]
pub(super) struct Jobs {
    pub(super) store: Arc<PostgresJobStore>,
    clock: Arc<dyn Ambient>,
}

impl Jobs {
    pub(super) async fn open(settings: &Settings, ports: &Ports) -> anyhow::Result<Self> {
        let options = PostgresOptions::new(postgres_url(settings)?);
        let store = patience::open("jobs", || PostgresJobStore::connect(&options)).await?;
        let clock = patience::open("clock", || store.clock(Arc::clone(&ports.ambient))).await?;
        Ok(Self {
            store: Arc::new(store),
            clock: Arc::new(clock),
        })
    }
}

/// What the service and the reactor of documents share.
pub(super) fn pdf(ports: &Ports) -> PdfParts {
    PdfParts {
        executor: ports.executor.clone(),
        renderer: Renderer::new(ports.objects(), CONCURRENT_RENDERINGS_DEFAULT),
        ambient: Arc::clone(&ports.ambient),
    }
}

/// What the service and the reactor of media share.
pub(super) fn media(ports: &Ports) -> MediaParts {
    MediaParts {
        executor: ports.executor.clone(),
        objects: ports.objects(),
        ambient: Arc::clone(&ports.ambient),
        sanitizer: Sanitizer::new(),
    }
}

/// What the reactor of mail works with.
pub(super) fn mail(ports: &Ports, mailer: Arc<dyn Mailer>) -> MailParts {
    MailParts {
        executor: ports.executor.clone(),
        objects: ports.objects(),
        mailer,
        ambient: Arc::clone(&ports.ambient),
    }
}

/// The mail server.
pub(super) fn mailer(settings: &Settings) -> anyhow::Result<Arc<dyn Mailer>> {
    let smtp = &settings.smtp;
    let tls = match smtp.tls {
        settings::SmtpTls::None => SmtpTls::None,
        settings::SmtpTls::Starttls => SmtpTls::StartTls,
        settings::SmtpTls::Tls => SmtpTls::Tls,
    };
    let mut options = SmtpOptions::new(smtp.host.clone(), smtp.port, tls);
    options.plaintext_allowed = smtp.plaintext_allowed;
    if let (Some(username), Some(password)) = (&smtp.username, &smtp.password) {
        options.credentials = Some(SmtpCredentials {
            username: username.clone(),
            password: password.clone(),
        });
    }
    let mailer = SmtpMailer::new(options).context("the mail server's settings are not valid")?;
    Ok(Arc::new(mailer))
}

/// A reactor at work, known to the job store.
pub(super) async fn runtime(
    settings: &Settings,
    (ports, jobs): (&Ports, &Jobs),
    reactor: Arc<dyn Reactor>,
) -> anyhow::Result<ReactorRuntime> {
    let parts = RuntimeParts {
        feed: feed(settings)?,
        jobs: Arc::clone(&jobs.store) as Arc<dyn JobStore>,
        ambient: Arc::clone(&jobs.clock),
        settings: RuntimeSettings::default(),
    };
    let journal = Arc::new(JournalFeed::new(ports.journal()));
    let runtime = ReactorRuntime::new(reactor, parts).healing_from(journal);
    patience::open("jobs", || runtime.register(Start::Beginning))
        .await
        .context("a reactor cannot be registered")?;
    Ok(runtime)
}

/// The reactor of a role that has one of its own kind.
pub(super) fn reactor(
    role: Role,
    settings: &Settings,
    ports: &Ports,
) -> anyhow::Result<Option<Arc<dyn Reactor>>> {
    Ok(match role {
        Role::Pdf => Some(Arc::new(PdfReactor::new(pdf(ports)))),
        Role::Media => Some(Arc::new(MediaReactor::new(media(ports)))),
        Role::UserAccess => {
            let sync = identity::accounts(settings, ports)?;
            Some(Arc::new(IdentityReactor::new(IdentityParts { sync })))
        }
        Role::Mail => {
            let reactor = MailReactor::new(mail(ports, mailer(settings)?));
            Some(Arc::new(reactor.with_sender(settings.smtp.from.clone())))
        }
        _ => None,
    })
}
