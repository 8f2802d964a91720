//! The connection to NATS, which reconnects by itself.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::{self, Context, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::trouble::{NatsError, in_words};

/// How long to wait for an answer before a request is sent again or fails.
pub(crate) const REQUEST: Duration = Duration::from_secs(1);
/// The time between two pings. Two pings without an answer end the connection.
const PING: Duration = Duration::from_secs(2);

/// A connection to NATS. Clones share it.
///
/// It reconnects by itself, also to other members of the cluster that the server has named.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    jetstream: Context,
    url: Arc<str>,
    connected: watch::Receiver<bool>,
    /// When the connection came back last.
    reconnected: Arc<Mutex<Option<Instant>>>,
    /// How often it was lost.
    losses: Arc<AtomicU64>,
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.client.connection_state();
        f.debug_struct("Nats").field("url", &self.url).field("state", &state).finish()
    }
}

impl Nats {
    /// Connects to a server, or to one of several addresses separated by commas. NATS's own tools
    /// show the name.
    ///
    /// # Errors
    /// [`NatsError::Address`]; [`NatsError::Unreachable`] if no server answers within two seconds.
    ///
    /// # Cancel safety
    /// Nothing is left behind.
    pub async fn connect(url: &str, name: &str) -> Result<Self, NatsError> {
        let address = |one: &str| {
            one.trim()
                .parse::<ServerAddr>()
                .map_err(|why| NatsError::Address { url: one.trim().to_owned(), why: in_words(&why) })
        };
        let addresses = url.split(',').map(address).collect::<Result<Vec<_>, _>>()?;
        let (changes, connected) = watch::channel(true);
        let changes = Arc::new(changes);
        let reconnected: Arc<Mutex<Option<Instant>>> = Arc::default();
        let losses: Arc<AtomicU64> = Arc::default();
        let at: Arc<str> = url.into();
        let options = ConnectOptions::new()
            .name(name)
            .connection_timeout(Duration::from_secs(2))
            .request_timeout(Some(REQUEST))
            .ping_interval(PING)
            .reconnect_delay_callback(|tries| Duration::from_millis(100 * (tries as u64).min(10)))
            .event_callback({
                let (at, reconnected, losses) =
                    (Arc::clone(&at), Arc::clone(&reconnected), Arc::clone(&losses));
                move |event| {
                    match &event {
                        Event::Connected if changes.send_replace(true) => {}
                        Event::Connected => {
                            let mut at = reconnected.lock().unwrap_or_else(PoisonError::into_inner);
                            *at = Some(Instant::now());
                        }
                        Event::Disconnected | Event::Closed => {
                            losses.fetch_add(1, Ordering::AcqRel);
                            changes.send_replace(false);
                        }
                        _ => {}
                    }
                    match event {
                        Event::Connected => log::info!("connected to NATS at {at}"),
                        Event::Disconnected => log::warn!("the connection to NATS at {at} is lost"),
                        other => log::debug!("NATS at {at}: {other}"),
                    }
                    std::future::ready(())
                }
            });
        let client = options
            .connect(addresses)
            .await
            .map_err(|why| NatsError::Unreachable { url: url.to_owned(), why: in_words(&why) })?;
        let jetstream = ContextBuilder::new().timeout(REQUEST).build(client.clone());
        Ok(Self { client, jetstream, url: at, connected, reconnected, losses })
    }

    /// Returns the addresses given to [`connect`](Self::connect).
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether there is a connection. A server that stops without closing it still counts as
    /// connected for some seconds.
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Returns how many servers should keep a stream: 3 if the cluster has at least three servers, 1
    /// otherwise.
    pub fn replicas(&self) -> usize {
        // The servers that clients may connect to, this one included.
        if self.client.server_info().connect_urls.len() >= 3 { 3 } else { 1 }
    }

    /// Waits until there is a connection.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn connected(&self) {
        // An error means that the client has ended, which happens only with its last clone.
        _ = self.connected.clone().wait_for(|connected| *connected).await;
    }

    /// Returns whether the connection was lost and came back in the last time.
    pub(crate) fn has_reconnected_within(&self, time: Duration) -> bool {
        let reconnected = *self.reconnected.lock().unwrap_or_else(PoisonError::into_inner);
        reconnected.is_some_and(|at| at.elapsed() < time)
    }

    /// Returns how often the connection was lost.
    pub(crate) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Acquire)
    }

    /// Returns once the server has read all that was sent before, such as a subscription. A flush of
    /// the client only says that it was written.
    ///
    /// # Errors
    /// [`NatsError::Away`].
    pub(crate) async fn read_by_server(&self) -> Result<(), NatsError> {
        let inbox = self.client.new_inbox();
        let mut echo = self.client.subscribe(inbox.clone()).await.map_err(NatsError::away)?;
        self.client.publish(inbox, Bytes::new()).await.map_err(NatsError::away)?;
        match timeout(REQUEST, echo.next()).await {
            Ok(Some(_)) => Ok(()),
            _ => Err(NatsError::Away { why: "a subscription was not answered".to_owned() }),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn jetstream(&self) -> &Context {
        &self.jetstream
    }

    /// Returns a unique text, for the name of an instance or of a message.
    pub(crate) fn unique(&self) -> String {
        let inbox = self.client.new_inbox();
        inbox.rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// Opens a stream, and creates it if it is missing.
    pub(crate) async fn stream(
        &self,
        config: jetstream::stream::Config,
    ) -> Result<jetstream::stream::Stream, NatsError> {
        let name = config.name.clone();
        let stream = self.jetstream.get_or_create_stream(config).await;
        stream.map_err(|why| {
            use jetstream::ErrorCode;
            use jetstream::context::CreateStreamErrorKind as Kind;
            let code = match why.kind() {
                Kind::JetStream(error) => error.error_code(),
                Kind::JetStreamUnavailable => ErrorCode::JETSTREAM_NOT_ENABLED,
                _ => return NatsError::Stream { stream: name, why: in_words(&why) },
            };
            if [ErrorCode::JETSTREAM_NOT_ENABLED, ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT]
                .contains(&code)
            {
                return NatsError::NoJetStream { url: self.url.to_string() };
            }
            NatsError::Stream { stream: name, why: in_words(&why) }
        })
    }
}
