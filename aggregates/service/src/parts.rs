//! What every handler of these services works with, and the steps that they have in common.

use std::future::Future;
use std::sync::Arc;

use axum::http::StatusCode;
use invoiceapp_domain::locale::{TimeZoneName, today};
use invoiceapp_domain::organization::{ORGANIZATION_KEY, Organization};
use invoiceapp_domain::{Actor, Ambient, Context, Decider, StreamId, StreamKind, TenantId};
use invoiceapp_http::query::Page;
use invoiceapp_http::{
    Authenticated, BodyDigest, Code, CommandRequest, ConsistencyToken, Cursor, ListPage, Problem,
    QueryAnswer,
};
use invoiceapp_journal::execute::{
    CommandExecutor, ExecuteError, Executed, Execution, LoadError, Prepared,
};
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_journal::port::AppendError;
use invoiceapp_projections::{Condition, Indexed, ListQuery, ViewError, Views};
use invoiceapp_schemas::CommandStamp;
use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use crate::available::Available;
use crate::refusals::Refuses;

/// The parts that a service is made of; cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceParts {
    /// Loads streams and executes commands.
    pub executor: CommandExecutor,
    /// Answers queries.
    pub views: Views,
    /// Time and identity.
    pub ambient: Arc<dyn Ambient>,
}

/// Why a command is not done: the aggregate's own refusal, or one found while it was prepared.
#[derive(Debug, Error)]
pub(crate) enum Refusal<R: std::error::Error + 'static> {
    /// The aggregate says no.
    #[error(transparent)]
    Domain(R),
    /// The preparation says no.
    #[error("the command cannot be prepared")]
    Prepared(Problem),
}

impl<R: std::error::Error + 'static> From<R> for Refusal<R> {
    fn from(refusal: R) -> Self {
        Self::Domain(refusal)
    }
}

impl<R: std::error::Error + 'static> Refusal<R> {
    pub(crate) fn prepared(problem: impl Into<Problem>) -> Self {
        Self::Prepared(problem.into())
    }
}

/// What a command comes to after its preparation.
pub(crate) type PreparedOr<A> = Result<Prepared<A>, Refusal<<A as Decider>::Refusal>>;

impl ServiceParts {
    /// The name of a stream that does not exist yet, in the caller's tenant.
    pub(crate) fn fresh_stream(&self, request: &CommandRequest, kind: StreamKind) -> StreamId {
        StreamId::new(request.tenant().clone(), kind, self.ambient.new_id())
    }

    /// Executes a command that stands on its own stream alone.
    pub(crate) async fn execute<A>(
        &self,
        request: &CommandRequest,
        digest: BodyDigest,
        stream: StreamId,
        command: A::Command,
    ) -> Result<Executed<A>, Problem>
    where
        A: Available,
        A::Refusal: Refuses,
    {
        let stamp = request.stamp(digest);
        self.execute_with(request, stamp, stream, move |_| {
            std::future::ready(Ok(Prepared::<A>::new(command.clone())))
        })
        .await
    }

