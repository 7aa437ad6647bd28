//! The objects that Helm prints, and where the API server keeps each.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The documents of a stream of YAML, empty ones left out.
pub fn read(yaml: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).context("what Helm prints is no YAML")?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// A text of an object.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The objects of a kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| text(object, "/kind") == kind)
}

/// The one object of a kind.
pub fn only<'a>(objects: &'a [Value], kind: &'a str) -> Result<&'a Value> {
    let mut all = of_kind(objects, kind);
    match (all.next(), all.next()) {
        (Some(object), None) => Ok(object),
        _ => bail!("not exactly one {kind}"),
    }
}

/// The path of the collection that an object belongs to.
pub fn collection(object: &Value) -> Result<String> {
    let kind = text(object, "/kind");
    let plural = match kind {
        "NetworkPolicy" => "networkpolicies".to_owned(),
        _ => format!("{}s", kind.to_lowercase()),
    };
    let version = text(object, "/apiVersion");
    let root = if version.contains('/') { "apis" } else { "api" };
    let namespace = text(object, "/metadata/namespace");
    if kind.starts_with("Cluster") {
        return Ok(format!("/{root}/{version}/{plural}"));
    }
    if namespace.is_empty() {
        bail!("{kind} {} names no namespace", text(object, "/metadata/name"));
    }
    Ok(format!("/{root}/{version}/namespaces/{namespace}/{plural}"))
}

/// One right that a role gives: namespace (empty for all), group, resource, verb.
pub type Right = (String, String, String, String);

/// All that the roles among the objects give.
pub fn rights(objects: &[Value]) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for role in objects.iter().filter(|object| matches!(text(object, "/kind"), "Role" | "ClusterRole")) {
        let namespace = text(role, "/metadata/namespace");
        for rule in role.get("rules").and_then(Value::as_array).into_iter().flatten() {
            for (group, resource, verb) in of_rule(rule) {
                rights.insert((namespace.to_owned(), group, resource, verb));
            }
        }
    }
    rights
}

fn of_rule(rule: &Value) -> Vec<(String, String, String)> {
    let words = |field: &str| -> Vec<String> {
        let words = rule.get(field).and_then(Value::as_array).into_iter().flatten();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut all = Vec::new();
    for group in words("apiGroups") {
        for resource in words("resources") {
            all.extend(words("verbs").into_iter().map(|verb| (group.clone(), resource.clone(), verb)));
        }
    }
    all
}
