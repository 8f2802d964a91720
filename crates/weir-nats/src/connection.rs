//! The connection to NATS, which comes back by itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, Context, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use tokio::sync::watch;

use crate::trouble::{NatsError, in_words};

/// How long a request may take before it is sent again or given up.
pub(crate) const REQUEST: Duration = Duration::from_secs(1);
/// How often a silent connection is tested. Two tests without an answer end it.
const PING: Duration = Duration::from_secs(2);

/// A connection to NATS. Clones share it.
///
/// It reconnects by itself, also to other members of a cluster that the server names.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    jetstream: Context,
    url: Arc<str>,
    connected: watch::Receiver<bool>,
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.client.connection_state();
        f.debug_struct("Nats").field("url", &self.url).field("state", &state).finish()
    }
}

impl Nats {
    /// Connects to a server, or to one of several whose addresses are separated by commas. The name
    /// is shown by the server's own tools.
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
        let at: Arc<str> = url.into();
        let options = ConnectOptions::new()
            .name(name)
            .connection_timeout(Duration::from_secs(2))
            .request_timeout(Some(REQUEST))
            .ping_interval(PING)
            .reconnect_delay_callback(|tries| Duration::from_millis(100 * (tries as u64).min(10)))
            .event_callback({
                let at = Arc::clone(&at);
                move |event| {
                    match &event {
                        Event::Connected => _ = changes.send_replace(true),
                        Event::Disconnected | Event::Closed => _ = changes.send_replace(false),
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
        Ok(Self { client, jetstream, url: at, connected })
    }

    /// Returns the addresses that it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether there is a connection at present. A server that has stopped without a word
    /// counts as connected for some seconds.
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Returns how many servers should keep a stream: 3 if the server belongs to a cluster of at least
    /// three, and 1 otherwise.
    pub fn replicas(&self) -> usize {
        // The servers that clients may connect to, this one included.
        if self.client.server_info().connect_urls.len() >= 3 { 3 } else { 1 }
    }

    /// Waits until there is a connection.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn connected(&self) {
        // An error says that the client has ended, which it does with the last clone only.
        _ = self.connected.clone().wait_for(|connected| *connected).await;
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn jetstream(&self) -> &Context {
        &self.jetstream
    }

    /// Returns a text that occurs once: the name of an instance, or of a message.
    pub(crate) fn unique(&self) -> String {
        let inbox = self.client.new_inbox();
        inbox.rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// Opens a stream, or makes it.
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