    /// Executes a command that is prepared from the present state and from other streams. A
    /// refusal by the state says what the state allows instead.
    pub(crate) async fn execute_with<A, F, Fut>(
        &self,
        request: &CommandRequest,
        stamp: CommandStamp,
        stream: StreamId,
        prepare: F,
    ) -> Result<Executed<A>, Problem>
    where
        A: Available,
        A::Refusal: Refuses,
        F: Fn(Option<Arc<Loaded<A>>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = PreparedOr<A>> + Send,
    {
        let context = self.context(request.tenant(), request.actor()).await?;
        let execution = Execution::new(stream.clone(), stamp, context, request.correlation_id)
            .with_expected_version(request.expected_version.clone())
            .with_traceparent(Some(request.traceparent.clone()));
        let executed = self
            .executor
            .execute_with::<A, Refusal<A::Refusal>, F, Fut>(execution, prepare)
            .await;
        match executed.map_err(command_problem) {
            Err(problem) if problem.code().status() == StatusCode::CONFLICT => {
                let loaded = self.load::<A>(&stream).await?;
                let actions = loaded
                    .map(|loaded| loaded.state.available())
                    .unwrap_or_default();
                Err(problem.with_available_actions(actions))
            }
            outcome => outcome,
        }
    }

    /// What a decision may know, as of now.
    pub(crate) async fn context(
        &self,
        tenant: &TenantId,
        actor: Actor,
    ) -> Result<Context, Problem> {
        let now = self.ambient.now();
        let zone = self.time_zone(tenant).await?;
        Ok(Context {
            tenant: tenant.clone(),
            actor,
            now,
            today: today(now, &zone),
        })
    }

    /// The tenant's organisation as the journal has it.
    pub(crate) async fn organization(&self, tenant: &TenantId) -> Result<Organization, Problem> {
        let stream = organization_stream(tenant);
        let loaded = self.load::<Organization>(&stream).await?;
        Ok(loaded
            .map(|loaded| loaded.state.clone())
            .unwrap_or_default())
    }

    async fn time_zone(&self, tenant: &TenantId) -> Result<TimeZoneName, Problem> {
        Ok(self.organization(tenant).await?.defaults().time_zone)
    }

    /// The day of an instant in the tenant's time zone.
    pub(crate) async fn day_of(
        &self,
        tenant: &TenantId,
        instant: Timestamp,
    ) -> Result<Date, Problem> {
        Ok(today(instant, &self.time_zone(tenant).await?))
    }

    /// Today in the tenant's time zone.
    pub(crate) async fn today(&self, tenant: &TenantId) -> Result<Date, Problem> {
        self.day_of(tenant, self.ambient.now()).await
    }

    /// A stream as the journal has it now.
    pub(crate) async fn load<A: Decider>(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Arc<Loaded<A>>>, Problem> {
        self.executor
            .load(stream)
            .await
            .map_err(|error| load_problem(&error))
    }

    /// Waits until the views have reached the caller's token.
    pub(crate) async fn wait(&self, token: ConsistencyToken) -> Result<(), Problem> {
        match token.0 {
            Some(position) => self.views.wait_for(position).await.map_err(view_problem),
            None => Ok(()),
        }
    }

    /// A view's document, or 404.
    pub(crate) async fn required<A: Decider>(
        &self,
        stream: &StreamId,
    ) -> Result<Loaded<A>, Problem> {
        let document = self.views.get(stream).await.map_err(view_problem)?;
        document.ok_or_else(Problem::not_found)
    }

    /// A view's document as an answer, or 404.
    pub(crate) async fn document<A: Decider, R: serde::Serialize>(
        &self,
        stream: &StreamId,
        render: impl FnOnce(&Loaded<A>) -> Option<R>,
    ) -> Result<QueryAnswer<R>, Problem> {
        let loaded = self.required::<A>(stream).await?;
        let resource = render(&loaded).ok_or_else(Problem::not_found)?;
        Ok(QueryAnswer::document(resource, loaded.version))
    }

    /// The query of a list of the caller's tenant.
    #[expect(clippy::unused_self, reason = "reads as a step of the handler")]
    pub(crate) fn list_query(
        &self,
        caller: &Authenticated,
        kind: StreamKind,
        page: Page,
        conditions: Vec<Condition>,
    ) -> ListQuery {
        ListQuery {
            tenant: caller.tenant().clone(),
            kind,
            conditions,
            before: page.cursor.map(|cursor| cursor.position()),
            limit: u32::try_from(page.limit).unwrap_or(u32::MAX),
            count: page.count,
        }
    }

    /// A page of a list as an answer.
    pub(crate) async fn page<A: Indexed, R: serde::Serialize>(
        &self,
        query: &ListQuery,
        asked: Page,
        render: impl Fn(&Loaded<A>) -> Option<R>,
    ) -> Result<ListPage<R>, Problem> {
        let (loaded, page) = self.views.list::<A>(query).await.map_err(view_problem)?;
        let data = loaded.iter().filter_map(render).collect();
        let next = asked.next_cursor(page.next_before.map(Cursor::after));
        Ok(ListPage::new(data, next, page.total))
    }
}

/// The stream of a tenant's organisation.
pub(crate) fn organization_stream(tenant: &TenantId) -> StreamId {
    StreamId::new(tenant.clone(), StreamKind::Organization, ORGANIZATION_KEY)
}

/// A view that cannot answer.
pub(crate) fn view_problem(error: ViewError) -> Problem {
    match error {
        ViewError::Behind { .. } => Problem::view_behind(),
        ViewError::Unavailable(_) => Problem::unavailable(&error),
        ViewError::Undecodable { .. }
        | ViewError::TooManyParked { .. }
        | ViewError::Overflow(_) => Problem::internal(&error),
    }
}

fn load_problem(error: &LoadError) -> Problem {
    match error {
        LoadError::Journal(source) => Problem::from(source),
        LoadError::Fold(_) | LoadError::NoSuchVersion { .. } => Problem::internal(error),
    }
}

fn command_problem<R: std::error::Error + Refuses + 'static>(
    error: ExecuteError<Refusal<R>>,
) -> Problem {
    let append = |error: &AppendError| Problem::from_append(error, None);
    match error {
        ExecuteError::Refused(Refusal::Domain(refusal)) => refusal.problem(),
        ExecuteError::Refused(Refusal::Prepared(problem)) => problem,
        ExecuteError::NotFound => Problem::not_found(),
        ExecuteError::VersionMismatch { .. } => Problem::new(Code::VersionMismatch),
        ExecuteError::CommandReused => append(&AppendError::CommandReused),
        ExecuteError::ClaimTaken { key } => append(&AppendError::ClaimTaken { key }),
        ExecuteError::SeriesDateBeforeLast { series, last } => {
            append(&AppendError::SeriesDateBeforeLast { series, last })
        }
        ExecuteError::TooLarge { limit } => append(&AppendError::TooLarge { limit }),
        ExecuteError::Conflict => Problem::new(Code::Conflict),
        ExecuteError::Load(error) => load_problem(&error),
        ExecuteError::Unwritable { .. } => Problem::internal(&error),
        ExecuteError::Journal(error) => Problem::from(&error),
    }
}
