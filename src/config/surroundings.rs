//! The fields that say what stands around a suite: dependencies, the Info Mart database, backup, aggregation; and the
//! Prometheus that may answer for them. What each means, its default, and what they come to.

use std::time::Duration;

use super::error::Problem;
use super::fields::code;
use super::places::{Address, Column, DatabaseName, FilePath, Host, ObjectName, Query, Table, VersionText};
use super::reference::Row;
use super::span::{Span, spell};
use super::values::{Namespace, Port, Takes, Url};
use crate::model::database::{DatabaseAt, SchemaExpectation, SchemaObject};
use crate::model::dependency::{AggregationAt, AskAt, BackupAt};
use crate::model::names::Name;
use crate::model::scope::PrometheusAt;
use crate::model::suite::Surroundings;

/// The port of `PostgreSQL`.
const DATABASE_PORT: u16 = 5432;
/// How long an answer of Prometheus may take where nothing is said.
const QUERY_TIMEOUT: Duration = Duration::from_secs(10);
/// The most addresses of one dependency: each gets its share of the time.
const MAX_ADDRESSES: usize = 16;
/// The most tables, columns and views of one list: each is asked for.
const MAX_OBJECTS: usize = 256;

section! {
    /// What a suite cannot work without.
    DependenciesFields {
        /// Kafka: asked for its versions, which it tells before anybody authenticates.
        kafka: AskedAt = "";
        /// `PostgreSQL` as a server: the startup exchange is begun. Where `database` is configured, its host and port are asked by default.
        database: AskedAt = "";
        /// Object storage: any answer below HTTP 500 counts.
        object_storage: StorageAt = "";
        /// Certificate authorities to trust for these and for the aggregation, in PEM, beside the system's.
        ca_file: FilePath = "";
    }
}

section! {
    /// Where a server is asked.
    AskedAt {
        /// Its addresses; one that answers is enough.
        addresses: Vec<Address> = "";
        /// Whether TLS is spoken there.
        tls: bool = code("false");
        /// A query of `prometheus` instead: above 0 is up, 0 is down, no series is neither.
        query: Query = "";
    }
}

section! {
    /// Where object storage is asked.
    StorageAt {
        /// Its URL.
        url: Url = "";
        /// A query of `prometheus` instead: above 0 is up, 0 is down, no series is neither.
        query: Query = "";
    }
}

section! {
    /// The Info Mart database, as far as it tells about a migration. It is only read.
    DatabaseFields {
        /// Its host; required.
        host: Host = "";
        /// Its port.
        port: Port = code("5432");
        /// Name of the database; required.
        database: DatabaseName = "";
        /// The user, who needs to read the tables of `schema` and nothing else; required.
        user: DatabaseName = "";
        /// The file that holds the password; read at each connection.
        password_file: FilePath = "";
        /// Whether the connection is encrypted, and the server's certificate checked.
        tls: bool = code("true");
        /// Certificate authority to trust, in PEM, beside the system's.
        ca_file: FilePath = "";
    }
}

section! {
    /// What the Info Mart's schema is after the upgrade.
    SchemaFields {
        /// Label `schema_version` of `gim_server_state`.
        version: VersionText = "";
        /// Tables that exist and are being populated.
        tables: Vec<Table> = code("[]");
        /// Columns that exist and are being populated.
        columns: Vec<Column> = code("[]");
        /// Export views that exist.
        export_views: Vec<Table> = code("[]");
        /// Columns that export views have.
        export_columns: Vec<Column> = code("[]");
    }
}

section! {
    /// Where the backup of the Info Mart database is seen: one of a `CronJob`, a `Job` and a query.
    BackupFields {
        /// Namespace of the `CronJob` or `Job`.
        namespace: Namespace = "the namespace of gim";
        /// A `CronJob`, for its last success.
        cron_job: ObjectName = "";
        /// A `Job`, for its completion.
        job: ObjectName = "";
        /// A query of `prometheus` whose value is the Unix time of the last success.
        query: Query = "";
    }
}

section! {
    /// The aggregation (RAA) beside a suite.
    AggregationFields {
        /// URL of the page that has `gcxi_raa_health_level`.
        url: Url = "";
        /// A query of `prometheus` for the level instead.
        query: Query = "";
        /// The lowest level that is healthy; required.
        healthy_from: i64 = "";
    }
}

section! {
    /// A Prometheus that is asked where a field says so.
    PrometheusFields {
        /// Its URL, without `/api/v1`; required.
        url: Url = "";
        /// File with a bearer token; read at each query.
        bearer_token_file: FilePath = "";
        /// Certificate authority to trust, in PEM, beside the system's.
        ca_file: FilePath = "";
        /// How long an answer may take.
        timeout: Span = code(&spell(QUERY_TIMEOUT));
    }
}

/// The sections of one suite.
pub(super) struct Around {
    pub(super) dependencies: Option<DependenciesFields>,
    pub(super) database: Option<DatabaseFields>,
    pub(super) backup: Option<BackupFields>,
    pub(super) aggregation: Option<AggregationFields>,
}

