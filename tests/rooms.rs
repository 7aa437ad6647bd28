//! Holds the code to the house: which room may use which, which rooms are pure, who reads clocks, and how files are kept.
//!
//! The table is ARCHITECTURE.md's. Code is read as tokens, so that comments and strings do not count; the checker itself is
//! tested on snippets that break each rule.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use, besides itself. `*` is any.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("exposition", &[]),
    ("supervise", &[]),
    ("sim", &[]),
    ("index", &["model"]),
    ("assess", &["model"]),
    ("config", &["model", "alerts"]),
    ("alerts", &["model", "assess"]),
    ("dashboards", &["model", "assess", "alerts"]),
    ("board", &["index", "assess", "model"]),
    ("net", &["model"]),
    ("observe", &["model", "index", "exposition", "net"]),
    ("publish", &["model", "assess", "exposition", "alerts"]),
    ("notify", &["alerts", "publish", "assess", "model", "net"]),
    ("server", &["publish", "model"]),
    ("cli", &["*"]),
];
/// Rooms without IO and without a clock.
const PURE: &[&str] = &["model", "index", "assess", "alerts", "dashboards", "exposition"];
/// What a pure room may not name.
const IMPURE: &[&str] =
    &["kube", "kube_client", "kube_core", "kube_runtime", "k8s_openapi", "hyper", "hyper_util", "reqwest", "tokio"];
/// Rooms that may read a clock: the first two as their work, the others since there is nobody to ask.
const MAY_READ_CLOCKS: &[&str] = &["board", "observe", "cli", "sim"];
const CLOCKS: &[&str] = &["Timestamp", "Zoned", "SystemTime", "Instant"];
/// Macros at the crate's root, and the room that each belongs to.
const MACROS: &[(&str, &str)] = &[("named", "model")];
/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["mod", "util", "utils", "common", "helper", "helpers", "manager", "misc"];
/// More lines than this are two ideas.
const MAX_LINES: usize = 500;

#[test]
fn the_house_is_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 20, "src/ was not found");
    let mut wrong = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        wrong.extend(complaints(&path, &fs::read_to_string(&file).unwrap()));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: BTreeSet<_> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let table: BTreeSet<_> = MAY_USE.iter().map(|(room, _)| *room).collect();
    assert_eq!(declared, table);
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Everything that is wrong with one file; `path` is relative to `src/`.
fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = path.trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
    if EMPTY_NAMES.contains(&name) {
        wrong.push(format!("the name {name} says nothing of what is inside"));
    }
    // What a file of tests is for is plain.
    if !text.starts_with("//!") && name != "tests" {
        wrong.push("does not open with //! and what it is for".to_owned());
    }
    if text.lines().count() > MAX_LINES {
        wrong.push(format!("has more than {MAX_LINES} lines"));
    }
    // The roots of library and binary are no rooms: one names them all, the other calls one.
    if !["lib.rs", "main.rs"].contains(&path) {
        wrong.extend(uses(path, &tokens(text)));
    }
    wrong.into_iter().map(|what| format!("src/{path}: {what}")).collect()
}

fn uses(path: &str, tokens: &[String]) -> Vec<String> {
    let room = path.split(['/', '.']).next().unwrap_or_default();
    let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
        return vec![format!("the room {room} is not in the table")];
    };
    let mut wrong = Vec::new();
    let mut using = |other: &str| {
        let other = MACROS.iter().find(|(name, _)| *name == other).map_or(other, |(_, room)| room);
        if other != room && !may_use.contains(&other) && !may_use.contains(&"*") {
            wrong.push(format!("{room} may not use {other}"));
        }
    };
    let at = |index: usize| tokens.get(index).map_or("", String::as_str);
    // Inner modules, by the depth of braces at which each began: `super` counts from the innermost.
    let (mut depth, mut inner) = (0_usize, Vec::new());
    let file_depth = path.split('/').count();
    for (index, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inner.pop_if(|began| *began == depth);
            }
            "mod" if at(index + 2) == "{" => inner.push(depth),
            "crate" if at(index + 1) == "::" => heads(tokens, index + 2).into_iter().for_each(&mut using),
            "super" if index == 0 || at(index - 1) != "::" => {
                let chain = (0..tokens.len()).take_while(|step| at(index + 2 * step) == "super").count();
                if chain >= file_depth + inner.len() {
                    heads(tokens, index + 2 * chain).into_iter().for_each(&mut using);
                }
            }
            name if PURE.contains(&room) && IMPURE.contains(&name) => using(name),
            "now"
                if index > 1
                    && at(index - 1) == "::"
                    && CLOCKS.contains(&at(index - 2))
                    && !MAY_READ_CLOCKS.contains(&room) =>
            {
                using("a clock");
            }
            _ => {}
        }
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

/// The first names of a path that begins at `index`: one, or several in braces.
fn heads(tokens: &[String], index: usize) -> Vec<&str> {
    if tokens.get(index).is_none_or(|token| token != "{") {
        return tokens.get(index).map(String::as_str).into_iter().collect();
    }
    let (mut depth, mut heads) = (0_usize, Vec::new());
    for (before, token) in tokens.iter().skip(index).zip(tokens.iter().skip(index + 1)) {
        match before.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && (before == "{" || before == ",") && token != "}" {
            heads.push(token.as_str());
        }
    }
    heads
}

