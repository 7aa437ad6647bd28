//! README and docs/web.md hold what the program makes: flags, fields of both configuration files, exit codes, and a recording of `verify`.
//!
//! Where this fails because the program changed, run it with `UPDATE_README=1` and commit what it wrote.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use gim_upgrade_exporter::{cli, config};

#[test]
fn readme_has_what_the_program_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recording = fs::read_to_string(root.join("docs/verify.txt")).unwrap();
    let recording = format!("```\n{}\n```\n", recording.trim_end());
    let of_readme = vec![
        ("flags", cli::reference()),
        ("fields", config::reference()),
        ("exit-codes", cli::exit_codes()),
        ("recording", recording),
    ];
    for (file, references) in [("README.md", of_readme), ("docs/web.md", vec![("web", config::web::reference())])] {
        let path = root.join(file);
        let text = fs::read_to_string(&path).unwrap();
        let made = references.iter().fold(text.clone(), |text, (name, reference)| replaced(&text, name, reference));
        if std::env::var_os("UPDATE_README").is_some() {
            fs::write(&path, made).unwrap();
            continue;
        }
        assert_eq!(text, made, "{file} is behind the program; run UPDATE_README=1 cargo test --test readme");
    }
}

#[test]
fn what_is_between_the_markers_is_replaced_and_nothing_else() {
    let text = "a\n<!-- flags: begin; note -->\nold\n<!-- flags: end -->\nb\n";
    assert_eq!(replaced(text, "flags", "new\n"), "a\n<!-- flags: begin; note -->\n\nnew\n\n<!-- flags: end -->\nb\n");
}

/// The text with `reference` between the markers of this name.
fn replaced(text: &str, name: &str, reference: &str) -> String {
    let parts = text.split_once(&format!("<!-- {name}: begin")).and_then(|(before, rest)| {
        let (note, rest) = rest.split_once("-->\n")?;
        let (_, after) = rest.split_once(&format!("<!-- {name}: end -->"))?;
        Some((before, note, after))
    });
    let Some((before, note, after)) = parts else { panic!("no markers of {name}") };
    format!("{before}<!-- {name}: begin{note}-->\n\n{reference}\n<!-- {name}: end -->{after}")
}
