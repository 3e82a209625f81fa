//! One trace from who asks for work to who does it.

use clair_bus::{IndexRequest, Priority};
use clair_testing::Nats;
use opentelemetry::trace::{TraceContextExt as _, TraceId, TracerProvider as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::sync::mpsc;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Replica, connect, next, quick, request};

fn trace_id() -> TraceId {
    let context = tracing::Span::current().context();
    context.span().span_context().trace_id()
}

#[tokio::test]
async fn work_is_part_of_the_trace_it_was_asked_for_in() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // The tests of this binary share the process; only this one cares for spans.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();

    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let replica = Replica::start(&queue, quick(1), move |_| {
        let sender = sender.clone();
        async move {
            sender.send(trace_id()).unwrap();
            Ok(())
        }
    });
    let asking = async {
        queue.push(&request(1), Priority::Normal).await.unwrap();
        trace_id()
    };
    let expected = asking
        .instrument(tracing::info_span!("request of a client"))
        .await;
    assert_ne!(expected, TraceId::INVALID);
    assert_eq!(next(&mut seen).await, expected);
    replica.stop().await;
}
