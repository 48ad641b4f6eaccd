//! Spans of a client, as an exporter of OpenTelemetry receives them.

use std::sync::{Arc, Mutex};

use codex_client::Codex;
use codex_testing::{FakeAppServer, Turn};
use codex_tests::collector::subscribe;
use opentelemetry::trace::{SpanId, SpanKind, TracerProvider};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt};

const PROMPT: &str = "a prompt that is not exported";

/// Keeps the spans.
#[derive(Clone, Debug, Default)]
struct Exporter(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exporter {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(spans);
        Ok(())
    }
}

/// Returns the value of an attribute.
fn attribute(span: &SpanData, name: &str) -> String {
    let mut attributes = span.attributes.iter();
    let attribute = attributes.find(|attribute| attribute.key.as_str() == name);
    attribute.map_or_else(String::new, |it| it.value.to_string())
}

#[tokio::test]
async fn a_turn_is_a_trace_with_names_kinds_durations_and_outcomes() {
    let exporter = Exporter::default();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("my-program"));
    let subscriber = tracing_subscriber::registry()
        .with(EnvFilter::new("codex_client=debug"))
        .with(layer);
    let guard = subscribe(subscriber);
    let server = FakeAppServer::start().unwrap();
    server.push_turn(Turn::new().command_approval("ls").then_text(PROMPT));
    let (reader, writer) = server.connect();
    let codex = Codex::builder().connect(reader, writer).await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    thread.run(PROMPT).await.unwrap();
    drop(thread);
    codex.close().await.unwrap();
    drop(guard);
    provider.shutdown().unwrap();

    let spans = exporter.0.lock().unwrap();
    let span = |name: &str| {
        let mut spans = spans.iter();
        let span = spans.find(|span| span.name == name);
        span.unwrap_or_else(|| panic!("no span `{name}`: {spans:?}"))
    };
    let connection = span("codex.connection");
    assert_eq!(connection.parent_span_id, SpanId::INVALID);
    for (name, kind, outcome) in [
        ("codex.turn", SpanKind::Client, "completed"),
        (
            "item/commandExecution/requestApproval",
            SpanKind::Server,
            "declined",
        ),
    ] {
        let span = span(name);
        assert_eq!(span.span_kind, kind, "{span:?}");
        assert_eq!(attribute(span, "codex.outcome"), outcome);
        assert_eq!(span.parent_span_id, connection.span_context.span_id());
    }
    // A request is a child of the span in which the program calls.
    let request = span("turn/start");
    assert_eq!(request.parent_span_id, SpanId::INVALID);
    assert_eq!(attribute(request, "codex.outcome"), "ok");
    for span in [connection, request, span("codex.turn")] {
        assert!(!attribute(span, "codex.duration_ms").is_empty(), "{span:?}");
        assert!(span.end_time >= span.start_time);
    }
    assert!(!format!("{spans:?}").contains(PROMPT));
}
