//! Tables of paths, `Accept` headers and queries, each with what a real server makes of it.

use super::*;

fn collection(kind: Kind, namespace: Option<&str>) -> Target {
    Target::Collection { kind, namespace: namespace.map(str::to_owned) }
}

#[test]
fn paths_are_those_of_the_api() {
    let secret = Target::Object {
        kind: Kind::Secrets,
        namespace: "gim".to_owned(),
        name: "sh.helm.release.v1.gim.v3".to_owned(),
    };
    let cases = [
        ("/version", Some(Target::Version)),
        ("/api/v1/pods", Some(collection(Kind::Pods, None))),
        ("/api/v1/namespaces/gim/pods", Some(collection(Kind::Pods, Some("gim")))),
        ("/apis/apps/v1/statefulsets", Some(collection(Kind::StatefulSets, None))),
        ("/apis/batch/v1/namespaces/gsp/jobs", Some(collection(Kind::Jobs, Some("gsp")))),
        ("/api/v1/namespaces/gim/secrets/sh.helm.release.v1.gim.v3", Some(secret)),
        ("/api/v1/pods/gim-0", None),
        ("/api/v1/namespaces/gim", None),
        ("/api/v1/services", None),
        ("/api/apps/v1/deployments", None),
        ("/apis/apps/v1beta1/deployments", None),
        ("/apis//v1/pods", None),
        ("/", None),
    ];
    for (path, expected) in cases {
        assert_eq!(Target::parse(path), expected, "{path}");
    }
}

#[test]
fn the_first_clause_that_can_be_served_is() {
    let list = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let object = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let table = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json";
    let cases = [
        ("", true, Some(Form::Whole)),
        ("*/*", true, Some(Form::Whole)),
        ("application/json", false, Some(Form::Whole)),
        (list, true, Some(Form::Metadata)),
        (list, false, None),
        (object, false, Some(Form::Metadata)),
        (object, true, None),
        (table, true, Some(Form::Whole)),
        ("application/vnd.kubernetes.protobuf,application/json", true, Some(Form::Whole)),
        ("text/html", true, None),
    ];
    for (accept, listed, expected) in cases {
        assert_eq!(form(accept, listed, Kind::Pods).ok(), expected, "{accept} listed {listed}");
    }
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let token = ContinueToken::new(5, "gim/a\0".to_owned()).encode();
    let cases = [
        ("limit=5&resourceVersion=7&resourceVersionMatch=Exact", None),
        ("limit=x", Some(400)),
        ("resourceVersion=-1", Some(400)),
        ("labelSelector=a%20b", Some(400)),
        ("continue=nonsense", Some(400)),
        ("continue=TOKEN", None),
        ("continue=TOKEN&resourceVersion=7", Some(400)),
        ("resourceVersionMatch=Exact", Some(422)),
        ("resourceVersion=0&resourceVersionMatch=Exact", Some(422)),
        ("resourceVersion=7&resourceVersionMatch=Newest", Some(422)),
        ("sendInitialEvents=true", Some(422)),
        ("watch=1&sendInitialEvents=true", Some(422)),
        ("watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", None),
        ("watch=1&resourceVersionMatch=NotOlderThan", Some(422)),
    ];
    for (query, expected) in cases {
        let refusal = Query::parse(Kind::Pods, &query.replace("TOKEN", &token), true).err();
        let code = refusal.map(|refusal| refusal.to_value()["code"].as_u64().unwrap());
        assert_eq!(code, expected, "{query}");
    }
    let streaming = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let message = Query::parse(Kind::Pods, streaming, false).unwrap_err().to_value()["message"].clone();
    assert_eq!(
        message,
        "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch \
         unless the WatchList feature gate is enabled"
    );
}

#[test]
fn a_watch_from_nowhere_begins_with_the_objects() {
    let cases = [
        ("watch=1", true, true),
        ("watch=true&resourceVersion=0", true, true),
        ("watch=1&resourceVersion=0", false, true),
        ("watch=1&resourceVersion=7", true, false),
        ("watch=1&resourceVersion=7&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", true, true),
        ("watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", true, false),
    ];
    for (query, streaming_lists, expected) in cases {
        let query_parsed = Query::parse(Kind::Pods, query, streaming_lists).unwrap();
        assert_eq!(query_parsed.begins_with_objects(), expected, "{query}");
    }
}
