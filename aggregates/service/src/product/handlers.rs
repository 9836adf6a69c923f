//! The product service's handlers.

use axum::extract::State;
use deserr::Deserr;
use invoiceapp_domain::ids::ProductId;
use invoiceapp_domain::product::{Product, ProductCommand};
use invoiceapp_domain::{Permission, StreamId, StreamKind};
use invoiceapp_http::json::Nothing;
use invoiceapp_http::query::Flag;
use invoiceapp_http::{
    Authenticated, BodyDigest, BodyErrors, CommandAnswer, CommandRequest, ConsistencyToken, Cursor,
    Json, List, ListPage, NoBody, NoParameters, Page, PathId, Problem, ProblemBody, QueryAnswer,
    Text, Unread,
};
use invoiceapp_journal::port::Committed;
use invoiceapp_projections::Condition;
use invoiceapp_projections::views::product::{ARCHIVED, SEARCH, SKU};

use super::bodies::{PriceBody, ProductBody, ProductChangeBody};
use super::resource::{PriceResource, ProductResource, render};
use crate::parts::ServiceParts;

type Answer = Result<CommandAnswer<ProductResource>, Problem>;

/// Which products a list has.
#[derive(Debug, Clone, Default, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(super) struct ProductFilter {
    /// Exactly this SKU.
    #[deserr(default)]
    sku: Option<String>,
    /// This text in SKU or name.
    #[deserr(default)]
    q: Option<String>,
    /// Only archived ones, or only those on sale.
    #[deserr(default)]
    archived: Option<Text<Flag>>,
}

impl ProductFilter {
    fn conditions(self) -> Vec<Condition> {
        let archived = self.archived.map(|flag| i64::from(flag.0.0));
        [
            self.sku.map(|sku| Condition::Equals(SKU, sku.into())),
            self.q
                .map(|text| Condition::Contains(SEARCH, text.to_lowercase())),
            archived.map(|archived| Condition::Equals(ARCHIVED, archived.into())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Create a product.
#[utoipa::path(post, path = "/api/v1/products", tag = "products",
    request_body = ProductBody,
    responses((status = 201, body = ProductResource), (status = 400, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`sku_taken`")))]
pub(super) async fn create(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    body: Unread<Json<ProductBody>>,
) -> Answer {
    request.require(Permission::ProductCreate)?;
    let body = body.read().await?;
    let product = body.value.into_product()?;
    let stream = parts.fresh_stream(&request, StreamKind::Product);
    let command = ProductCommand::Create(Box::new(product));
    let (resource, committed) = run(&parts, &request, body.digest, stream, command).await?;
    let location = format!("/api/v1/products/{}", resource.id);
    Ok(CommandAnswer::created(location, resource, &committed))
}

/// List products, newest first.
#[utoipa::path(get, path = "/api/v1/products", tag = "products",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
        ("count" = Option<bool>, Query), ("sku" = Option<String>, Query),
        ("q" = Option<String>, Query), ("archived" = Option<bool>, Query)),
    responses((status = 200, body = ListPage<ProductResource>)))]
pub(super) async fn list(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    list: List<ProductFilter>,
) -> Result<ListPage<ProductResource>, Problem> {
    caller.require(Permission::ProductGetAll)?;
    parts.wait(token).await?;
    let query = parts.list_query(
        &caller,
        StreamKind::Product,
        list.page,
        list.filter.conditions(),
    );
    parts.page::<Product, _>(&query, list.page, render).await
}

/// Read a product.
#[utoipa::path(get, path = "/api/v1/products/{id}", tag = "products",
    params(("id" = String, Path)),
    responses((status = 200, body = ProductResource), (status = 404, body = ProblemBody)))]
pub(super) async fn get(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<ProductId>,
    _: NoParameters,
) -> Result<QueryAnswer<ProductResource>, Problem> {
    caller.require(Permission::ProductGetById)?;
    parts.wait(token).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::Product, id);
    parts.document::<Product, _>(&stream, render).await
}

/// Change a product.
#[utoipa::path(patch, path = "/api/v1/products/{id}", tag = "products",
    params(("id" = String, Path)), request_body = ProductChangeBody,
    responses((status = 200, body = ProductResource), (status = 404, body = ProblemBody)))]
pub(super) async fn change(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<ProductId>,
    body: Unread<Json<ProductChangeBody>>,
) -> Answer {
    request.require(Permission::ProductUpdate)?;
    let body = body.read().await?;
    let command = ProductCommand::Change(body.value.into_change()?);
    changed(&parts, &request, body.digest, id, command).await
}

