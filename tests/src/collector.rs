//! Collects spans and events, for tests.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tracing::{
    Dispatch, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::{DefaultGuard, NoSubscriber},
};
use tracing_subscriber::{
    Layer, Registry,
    filter::LevelFilter,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

/// A span that has ended, or an event.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The name of the span; empty for an event.
    pub name: &'static str,
    /// The level.
    pub level: Level,
    /// The name of the span around it.
    pub parent: Option<&'static str>,
    /// The values of its fields.
    pub fields: BTreeMap<&'static str, String>,
}

impl Seen {
    /// Returns the value of a field, or an empty text.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// The spans and events of the client on this thread, while this value exists.
pub struct Collector {
    seen: Arc<Mutex<Vec<Seen>>>,
    _guard: DefaultGuard,
}

/// Makes this the subscriber of the current thread.
#[must_use]
pub fn subscribe(subscriber: impl Subscriber + Send + Sync + 'static) -> DefaultGuard {
    // While there is a single subscriber, `tracing` asks that of the current thread about a new
    // span or event. A thread without one, of another test, would disable it for all threads.
    static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
    ANOTHER.get_or_init(|| Dispatch::new(NoSubscriber::default()));
    tracing::subscriber::set_default(subscriber)
}

impl Collector {
    /// Collects from now on, up to this level.
    #[must_use]
    pub fn start(level: LevelFilter) -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let layer = Collecting(Arc::clone(&seen)).with_filter(level);
        Self {
            seen,
            _guard: subscribe(Registry::default().with(layer)),
        }
    }

    /// Returns what was collected so far.
    pub fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the ended spans of this name.
    pub fn spans(&self, name: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| seen.name == name);
        seen
    }

    /// Returns the events with this text in their message.
    pub fn events(&self, message: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| seen.name.is_empty() && seen.field("message").contains(message));
        seen
    }
}

struct Collecting(Arc<Mutex<Vec<Seen>>>);

impl Collecting {
    fn add(&self, seen: Seen) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(seen);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collecting {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut seen = Seen {
            name: span.name(),
            level: *attributes.metadata().level(),
            parent: span.parent().map(|parent| parent.name()),
            fields: BTreeMap::new(),
        };
        attributes.record(&mut seen);
        span.extensions_mut().insert(seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(seen) = span.extensions_mut().get_mut::<Seen>() {
            values.record(seen);
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "codex_client" {
            return;
        }
        let mut seen = Seen {
            name: "",
            level: *event.metadata().level(),
            parent: context.lookup_current().map(|span| span.name()),
            fields: BTreeMap::new(),
        };
        event.record(&mut seen);
        self.add(seen);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        if let Some(seen) = span.extensions_mut().remove::<Seen>() {
            self.add(seen);
        }
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}