/// Names and punctuation of Rust code, `::` as one; comments, strings, characters and lifetimes are left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let until = |from: usize, end: &dyn Fn(usize) -> bool| (from..chars.len()).find(|&i| end(i)).unwrap_or(chars.len());
    let (mut tokens, mut index) = (Vec::new(), 0);
    while index < chars.len() {
        match (at(index), at(index + 1)) {
            ('/', '/') => index = until(index, &|i| at(i) == '\n'),
            ('/', '*') => index = until(index + 2, &|i| at(i) == '*' && at(i + 1) == '/') + 2,
            ('r', '"' | '#') if !(index > 0 && word(at(index - 1))) => {
                let hashes = until(index + 1, &|i| at(i) != '#') - index - 1;
                let closes = |i: usize| at(i) == '"' && (1..=hashes).all(|hash| at(i + hash) == '#');
                index = until(index + hashes + 2, &closes) + hashes + 1;
            }
            ('"', _) => {
                index += 1;
                while index < chars.len() && at(index) != '"' {
                    index += if at(index) == '\\' { 2 } else { 1 };
                }
                index += 1;
            }
            // A character: quoted or escaped. A lifetime has no closing quote so near.
            ('\'', '\\') => index = until(index + 3, &|i| at(i) == '\'') + 1,
            ('\'', _) if at(index + 2) == '\'' => index += 3,
            ('\'', _) => index = until(index + 1, &|i| !word(at(i))),
            (':', ':') => {
                tokens.push("::".to_owned());
                index += 2;
            }
            (c, _) if word(c) => {
                let end = until(index, &|i| !word(at(i)));
                tokens.push(chars[index..end].iter().collect());
                index = end;
            }
            (c, _) => {
                if !c.is_whitespace() {
                    tokens.push(c.to_string());
                }
                index += 1;
            }
        }
    }
    tokens
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let rows: &[(&str, &str, &str)] = &[
        ("model/pod.rs", "use crate::board::Board;", "model may not use board"),
        ("index.rs", "use crate::{model::names::Name, observe::{Watch, model}};", "index may not use observe"),
        ("index.rs", "fn f() { let x = crate::sim::World::new(); }", "index may not use sim"),
        ("index/pods.rs", "use super::super::board::Board;", "index may not use board"),
        ("index.rs", "use super::board::Board;", "index may not use board"),
        ("index.rs", "mod tests { mod inner { } use super::super::board::Board; }", "index may not use board"),
        ("index/pods.rs", "use super::super::{model::names, board};", "index may not use board"),
        ("sim/helm.rs", "use crate::model::names::Name;", "sim may not use model"),
        ("sim/helm.rs", "use crate::named;", "sim may not use model"),
        ("server.rs", "use crate::exposition::Format;", "server may not use exposition"),
        ("supervise.rs", "use crate::cli;", "supervise may not use cli"),
        ("assess/trend.rs", "use tokio::time::sleep;", "assess may not use tokio"),
        ("model.rs", "fn f() -> kube::Result<()> {}", "model may not use kube"),
        ("assess.rs", "fn f() { jiff::Timestamp::now(); }", "assess may not use a clock"),
        ("publish/page.rs", "fn f() { std::time::Instant::now(); }", "publish may not use a clock"),
        ("server.rs", "fn f() { SystemTime::now(); }", "server may not use a clock"),
        ("attic.rs", "", "the room attic is not in the table"),
        ("model/utils.rs", "", "the name utils says nothing of what is inside"),
        ("model/mod.rs", "", "the name mod says nothing of what is inside"),
    ];
    for (path, code, what) in rows {
        assert_eq!(complaints(path, &format!("//! Essay.\n{code}\n")), [format!("src/{path}: {what}")], "{code}");
    }
    assert_eq!(complaints("model.rs", "use std::fmt;\n"), ["src/model.rs: does not open with //! and what it is for"]);
    let long = format!("//! Essay.\n{}", "\n".repeat(MAX_LINES));
    assert_eq!(complaints("model.rs", &long), ["src/model.rs: has more than 500 lines"]);
}

#[test]
fn the_checker_lets_right_code_pass() {
    let rows: &[(&str, &str)] = &[
        (
            "index/pods.rs",
            "use super::change::Change; use crate::index::X; use crate::model::names::Name; use crate::named;",
        ),
        ("index/pods.rs", "mod tests { use super::super::change::Change; fn f<'a>(x: &'a str) {} }"),
        (
            "index.rs",
            "// crate::board\n/* crate::board */ /// [`crate::board`]\nconst A: &str = \"crate::board \\\" tokio\";",
        ),
        (
            "index.rs",
            "const A: &str = r#\"crate::board \" tokio\"#; const B: char = '\"'; const C: char = '\\''; // tokio",
        ),
        ("board.rs", "fn f() { Timestamp::now(); }"),
        ("server.rs", "fn f() { tokio::spawn(async {}); }"),
        ("cli/serve.rs", "use crate::{board, observe, server};"),
        ("lib.rs", "pub use crate::board::Board;"),
    ];
    assert_eq!(complaints("model/tests.rs", "use super::*;\n"), [""; 0]);
    for (path, code) in rows {
        assert_eq!(complaints(path, &format!("//! Essay.\n{code}\n")), [""; 0], "{code}");
    }
}