/// Archive a product: no new line names it, and nothing is deleted.
#[utoipa::path(delete, path = "/api/v1/products/{id}", tag = "products",
    params(("id" = String, Path)),
    responses((status = 200, body = ProductResource), (status = 404, body = ProblemBody)))]
pub(super) async fn archive(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<ProductId>,
    body: Unread<NoBody>,
) -> Answer {
    request.require(Permission::ProductDelete)?;
    let body = body.read().await?;
    changed(&parts, &request, body.digest, id, ProductCommand::Archive).await
}

/// Put an archived product on sale again.
#[utoipa::path(post, path = "/api/v1/products/{id}/restore", tag = "products",
    params(("id" = String, Path)),
    responses((status = 200, body = ProductResource), (status = 404, body = ProblemBody)))]
pub(super) async fn restore(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<ProductId>,
    body: Unread<NoBody>,
) -> Answer {
    request.require(Permission::ProductUpdate)?;
    let body = body.read().await?;
    changed(&parts, &request, body.digest, id, ProductCommand::Restore).await
}

/// Add a price version; earlier ones stay as they are.
#[utoipa::path(post, path = "/api/v1/products/{id}/prices", tag = "products",
    params(("id" = String, Path)), request_body = PriceBody,
    responses((status = 201, body = ProductResource), (status = 404, body = ProblemBody)))]
pub(super) async fn set_price(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<ProductId>,
    body: Unread<Json<PriceBody>>,
) -> Answer {
    request.require(Permission::ProductSetPrice)?;
    let body = body.read().await?;
    let stream = StreamId::new(request.tenant().clone(), StreamKind::Product, id);
    let command = ProductCommand::SetPrice(body.value.into_price());
    let (resource, committed) = run(&parts, &request, body.digest, stream, command).await?;
    let location = format!("/api/v1/products/{}/prices", resource.id);
    Ok(CommandAnswer::created(location, resource, &committed))
}

/// List the price versions of a product, newest first.
#[utoipa::path(get, path = "/api/v1/products/{id}/prices", tag = "products",
    params(("id" = String, Path), ("limit" = Option<u32>, Query),
        ("cursor" = Option<String>, Query), ("count" = Option<bool>, Query)),
    responses((status = 200, body = ListPage<PriceResource>), (status = 404, body = ProblemBody)))]
pub(super) async fn prices(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<ProductId>,
    list: List<Nothing>,
) -> Result<ListPage<PriceResource>, Problem> {
    caller.require(Permission::ProductGetById)?;
    parts.wait(token).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::Product, id);
    let product = parts.required::<Product>(&stream).await?;
    let resource = render(&product).ok_or_else(Problem::not_found)?;
    Ok(price_page(resource.prices, list.page))
}

/// A page of a product's price versions, which come by version. They are few and short: a product
/// has at most `PRICE_VERSIONS_MAX`.
fn price_page(prices: Vec<PriceResource>, asked: Page) -> ListPage<PriceResource> {
    let total = u64::try_from(prices.len()).unwrap_or(u64::MAX);
    let is_left = |price: &PriceResource| {
        let cursor = asked.cursor;
        cursor.is_none_or(|cursor| u64::from(price.version) < cursor.position())
    };
    let mut left = prices.into_iter().rev().filter(is_left);
    let data: Vec<PriceResource> = left.by_ref().take(asked.limit).collect();
    let last = data.last().filter(|_| left.next().is_some());
    let next = last.map(|price| Cursor::after(u64::from(price.version)));
    let next = asked.next_cursor(next);
    ListPage::new(data, next, asked.count.then_some(total))
}

async fn changed(
    parts: &ServiceParts,
    request: &CommandRequest,
    digest: BodyDigest,
    id: ProductId,
    command: ProductCommand,
) -> Answer {
    let stream = StreamId::new(request.tenant().clone(), StreamKind::Product, id);
    let (resource, committed) = run(parts, request, digest, stream, command).await?;
    Ok(CommandAnswer::ok(resource, &committed))
}

async fn run(
    parts: &ServiceParts,
    request: &CommandRequest,
    digest: BodyDigest,
    stream: StreamId,
    command: ProductCommand,
) -> Result<(ProductResource, Committed), Problem> {
    let executed = parts
        .execute::<Product>(request, digest, stream, command)
        .await?;
    let resource = render(&executed.loaded).ok_or_else(Problem::not_found)?;
    Ok((resource, executed.committed))
}
