//! Each dashboard satisfies the types of `@grafana/schema`, as TypeScript reads them; and planted faults do not.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::grafana::{installed, node, sources};
use crate::made::made;

/// What is wrong once what it looks for is something else.
const FAULTS: [(&str, &str); 14] = [
    ("\"showHeader\"", "\"showHeaders\""),
    ("\"unit\":\"s\"", "\"unit\":\"seconds\""),
    ("\"type\":\"special\"", "\"type\":\"specials\""),
    ("\"match\":\"nan\"", "\"match\":\"NaN\""),
    ("\"mergeValues\"", "\"mergeValue\""),
    ("\"lineWidth\"", "\"lineWith\""),
    ("\"graphTooltip\":1", "\"graphTooltip\":7"),
    ("\"schemaVersion\"", "\"schemVersion\""),
    ("\"mode\":\"shades\"", "\"mode\":\"shade\""),
    ("\"gridPos\"", "\"gridpos\""),
    ("\"id\":\"merge\"", "\"id\":\"merged\""),
    ("\"type\":\"color-background\"", "\"type\":\"colour-background\""),
    ("\"iconColor\"", "\"iconColour\""),
    ("\"includeAll\"", "\"includeAl\""),
];

fn literal(json: &str) -> String {
    format!("import type {{ Dashboard }} from './satisfies';\nexport const dashboard = {json} satisfies Dashboard;\n")
}

#[test]
fn dashboards_satisfy_grafanas_types() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dashboards-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let link = folder.join("node_modules");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(installed().join("node_modules"), &link).unwrap();
    fs::copy(sources().join("satisfies.ts"), folder.join("satisfies.ts")).unwrap();
    let all = made();
    let mut files = Vec::new();
    for (name, json) in &all {
        fs::write(folder.join(format!("{name}.ts")), literal(&json.to_string())).unwrap();
        files.push(format!("{name}.ts"));
    }
    let upgrade = all[0].1.to_string();
    for (nth, (right, wrong)) in FAULTS.iter().enumerate() {
        assert!(upgrade.contains(right), "no dashboard has {right}");
        fs::write(folder.join(format!("fault-{nth}.ts")), literal(&upgrade.replacen(right, wrong, 1))).unwrap();
        files.push(format!("fault-{nth}.ts"));
    }
    let options = json!({
        "strict": true, "noEmit": true, "skipLibCheck": true, "pretty": false, "types": [],
        "module": "esnext", "moduleResolution": "bundler", "target": "es2022", "lib": ["es2022", "dom"],
    });
    let project = folder.join("tsconfig.json");
    fs::write(&project, json!({"compilerOptions": options, "files": files}).to_string()).unwrap();
    let tsc = installed().join("node_modules/typescript/bin/tsc");
    let (_, said) = node(&[&tsc, Path::new("--project"), &project], Vec::new());
    // Errors name the file first; what explains them is set in.
    let files_of = |line: &str| line.split('(').next().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    let errors: Vec<_> = said.lines().filter(|line| !line.starts_with(' ') && line.contains("error TS")).collect();
    let planted = |line: &&&str| files_of(line).is_some_and(|file| file.starts_with("fault-"));
    let real: Vec<_> = errors.iter().filter(|line| !planted(line)).collect();
    assert!(real.is_empty(), "{real:#?}");
    for (nth, (right, _)) in FAULTS.iter().enumerate() {
        let file = format!("fault-{nth}.ts");
        assert!(errors.iter().any(|line| files_of(line).as_deref() == Some(&*file)), "{right} may be anything: {said}");
    }
    fs::remove_dir_all(folder).unwrap();
}
