//! The questions that a database is asked, one after the other.
//!
//! Existence comes from the catalogue itself and not from `information_schema`, which hides what a user may not read: a table
//! without a grant would look as if the migration had not made it.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::connection::spell;
use crate::model::database::{DatabaseReading, ObjectState, SchemaExpectation, SchemaObject, Transform};
use crate::model::names::Name;
use crate::model::sql_name::{parts, quote};
use crate::model::time::from_unix_seconds;
use crate::observe::hearing::ServerClock;

/// A reading, and what could not be told of single objects.
pub type Read = (DatabaseReading, Vec<String>);

/// Where a table or view of this name is: in the schema `$2`, else where the connection looks for it, which first comes
/// first; and, where `$3` is not null, whether it has that column.
const FIND: &str = "select n.nspname::text, exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid \
    and a.attname = $3 and a.attnum > 0 and not a.attisdropped), pg_catalog.pg_table_is_visible(c.oid) \
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where c.relname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and ($2::text is null or n.nspname = $2) \
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
    order by 3 desc, 1 limit 2";
/// Whether an index is being built here: the migration builds some, which may take most of its time.
const BUILDING_INDEX: &str =
    "select exists (select from pg_catalog.pg_stat_progress_create_index where datname = current_database())";
/// The table of transformations, by its public name.
const TRANSFORMS: &str = "ctl_transform_history";

/// Asks everything. An error is one of the connection; what concerns one object is told beside the reading.
pub async fn ask(
    client: &Client,
    expected: &SchemaExpectation,
    suite: &Name,
    clock: &ServerClock,
) -> Result<Read, tokio_postgres::Error> {
    let mut troubles = Vec::new();
    let mut objects = Vec::with_capacity(expected.objects.len());
    for object in &expected.objects {
        let state = match state(client, object).await {
            Ok(state) => state,
            Err(error) => trouble(error, object, &mut troubles)?,
        };
        objects.push((object.clone(), state));
    }
    let mut export_views = Vec::with_capacity(expected.export_views.len());
    for view in &expected.export_views {
        let found = find(client, view).await?;
        export_views.push((view.clone(), matches!(found, Found::Here { column: true, .. })));
    }
    let building_index = match client.query_typed_one(BUILDING_INDEX, &[]).await {
        Ok(row) => row.try_get(0)?,
        Err(error) if error.as_db_error().is_some() => {
            troubles.push(format!("progress of indexes: {}", spell(&error)));
            false
        }
        Err(error) => return Err(error),
    };
    let transform = match newest_transform(client).await {
        Ok(transform) => transform,
        Err(error) if is_of_statement(&error) => {
            troubles.push(format!("{TRANSFORMS}: {}", spell(&error)));
            None
        }
        Err(error) => return Err(error),
    };
    let (suite, at) = (Name::clone(suite), clock.now());
    Ok((DatabaseReading { suite, at, objects, export_views, building_index, transform }, troubles))
}

/// What an error about one object means: nothing is known of it, unless the connection itself is gone.
fn trouble(
    error: tokio_postgres::Error,
    object: &SchemaObject,
    troubles: &mut Vec<String>,
) -> Result<ObjectState, tokio_postgres::Error> {
    if !is_of_statement(&error) {
        return Err(error);
    }
    let column = object.column.as_deref().map(|column| format!(".{column}")).unwrap_or_default();
    troubles.push(format!("{}{column}: {}", object.table, spell(&error)));
    Ok(ObjectState::Unknown)
}

/// Whether an error is the server's word about one statement. A server that is shut down says so in the same way.
fn is_of_statement(error: &tokio_postgres::Error) -> bool {
    let code = error.code().map(tokio_postgres::error::SqlState::code);
    // Cancelled for taking too long is of the statement, all else of its class is of the server.
    error.as_db_error().is_some() && code.is_some_and(|code| !code.starts_with("57") || code == "57014")
}

/// Where an object was found.
enum Found {
    Nowhere,
    /// In a schema that the connection does not look into; naming it would say which is meant.
    Elsewhere,
    Here {
        schema: String,
        name: String,
        /// Whether it has the column; true where none is asked for.
        column: bool,
    },
}

async fn find(client: &Client, object: &SchemaObject) -> Result<Found, tokio_postgres::Error> {
    let mut names = parts(&object.table).unwrap_or_default();
    let Some(name) = names.pop() else { return Ok(Found::Nowhere) };
    let schema = names.pop();
    let column = object.column.as_deref().and_then(parts).and_then(|mut parts| parts.pop());
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
        [(&name, Type::TEXT), (&schema, Type::TEXT), (&column, Type::TEXT)];
    let rows = client.query_typed(FIND, &parameters).await?;
    let Some(first) = rows.first() else { return Ok(Found::Nowhere) };
    if schema.is_none() && !first.try_get::<_, bool>(2)? {
        return Ok(Found::Elsewhere);
    }
    let has_column = object.column.is_none() || first.try_get(1)?;
    Ok(Found::Here { schema: first.try_get(0)?, name, column: has_column })
}

async fn state(client: &Client, object: &SchemaObject) -> Result<ObjectState, tokio_postgres::Error> {
    let (schema, name) = match find(client, object).await? {
        Found::Here { schema, name, column: true } => (schema, name),
        Found::Here { column: false, .. } | Found::Nowhere => return Ok(ObjectState::Missing),
        Found::Elsewhere => return Ok(ObjectState::Unknown),
    };
    let column = object.column.as_deref().and_then(parts).and_then(|mut parts| parts.pop());
    let filter = column.map(|column| format!(" where {} is not null", quote(&column))).unwrap_or_default();
    let statement = format!("select 1 from {}.{}{filter} limit 1", quote(&schema), quote(&name));
    let row = client.query_typed_opt(&statement, &[]).await?;
    Ok(if row.is_some() { ObjectState::Populated } else { ObjectState::Empty })
}

/// The newest row of the table of transformations; `None` where there is no such table, or no row.
async fn newest_transform(client: &Client) -> Result<Option<Transform>, tokio_postgres::Error> {
    let table = SchemaObject { table: TRANSFORMS.into(), column: None };
    let Found::Here { schema, name, .. } = find(client, &table).await? else { return Ok(None) };
    let table = format!("{}.{}", quote(&schema), quote(&name));
    let statement = format!(
        "select extract(epoch from transform_start_time)::float8, extract(epoch from transform_end_time)::float8, \
         row_count::int8 from {table} order by transform_start_time desc nulls last limit 1"
    );
    let row = client.query_typed_opt(&statement, &[]).await?;
    row.map(|row| transform(&row)).transpose()
}

fn transform(row: &Row) -> Result<Transform, tokio_postgres::Error> {
    let instant = |seconds: Option<f64>| seconds.and_then(from_unix_seconds);
    Ok(Transform { started: instant(row.try_get(0)?), ended: instant(row.try_get(1)?), rows: row.try_get(2)? })
}
