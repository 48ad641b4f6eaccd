//! The HTTP server of the scripted model, which runs on its own thread.

use std::{
    any::Any,
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
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
    runtime::Handle,
};

use super::{body::EventBody, state::ModelState};
use crate::{
    monitor::Monitor,
    request::{ModelRequest, StrayRequest},
    response::{ModelResponse, ResponseKind},
};

/// The maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 4096;

type HttpResponse = Response<Either<Full<Bytes>, EventBody>>;

/// Starts the server in a runtime, which runs it until it shuts down. Returns its address.
pub(super) fn start(runtime: &Handle, state: Arc<Monitor<ModelState>>) -> io::Result<SocketAddr> {
    let listener = {
        let _inside = runtime.enter();
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        socket.listen(BACKLOG)?
    };
    let address = listener.local_addr()?;
    runtime.spawn(accept(listener, state));
    Ok(address)
}

async fn accept(listener: TcpListener, state: Arc<Monitor<ModelState>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No file descriptor is free, or the client has disconnected. Other clients may still
            // connect, and open connections need time to end.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Small events must not wait until earlier ones are acknowledged.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        let service = service_fn(move |request| respond(Arc::clone(&state), request));
        // An error means that the client or the script broke the connection, which needs no report.
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async { drop(connection.await) });
    }
}

async fn respond(
    state: Arc<Monitor<ModelState>>,
    request: Request<Incoming>,
) -> Result<HttpResponse, Infallible> {
    let (parts, body) = request.into_parts();
    // A target with a host is a request to a proxy, not to the model, whatever its path.
    let path = match parts.uri.host() {
        None => parts.uri.path().trim_end_matches('/'),
        Some(_) => "",
    };
    if parts.method == Method::GET && path.ends_with("/models") {
        return Ok(models());
    }
    if parts.method != Method::POST || !path.ends_with("/responses") {
        let why = format!(
            "the scripted model of codex-testing serves POST /v1/responses and GET /v1/models, \
             not {} {}",
            parts.method, parts.uri
        );
        return Ok(stray(&state, parts, StatusCode::NOT_FOUND, why));
    }
    if let Some(encoding) = parts.headers.get(CONTENT_ENCODING) {
        let why = format!(
            "the scripted model of codex-testing does not read compressed requests ({encoding:?}); \
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
        // The client has disconnected, so the status is only recorded, not sent.
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
            let why = format!("the request body is not JSON: {error}");
            return Ok(stray(&state, parts, StatusCode::BAD_REQUEST, why));
        }
    };

    let (request, response) = choose(&state, parts.headers, body);
    Ok(play(response, request.number()).await)
}

/// Records the request and chooses its response.
fn choose(
    state: &Monitor<ModelState>,
    headers: HeaderMap,
    body: serde_json::Value,
) -> (ModelRequest, ModelResponse) {
    // Recording and choosing are one step, so that the first recorded request gets the first
    // response.
    let (request, queued, responder) = state.change(|state| {
        let request = ModelRequest::new(state.requests.len() as u64 + 1, headers, body);
        state.requests.push(request.clone());
        (request, state.queue.pop_front(), state.responder.clone())
    });
    if let Some(response) = queued {
        return (request, response);
    }
    // Outside the lock: the closure may use the model, and may panic.
    let response =
        responder.map(|responder| catch_unwind(AssertUnwindSafe(|| responder(&request))));
    let why = match response {
        Some(Ok(Some(response))) => return (request, response),
        None => "the queue is empty and respond_with is not set".to_owned(),
        Some(Ok(None)) => "the queue is empty and respond_with returned None".to_owned(),
        Some(Err(panic)) => format!("respond_with panicked: {}", panic_message(&*panic)),
    };
    state.change(|state| state.requests_without_response.push(request.clone()));
    // Enough of the text to recognize the turn.
    let text: String = request
        .last_user_text()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    // Only for a 400 does Codex report the whole body as the turn's error.
    let message = format!(
        "codex-testing: no response for request {} (thread {}, user text {text:?}): {why}",
        request.number(),
        request.thread_id().unwrap_or("unknown"),
    );
    (request, ModelResponse::http_error(400, message))
}

/// Turns a scripted response into an HTTP response, once its gates are open and its delay is over.
async fn play(response: ModelResponse, request: u64) -> HttpResponse {
    let ModelResponse {
        kind,
        headers,
        delay,
        gates,
    } = response;
    for gate in gates {
        gate.pass().await;
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut response = match kind {
        ResponseKind::Stream(script) => {
            let mut response = Response::new(Either::Right(EventBody::new(script, request)));
            let kind = HeaderValue::from_static("text/event-stream");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        ResponseKind::Http { status, body } => match StatusCode::from_u16(status) {
            Ok(status) => text(status, body),
            Err(_) => text(
                StatusCode::BAD_REQUEST,
                format!("codex-testing: the scripted HTTP status {status} is invalid"),
            ),
        },
    };
    for (name, value) in headers {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => drop(response.headers_mut().insert(name, value)),
            _ => {
                let why = format!("codex-testing: {name:?}: {value:?} is not an HTTP header");
                return text(StatusCode::BAD_REQUEST, why);
            }
        }
    }
    response
}

/// Returns the list of models in the format of the public API.
fn models() -> HttpResponse {
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

/// Records and rejects a request that does not ask for a response.
fn stray(
    state: &Monitor<ModelState>,
    parts: Parts,
    status: StatusCode,
    body: String,
) -> HttpResponse {
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

fn text(status: StatusCode, body: String) -> HttpResponse {
    let mut response = Response::new(Either::Left(Full::from(body)));
    *response.status_mut() = status;
    response
}

/// Returns the message of a panic, if its payload is a string.
fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
