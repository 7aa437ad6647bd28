//! The questions that a database is asked, one after the other.
//!
//! Existence comes from the catalogue itself and not from `information_schema`, which hides what a user may not read: a table
//! without a grant would look as if the migration had not made it.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::connection::{Connection, spell};
use crate::model::database::{DatabaseReading, ObjectState, SchemaExpectation, SchemaObject, Transform};
use crate::model::names::Name;
use crate::model::sql_name::{parts, quote};
use crate::model::time::from_unix_seconds;
use crate::observe::hearing::ServerClock;

/// A reading, and what could not be told of single objects.
pub type Read = (DatabaseReading, Vec<String>);

/// Where a table or view of this name is: in the schema `$2`, else where the connection looks for it, which first comes
/// first; where `$3` is not null, whether it has that column; and whether it holds rows itself, as a view does not.
const FIND: &str = "select n.nspname::text, exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid \
    and a.attname = $3 and a.attnum > 0 and not a.attisdropped), pg_catalog.pg_table_is_visible(c.oid), \
    c.relkind in ('r', 'p', 'm') \
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where c.relname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and ($2::text is null or n.nspname = $2) \
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
    order by 3 desc, 1 limit 2";
/// Whether an index is being built here: the migration builds some, which may take most of its time.
const BUILDING_INDEX: &str =
    "select exists (select from pg_catalog.pg_stat_progress_create_index where datname = current_database())";
/// The table of transformations, by its public name.
const TRANSFORMS: &str = "ctl_transform_history";

/// After this time of one read no further table is looked into: a value that is in none of a large table's rows is looked
/// for until the statement's own timeout, and several such columns may not cost the rest of the reading.
const LOOKING_TIME: Duration = Duration::from_secs(30);

