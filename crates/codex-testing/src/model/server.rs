//! The HTTP server behind the scripted model, on a thread of its own.

use std::{
    any::Any,
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use http_body_util::{BodyExt, Either, Full};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime,
    sync::oneshot,
};

use super::{body::Events, state::State};
use crate::{
    error::{Error, Result},
    monitor::Monitor,
    reply::{Answer, Reply},
    request::{ModelRequest, StrayRequest},
};

/// So many clients may connect at the same moment without being turned away.
const BACKLOG: u32 = 4096;

type Answered = Response<Either<Full<Bytes>, Events>>;

/// What `ScriptedModel` owns.
pub(super) struct Running {
    pub(super) state: Arc<Monitor<State>>,
    pub(super) address: SocketAddr,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) thread: thread::JoinHandle<()>,
}

/// Starts the server; it runs until the sender of `stop` is used or dropped.
pub(super) fn start(patience: Duration) -> Result<Running> {
    let (ready, started) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    // All happens on the new thread: a runtime can be neither entered nor dropped by a caller that is
    // inside of another one.
    let run = move || match open() {
        Err(error) => drop(ready.send(Err(error))),
        Ok((runtime, listener, address)) => {
            let state = Monitor::new(State::default(), patience, runtime.handle().clone());
            let state = Arc::new(state);
            // If nobody listens any more, `stopped` is closed as well.
            let _ = ready.send(Ok((Arc::clone(&state), address)));
            runtime.spawn(accept(listener, state));
            let _ = runtime.block_on(stopped);
        }
    };
    let thread = thread::Builder::new()
        .name("scripted-model".into())
        .spawn(run)
        .map_err(Error::Listen)?;
    let (state, address) = started
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the server's thread panicked")))
        .map_err(Error::Listen)?;
    Ok(Running {
        state,
        address,
        stop,
        thread,
    })
}

fn open() -> io::Result<(runtime::Runtime, TcpListener, SocketAddr)> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let listener = {
        let _inside = runtime.enter();
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        socket.listen(BACKLOG)?
    };
    let address = listener.local_addr()?;
    Ok((runtime, listener, address))
}

async fn accept(listener: TcpListener, state: Arc<Monitor<State>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or the client is gone already: others may still come, and the
            // connections that are open must be able to end first.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Small events must not wait for the acknowledgement of earlier ones.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(Arc::clone(&state), request));
        // A connection that fails is the client's business, or the script's.
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async { drop(connection.await) });
    }
}

async fn answer(
    state: Arc<Monitor<State>>,
    request: Request<Incoming>,
) -> Result<Answered, Infallible> {
    let (parts, body) = request.into_parts();
    // A target with a host is asked of a proxy: it is not for the model, whatever its path.
    let path = match parts.uri.host() {
        None => parts.uri.path().trim_end_matches('/'),
        Some(_) => "",
    };
    if parts.method == Method::GET && path.ends_with("/models") {
        return Ok(models());
    }
    if parts.method != Method::POST || !path.ends_with("/responses") {
        let why = format!(
            "the scripted model of codex-testing answers POST /v1/responses and GET /v1/models, \
             not {} {}",
            parts.method, parts.uri
        );
        return Ok(stray(&state, parts, StatusCode::NOT_FOUND, why));
    }
    if let Some(encoding) = parts.headers.get(CONTENT_ENCODING) {
        let why = format!(
            "the scripted model of codex-testing reads no compressed requests ({encoding:?}); \
             set features.enable_request_compression = false"
        );
        return Ok(stray(
            &state,
            parts,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            why,
        ));
    }
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // The client has hung up, so nobody reads this.
        Err(error) => {
            return Ok(stray(
                &state,
                parts,
                StatusCode::BAD_REQUEST,
                error.to_string(),
            ));
        }
    };
    let body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => {
            let why = format!("the request's body is not JSON: {error}");
            return Ok(stray(&state, parts, StatusCode::BAD_REQUEST, why));
        }
    };

    let (request, reply) = choose(&state, parts.headers, body);
    Ok(play(reply, request.number()).await)
}

/// Records the request and finds its reply.
fn choose(
    state: &Monitor<State>,
    headers: HeaderMap,
    body: serde_json::Value,
) -> (ModelRequest, Reply) {
    // Both in one step, so that the first recorded request gets the first reply.
    let (request, queued, responder) = state.change(|state| {
        let request = ModelRequest::new(state.requests.len() as u64 + 1, headers, body);
        state.requests.push(request.clone());
        (request, state.queue.pop_front(), state.responder.clone())
    });
    if let Some(reply) = queued {
        return (request, reply);
    }
    // Outside of the lock: the closure may look at the model, and may panic.
    let reply = responder.map(|responder| catch_unwind(AssertUnwindSafe(|| responder(&request))));
    let why = match reply {
        Some(Ok(Some(reply))) => return (request, reply),
        None => "the queue is empty and there is no respond_with".to_owned(),
        Some(Ok(None)) => "the queue is empty and respond_with gave None".to_owned(),
        Some(Err(panic)) => format!("respond_with panicked: {}", words(&*panic)),
    };
    state.change(|state| state.unanswered.push(request.clone()));
    // Enough of the text to know the turn by.
    let text: String = request
        .last_user_text()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    // Of a 400, and of no other status, Codex shows the whole body as the turn's error.
    let message = format!(
        "codex-testing: no reply for request {} (thread {}, user text {text:?}): {why}",
        request.number(),
        request.thread_id().unwrap_or("unknown"),
    );
    (request, Reply::http_error(400, message))
}

/// Turns a reply into a response. Holds come before the head.
async fn play(reply: Reply, request: u64) -> Answered {
    let Reply {
        answer,
        headers,
        delay,
        hold,
    } = reply;
    for gate in hold {
        gate.pass().await;
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut response = match answer {
        Answer::Stream(script) => {
            let mut response = Response::new(Either::Right(Events::new(script, request)));
            let kind = HeaderValue::from_static("text/event-stream");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Answer::Http { status, body } => match StatusCode::from_u16(status) {
            Ok(status) => text(status, body),
            Err(_) => text(
                StatusCode::BAD_REQUEST,
                format!("codex-testing: the script's HTTP status {status} is no status"),
            ),
        },
    };
    for (name, value) in headers {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => drop(response.headers_mut().insert(name, value)),
            _ => {
                let why = format!("codex-testing: {name:?}: {value:?} is no HTTP header");
                return text(StatusCode::BAD_REQUEST, why);
            }
        }
    }
    response
}

/// The list of models, as the public API gives it.
fn models() -> Answered {
    let model = json!({
        "id": "scripted-model",
        "object": "model",
        "created": 0,
        "owned_by": "codex-testing",
    });
    let mut response = text(
        StatusCode::OK,
        json!({ "object": "list", "data": [model] }).to_string(),
    );
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Records and answers a request that is none for a response.
fn stray(state: &Monitor<State>, parts: Parts, status: StatusCode, body: String) -> Answered {
    let Parts {
        method,
        uri,
        headers,
        ..
    } = parts;
    let stray = StrayRequest {
        method,
        uri,
        headers,
        status: status.as_u16(),
    };
    state.change(|state| state.strays.push(stray));
    text(status, body)
}

fn text(status: StatusCode, body: String) -> Answered {
    let mut response = Response::new(Either::Left(Full::from(body)));
    *response.status_mut() = status;
    response
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
