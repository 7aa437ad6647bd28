//! The JSON of objects as lists, single answers and watch events carry them, whole or as metadata alone.

use super::super::store::{Kind, Object};
use super::body::Pieces;
use super::request::Form;

/// `kind` and `apiVersion` as members of a JSON object, in the order a real server writes them.
fn type_members(kind: Kind, form: Form, suffix: &str) -> String {
    let (name, version) = match form {
        Form::Whole => (kind.singular(), kind.api_version()),
        Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1"),
    };
    format!(r#""kind":"{name}{suffix}","apiVersion":"{version}""#)
}

/// One object that stands for itself.
pub(super) fn object(out: &mut Pieces, object: &Object, form: Form) {
    out.push("{");
    out.push(type_members(object.kind(), form, ""));
    out.push(",");
    members(out, object, form);
    out.push("}");
}

/// One object within a list: a whole one does not repeat its type there, a metadata one does.
pub(super) fn item(out: &mut Pieces, item: &Object, form: Form) {
    match form {
        Form::Metadata => object(out, item, form),
        Form::Whole => {
            out.push("{");
            members(out, item, form);
            out.push("}");
        }
    }
}

/// The head of a list, up to its items. `metadata` is the JSON of the list's metadata.
pub(super) fn list_head(out: &mut Pieces, kind: Kind, form: Form, metadata: &str) {
    out.push(format!(r#"{{{},"metadata":{metadata},"items":["#, type_members(kind, form, "List")));
}

/// One line of a watch.
pub(super) fn event(out: &mut Pieces, word: &str, changed: &Object, form: Form) {
    out.push(format!(r#"{{"type":"{word}","object":"#));
    object(out, changed, form);
    out.push("}\n");
}

/// A bookmark line; `initial_end` marks the one that ends the initial events.
pub(super) fn bookmark(out: &mut Pieces, kind: Kind, form: Form, revision: u64, initial_end: bool) {
    let annotations = if initial_end { r#","annotations":{"k8s.io/initial-events-end":"true"}"# } else { "" };
    let types = type_members(kind, form, "");
    out.push(format!(
        r#"{{"type":"BOOKMARK","object":{{{types},"metadata":{{"resourceVersion":"{revision}"{annotations}}}}}}}"#
    ));
    out.push("\n");
}

fn members(out: &mut Pieces, object: &Object, form: Form) {
    out.push(r#""metadata":"#);
    out.push_shared(object.metadata_json());
    if form == Form::Whole {
        for piece in object.rest_json() {
            out.push_shared(piece);
        }
    }
}
