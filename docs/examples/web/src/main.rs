//! Codex in the browser: a list of threads, streaming turns, approvals, and a button to cancel.
//!
//! `cargo run -p codex-web` prints the address of the page. Codex works in the current directory.
//! The only argument is the port; by default, any free one.

mod guard;
mod hub;

use std::{collections::HashMap, env, error::Error, net::Ipv4Addr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware,
    response::{IntoResponse, Response, Sse},
    routing::{get, post},
};
use codex_client::{
    Codex, Decision, Error as CodexError, Sandbox,
    types::{AskForApproval, SortDirection, ThreadListResponse, ThreadSortKey},
};
use tokio::{net::TcpListener, signal::ctrl_c, sync::Mutex};

use crate::{guard::Guard, hub::Hub};

/// The number of threads on a page of the list.
const PAGE: u32 = 10;

struct App {
    codex: Codex,
    /// The threads that this program has opened, by their ids.
    hubs: Mutex<HashMap<String, Arc<Hub>>>,
}

type Shared = State<Arc<App>>;
type Pairs = HashMap<String, String>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let guard = Arc::new(Guard::new(listener.local_addr()?.port())?);
    let codex = Codex::builder().client_name("codex_web").start().await?;
    let app = Arc::new(App {
        codex: codex.clone(),
        hubs: Mutex::default(),
    });
    println!("{}", guard.address());
    tokio::select! {
        served = axum::serve(listener, router(app, guard)) => served?,
        // The streams of open pages never end, so a graceful shutdown would wait for them.
        stopped = ctrl_c() => stopped?,
    }
    codex.close().await?;
    Ok(())
}

fn router(app: Arc<App>, guard: Arc<Guard>) -> Router {
    Router::new()
        .route(
            "/",
            get((
                [(CONTENT_TYPE, "text/html")],
                include_str!("../page/index.html"),
            )),
        )
        .route(
            "/app.js",
            get((
                [(CONTENT_TYPE, "text/javascript")],
                include_str!("../page/app.js"),
            )),
        )
        .route(
            "/style.css",
            get((
                [(CONTENT_TYPE, "text/css")],
                include_str!("../page/style.css"),
            )),
        )
        .route("/api/threads", get(threads).post(start))
        .route("/api/threads/{id}/events", get(events))
        .route("/api/threads/{id}/input", post(input))
        .route("/api/threads/{id}/interrupt", post(interrupt))
        .route("/api/threads/{id}/approvals/{approval}", post(decide))
        .layer(middleware::from_fn_with_state(guard, guard::check))
        .with_state(app)
}

/// Returns one page of the saved threads, those used last first.
async fn threads(State(app): Shared, Query(query): Query<Pairs>) -> Reply<ThreadListResponse> {
    let list = app.codex.thread_list().limit(PAGE);
    let list = list
        .sort_key(ThreadSortKey::UpdatedAt)
        .sort_direction(SortDirection::Desc);
    Ok(Json(list.cursor(query.get("cursor")).await?))
}

/// Starts a thread, which is saved with its first turn. Returns its id.
async fn start(State(app): Shared) -> Reply<String> {
    let thread = app.codex.thread_start().sandbox(Sandbox::WorkspaceWrite);
    let thread = thread.approval_policy(AskForApproval::OnRequest).await?;
    let id = thread.id().to_owned();
    let hub = Hub::open(thread, false).await?;
    app.hubs.lock().await.insert(id.clone(), hub);
    Ok(Json(id))
}

impl App {
    /// Returns a thread, which is resumed if this program has not opened it yet.
    async fn hub(&self, id: &str) -> codex_client::Result<Arc<Hub>> {
        // Locked until the thread is open, so that two pages do not open it twice.
        let mut hubs = self.hubs.lock().await;
        if let Some(hub) = hubs.get(id) {
            return Ok(Arc::clone(hub));
        }
        let thread = self.codex.thread_resume(id).include_turns(false);
        let thread = thread.sandbox(Sandbox::WorkspaceWrite);
        let thread = thread.approval_policy(AskForApproval::OnRequest).await?;
        let hub = Hub::open(thread, true).await?;
        hubs.insert(id.to_owned(), Arc::clone(&hub));
        Ok(hub)
    }
}

/// Streams a thread to a page: first all of it, then each change.
async fn events(State(app): Shared, Path(id): Path<String>) -> Result<impl IntoResponse, Failure> {
    let events = app.hub(&id).await?.subscribe();
    Ok(Sse::new(events).keep_alive(Default::default()))
}

/// Starts a turn with the text, or adds the text to the running turn.
async fn input(State(app): Shared, Path(id): Path<String>, Json(text): Json<String>) -> Reply<()> {
    app.hub(&id).await?.send(text).await?;
    Ok(Json(()))
}

async fn interrupt(State(app): Shared, Path(id): Path<String>) -> Reply<()> {
    app.hub(&id).await?.interrupt().await?;
    Ok(Json(()))
}

async fn decide(
    State(app): Shared,
    Path((id, approval)): Path<(String, String)>,
    Json(decision): Json<Decision>,
) -> Reply<()> {
    app.hub(&id).await?.decide(&approval, decision)?;
    Ok(Json(()))
}

type Reply<T> = Result<Json<T>, Failure>;

/// An error of the client, which the page receives as JSON.
struct Failure(CodexError);

impl From<CodexError> for Failure {
    fn from(error: CodexError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0 {
            CodexError::Resolved { .. } => StatusCode::CONFLICT,
            CodexError::InvalidInput(_) | CodexError::Rpc(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        };
        (status, Json(self.0)).into_response()
    }
}
