//! The Info Mart database as far as it tells about a migration: which of the configured tables and columns exist, whether
//! they are being populated, and the newest transformation (upgrade guide, Rolling Update: Verify the upgrade).
//!
//! Not for whether the server answers at all: that is a `dependency`.

use super::names::Name;
use super::time::Timestamp;
use crate::named;

named! {
    /// How a table or column that the target's schema has is found.
    pub enum ObjectState {
        /// It does not exist.
        Missing = "missing",
        /// It exists, and no row, or no value, was found yet; in a large table not for as long as it may be looked for.
        Empty = "empty",
        /// It exists and is populated.
        Populated = "populated",
        /// That cannot be told: no permission, not in time, or it may be another schema's.
        Unknown = "unknown",
    }
}

/// A table, or one column of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaObject {
    /// The table, with its schema before a dot where that is not the connection's own.
    pub table: Name,
    /// The column; `None` for the table itself.
    pub column: Option<Name>,
}

impl SchemaObject {
    /// As SQL spells it: `table`, or `table.column`.
    #[must_use]
    pub fn spelled(&self) -> Name {
        self.column.as_ref().map_or_else(|| self.table.clone(), |column| format!("{}.{column}", self.table).into())
    }
}

/// What the schema is expected to be after the upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaExpectation {
    /// Label `schema_version` of `gim_server_state` at the target; `None` where it is not configured.
    pub version: Option<Name>,
    /// Tables and columns that the target has.
    pub objects: Vec<SchemaObject>,
    /// Export views and their columns that the target has, once they were updated.
    pub export_views: Vec<SchemaObject>,
}

/// Where the Info Mart database is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseAt {
    /// Its host.
    pub host: Name,
    /// Its port.
    pub port: u16,
    /// Name of the database.
    pub database: Name,
    /// The user, who needs to read nothing but what is asked.
    pub user: Name,
    /// The file that holds the password; read at each connection, so that it may be rotated.
    pub password_file: Option<Name>,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The certificate authority to trust, beside those that are built in.
    pub ca_file: Option<Name>,
}

/// The newest row of `CTL_TRANSFORM_HISTORY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform {
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Rows transformed.
    pub rows: Option<i64>,
}

/// One read of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseReading {
    /// For which suite.
    pub suite: Name,
    /// When it was read, by the API server's clock.
    pub at: Timestamp,
    /// The expected tables and columns, in the order of the expectation.
    pub objects: Vec<(SchemaObject, ObjectState)>,
    /// The expected export views and columns, and whether each exists; those of which that is not known are left out.
    pub export_views: Vec<(SchemaObject, bool)>,
    /// Whether an index is being built: the migration job, or another, is at work.
    pub building_index: bool,
    /// The newest transformation, where its table can be read.
    pub transform: Option<Transform>,
}
