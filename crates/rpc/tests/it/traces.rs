//! One trace over several services.

use std::sync::{Arc, Mutex};

use clair_rpc::Channel;
use clair_rpc::proto::notifier::v1::GetNotificationResponse;
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use opentelemetry::trace::{TraceContextExt as _, TraceId, TracerProvider as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Behaviour, ask, serve};

fn trace_id() -> TraceId {
    tracing::Span::current()
        .context()
        .span()
        .span_context()
        .trace_id()
}

#[tokio::test]
async fn a_call_is_part_of_the_trace_it_was_made_in() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let subscriber = tracing_subscriber::registry().with(layer);
    // The tests of this binary share the process; only this one cares for spans.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let seen = Arc::new(Mutex::new(TraceId::INVALID));
    let noted = seen.clone();
    let server = serve(Behaviour::default().on_get(move |_| {
        let noted = noted.clone();
        async move {
            *noted.lock().unwrap() = trace_id();
            Ok(GetNotificationResponse::default())
        }
    }))
    .await;
    let mut client: NotifierClient<Channel> = server.channel().client();
    let span = tracing::info_span!("request of a client");
    let expected = async {
        client.get_notification(ask("")).await.unwrap();
        trace_id()
    }
    .instrument(span)
    .await;
    assert_ne!(expected, TraceId::INVALID);
    assert_eq!(*seen.lock().unwrap(), expected);
}
