//! One connection to a database: made, secured, asked in a way that can change nothing, and given up when it breaks.

use thiserror::Error;
use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};

use super::tls::Encrypt;
use crate::model::database::DatabaseAt;
use crate::model::source::ErrorKind;
use crate::net::dial::{DialError, dial};
use crate::net::failure::shorten;
use crate::net::secret::{self, SecretError};
use crate::net::trust::Trust;

/// What every question begins with: it may only read, and may not hold the server for long. All of it ends with the question's
/// own transaction, because behind a connection pooler the next one may be another client's on the same session.
const GUARDS: &str = "begin read only; set local statement_timeout = '5s'; set local lock_timeout = '1s'; \
                      set local idle_in_transaction_session_timeout = '10s'";
/// What every question ends with, whether it was answered or refused: there is nothing to keep.
const END: &str = "rollback";
/// By this name administrators know the connection.
const APPLICATION: &str = "gim-upgrade-exporter";

/// Why a database cannot be read.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// No connection, or no trust in it.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The password cannot be read.
    #[error("password_file {0}")]
    Password(#[from] SecretError),
    /// Too slow.
    #[error("no answer in time")]
    Timeout,
    /// The server refuses, or the connection broke.
    #[error("{}", spell(.0))]
    Server(#[from] tokio_postgres::Error),
}

impl ConnectError {
    /// What kind of error it is, for counting.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Dial(error) => error.kind(),
            Self::Password(_) => ErrorKind::Other,
            Self::Timeout => ErrorKind::Timeout,
            // Class 28 is a refused authentication, 42501 a lacking privilege.
            Self::Server(error) => match error.code().map(SqlState::code) {
                Some(code) if code.starts_with("28") || code == "42501" => ErrorKind::Forbidden,
                Some(_) => ErrorKind::Status,
                None => ErrorKind::Connect,
            },
        }
    }
}

/// What a server says, in one line. It knows neither the password nor more of the data than what was asked for.
pub fn spell(error: &tokio_postgres::Error) -> String {
    let text = match error.as_db_error() {
        Some(said) => format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    };
    shorten(&text)
}

/// A connection. Dropping it closes it.
pub struct Connection {
    client: Client,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Connects, with TLS where it is asked for.
    pub async fn make(at: &DatabaseAt, trust: &Trust) -> Result<Self, ConnectError> {
        let mut config = Config::new();
        config.user(&*at.user).dbname(&*at.database).application_name(APPLICATION);
        if let Some(file) = &at.password_file {
            config.password(secret::read(file).await?.expose());
        }
        let bare = at.host.trim_start_matches('[').trim_end_matches(']');
        let address = if bare.contains(':') { format!("[{bare}]:{}", at.port) } else { format!("{bare}:{}", at.port) };
        let (client, driver) = if at.tls {
            let rustls = trust.config(at.ca_file.as_ref()).await.map_err(DialError::from)?;
            let tls = Encrypt { host: bare.to_owned(), config: rustls };
            let stream = dial(&address).await?;
            let (client, connection) = config.ssl_mode(SslMode::Require).connect_raw(stream, tls).await?;
            (client, tokio::spawn(drive(connection)).abort_handle())
        } else {
            let stream = dial(&address).await?;
            let (client, connection) = config.ssl_mode(SslMode::Disable).connect_raw(stream, NoTls).await?;
            (client, tokio::spawn(drive(connection)).abort_handle())
        };
        Ok(Self { client, driver })
    }

    /// Asks one question, in a transaction of its own that can change nothing.
    pub async fn ask(
        &self,
        question: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.client.batch_execute(GUARDS).await?;
        let answer = self.client.query_typed(question, parameters).await;
        let ended = self.client.batch_execute(END).await;
        // What the question came to says more than that it could not be ended.
        let rows = answer?;
        ended?;
        Ok(rows)
    }

    /// Whether it broke.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }
}

/// Moves the bytes until the connection ends; why it does is told to whoever waits for an answer.
async fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(error = %spell(&error), "a connection to a database ended");
    }
}