impl Around {
    /// What they mean for the suite whose field is `suite` and whose GIM is in `namespace`.
    pub(super) fn resolve(self, suite: &str, namespace: &Name) -> Result<Surroundings, Problem> {
        let field = |name: &str| format!("{suite}.{name}");
        let info_mart = self.database.map(|database| database.resolve(&field("database"))).transpose()?;
        let dependencies = self.dependencies.unwrap_or_default();
        let at = |name: &str, asked: Option<AskedAt>| {
            asked.map(|asked| asked.resolve(&field(&format!("dependencies.{name}")))).transpose()
        };
        let database = at("database", dependencies.database)?;
        Ok(Surroundings {
            kafka: at("kafka", dependencies.kafka)?,
            // A server that wants TLS says so without it, and that is an answer.
            database: database.or_else(|| info_mart.as_ref().map(server)),
            object_storage: match dependencies.object_storage {
                Some(StorageAt { url, query }) => Some(one_of(&field("dependencies.object_storage"), url, query)?),
                None => None,
            },
            info_mart,
            backup: self.backup.map(|backup| backup.resolve(&field("backup"), namespace)).transpose()?,
            aggregation: self.aggregation.map(|fields| fields.resolve(&field("aggregation"))).transpose()?,
            ca_file: dependencies.ca_file.map(|file| file.0),
        })
    }
}

/// Where the server of a database is asked.
fn server(at: &DatabaseAt) -> AskAt {
    let host = if at.host.contains(':') { format!("[{}]", at.host) } else { at.host.to_string() };
    AskAt::Addresses { addresses: vec![format!("{host}:{}", at.port).into()], tls: false }
}

/// A URL or a query, and not both.
fn one_of(field: &str, url: Option<Url>, query: Option<Query>) -> Result<AskAt, Problem> {
    match (url, query) {
        (Some(url), None) => Ok(AskAt::Url(url.0)),
        (None, Some(query)) => Ok(AskAt::Query(query.0)),
        _ => Err(Problem::new(field, "neither a place nor one alone; write url, or query")),
    }
}

impl AskedAt {
    fn resolve(self, field: &str) -> Result<AskAt, Problem> {
        match (self.addresses.filter(|addresses| !addresses.is_empty()), self.query) {
            (Some(addresses), None) if addresses.len() <= MAX_ADDRESSES => Ok(AskAt::Addresses {
                addresses: addresses.into_iter().map(|address| address.0).collect(),
                tls: self.tls.unwrap_or(false),
            }),
            (Some(_), None) => Err(Problem::new(
                format!("{field}.addresses"),
                format!("more than {MAX_ADDRESSES} addresses; write a few that are enough to tell"),
            )),
            (None, Some(query)) => Ok(AskAt::Query(query.0)),
            _ => Err(Problem::new(field, "neither a place nor one alone; write addresses, or query")),
        }
    }
}

/// A value that must be there.
fn needed<T>(value: Option<T>, field: &str, name: &str) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::new(field, format!("{name} is missing; write it")))
}

impl DatabaseFields {
    fn resolve(self, field: &str) -> Result<DatabaseAt, Problem> {
        Ok(DatabaseAt {
            host: needed(self.host, field, "host")?.0,
            port: self.port.map_or(DATABASE_PORT, |port| port.0),
            database: needed(self.database, field, "database")?.0,
            user: needed(self.user, field, "user")?.0,
            password_file: self.password_file.map(|file| file.0),
            tls: self.tls.unwrap_or(true),
            ca_file: self.ca_file.map(|file| file.0),
        })
    }
}

impl SchemaFields {
    /// What they mean for the suite whose field is `suite`.
    pub(super) fn resolve(self, suite: &str) -> Result<SchemaExpectation, Problem> {
        let bounded = |name: &str, objects: Vec<SchemaObject>| {
            if objects.len() <= MAX_OBJECTS {
                return Ok(objects);
            }
            let what = format!("more than {MAX_OBJECTS}; write those that are new in the target");
            Err(Problem::new(format!("{suite}.schema.{name}"), what))
        };
        let tables = |list: Option<Vec<Table>>| list.into_iter().flatten().map(|table| table.0).collect();
        let columns = |list: Option<Vec<Column>>| list.into_iter().flatten().map(|column| column.0).collect();
        let mut objects = bounded("tables", tables(self.tables))?;
        objects.extend(bounded("columns", columns(self.columns))?);
        let mut export_views = bounded("export_views", tables(self.export_views))?;
        export_views.extend(bounded("export_columns", columns(self.export_columns))?);
        Ok(SchemaExpectation { version: self.version.map(|version| version.0), objects, export_views })
    }
}

impl BackupFields {
    fn resolve(self, field: &str, gim: &Name) -> Result<BackupAt, Problem> {
        let namespace = self.namespace.map_or_else(|| Name::clone(gim), |namespace| namespace.0);
        match (self.cron_job, self.job, self.query) {
            (Some(name), None, None) => Ok(BackupAt::CronJob { namespace, name: name.0 }),
            (None, Some(name), None) => Ok(BackupAt::Job { namespace, name: name.0 }),
            (None, None, Some(query)) => Ok(BackupAt::Query(query.0)),
            _ => Err(Problem::new(field, "neither a place nor one alone; write cron_job, job, or query")),
        }
    }
}

impl AggregationFields {
    fn resolve(self, field: &str) -> Result<AggregationAt, Problem> {
        let at = one_of(field, self.url, self.query)?;
        Ok(AggregationAt { at, healthy_from: needed(self.healthy_from, field, "healthy_from")? })
    }
}

impl PrometheusFields {
    /// What they mean.
    pub(super) fn resolve(self) -> Result<PrometheusAt, Problem> {
        Ok(PrometheusAt {
            url: needed(self.url, "prometheus", "url")?.0,
            bearer_token_file: self.bearer_token_file.map(|file| file.0),
            ca_file: self.ca_file.map(|file| file.0),
            timeout: Span::or(self.timeout, QUERY_TIMEOUT),
        })
    }
}