/// Asks everything. An error is one of the connection; what concerns one object is told beside the reading.
pub async fn ask(
    connection: &Connection,
    expected: &SchemaExpectation,
    suite: &Name,
    clock: &ServerClock,
) -> Result<Read, tokio_postgres::Error> {
    let mut troubles = Vec::new();
    let deadline = Instant::now() + LOOKING_TIME;
    let objects = objects(connection, &expected.objects, deadline, &mut troubles).await?;
    let mut export_views = Vec::with_capacity(expected.export_views.len());
    for view in &expected.export_views {
        let there = match find(connection, view).await {
            Ok(Found::Here { column, .. }) => column,
            Ok(Found::Nowhere) => false,
            // Left out, it is not known.
            Ok(Found::Elsewhere) => continue,
            Err(error) => {
                trouble(error, view, &mut troubles)?;
                continue;
            }
        };
        export_views.push((view.clone(), there));
    }
    let building_index = match connection.ask(BUILDING_INDEX, &[]).await {
        Ok(rows) => rows.first().map_or(Ok(false), |row| row.try_get(0))?,
        Err(error) if error.as_db_error().is_some() => {
            troubles.push(format!("progress of indexes: {}", spell(&error)));
            false
        }
        Err(error) => return Err(error),
    };
    let transform = match newest_transform(connection).await {
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

/// How the objects are found. All are looked for first, which is quick, and looked into while there is time.
async fn objects(
    connection: &Connection,
    expected: &[SchemaObject],
    deadline: Instant,
    troubles: &mut Vec<String>,
) -> Result<Vec<(SchemaObject, ObjectState)>, tokio_postgres::Error> {
    let mut places = Vec::with_capacity(expected.len());
    for object in expected {
        let place = match find(connection, object).await {
            Ok(place) => place,
            Err(error) => {
                trouble(error, object, troubles)?;
                Found::Elsewhere
            }
        };
        places.push((object, place));
    }
    let mut objects = Vec::with_capacity(expected.len());
    let mut late = 0_usize;
    for (object, place) in places {
        let state = match place {
            Found::Here { column: false, .. } | Found::Nowhere => ObjectState::Missing,
            Found::Elsewhere => ObjectState::Unknown,
            Found::Here { .. } if Instant::now() >= deadline => {
                late += 1;
                ObjectState::Unknown
            }
            Found::Here { schema, name, stored, .. } => match look_into(connection, object, &schema, &name).await {
                Ok(state) => state,
                // Synchronized scans, which large tables have, go on the next time where this one was cancelled.
                Err(error) if stored && object.column.is_some() && is_cancelled(&error) => ObjectState::Empty,
                Err(error) => {
                    trouble(error, object, troubles)?;
                    ObjectState::Unknown
                }
            },
        };
        objects.push((object.clone(), state));
    }
    if late > 0 {
        troubles.push(format!("{late} tables and columns were not looked into for lack of time"));
    }
    Ok(objects)
}

/// Tells of an error about one object, of which nothing is known then, unless the connection itself is gone.
fn trouble(
    error: tokio_postgres::Error,
    object: &SchemaObject,
    troubles: &mut Vec<String>,
) -> Result<(), tokio_postgres::Error> {
    if !is_of_statement(&error) {
        return Err(error);
    }
    let column = object.column.as_deref().map(|column| format!(".{column}")).unwrap_or_default();
    troubles.push(format!("{}{column}: {}", object.table, spell(&error)));
    Ok(())
}

/// Whether an error is the server's word about one statement. A server that is shut down says so in the same way.
fn is_of_statement(error: &tokio_postgres::Error) -> bool {
    // Class 57 is the operator's intervention: of the server, but for a statement that takes too long.
    let of_server = error.code().is_none_or(|code| code.code().starts_with("57")) && !is_cancelled(error);
    error.as_db_error().is_some() && !of_server
}

/// Whether a statement was cancelled for taking too long.
fn is_cancelled(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
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
        /// Whether it holds rows itself.
        stored: bool,
    },
}

async fn find(connection: &Connection, object: &SchemaObject) -> Result<Found, tokio_postgres::Error> {
    let mut names = parts(&object.table).unwrap_or_default();
    let Some(name) = names.pop() else { return Ok(Found::Nowhere) };
    let schema = names.pop();
    let column = object.column.as_deref().and_then(parts).and_then(|mut parts| parts.pop());
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&name, Type::TEXT), (&schema, Type::TEXT), (&column, Type::TEXT)];
    let rows = connection.ask(FIND, &parameters).await?;
    let Some(first) = rows.first() else { return Ok(Found::Nowhere) };
    if schema.is_none() && !first.try_get::<_, bool>(2)? {
        return Ok(Found::Elsewhere);
    }
    let has_column = object.column.is_none() || first.try_get(1)?;
    Ok(Found::Here { schema: first.try_get(0)?, name, column: has_column, stored: first.try_get(3)? })
}

/// Looks for one row, or one value of the column.
async fn look_into(
    connection: &Connection,
    object: &SchemaObject,
    schema: &str,
    name: &str,
) -> Result<ObjectState, tokio_postgres::Error> {
    let column = object.column.as_deref().and_then(parts).and_then(|mut parts| parts.pop());
    let filter = column.map(|column| format!(" where {} is not null", quote(&column))).unwrap_or_default();
    let statement = format!("select 1 from {}.{}{filter} limit 1", quote(schema), quote(name));
    let rows = connection.ask(&statement, &[]).await?;
    Ok(if rows.is_empty() { ObjectState::Empty } else { ObjectState::Populated })
}

/// The newest row of the table of transformations; `None` where there is no such table, or no row.
async fn newest_transform(connection: &Connection) -> Result<Option<Transform>, tokio_postgres::Error> {
    let table = SchemaObject { table: TRANSFORMS.into(), column: None };
    let Found::Here { schema, name, .. } = find(connection, &table).await? else { return Ok(None) };
    let table = format!("{}.{}", quote(&schema), quote(&name));
    let statement = format!(
        "select extract(epoch from transform_start_time)::float8, extract(epoch from transform_end_time)::float8, \
         row_count::int8 from {table} order by transform_start_time desc nulls last limit 1"
    );
    connection.ask(&statement, &[]).await?.first().map(transform).transpose()
}

fn transform(row: &Row) -> Result<Transform, tokio_postgres::Error> {
    let instant = |seconds: Option<f64>| seconds.and_then(from_unix_seconds);
    Ok(Transform { started: instant(row.try_get(0)?), ended: instant(row.try_get(1)?), rows: row.try_get(2)? })
}
