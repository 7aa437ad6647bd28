//! The image: made from the Dockerfile by buildah, without a registry and without an engine, unpacked, and started in a plain chroot as
//! users who are not root. It serves the demo there.
//!
//! `cargo test --test image` runs it as root, after `make e2e` has built the static binary; plain `cargo test` does not. The stage
//! `build` of the Dockerfile needs a registry and is not run here: what it hands over is built by cargo alone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

#[allow(dead_code, reason = "not every command needs input here")]
#[path = "../cluster/process.rs"]
mod process;

use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::process::{Daemon, eventually, output};

/// How long buildah may take for anything.
const LIMIT: Duration = Duration::from_mins(2);
/// How long the program may take to serve.
const SOON: Duration = Duration::from_mins(1);
const NAME: &str = "gim-upgrade-exporter:test";
/// The certificate authorities of the system, which the image takes over.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// The image's own user, and one as OpenShift gives them, in group 0.
const USERS: [&str; 2] = ["65532:65532", "1000680000:0"];

/// Where images are kept: a folder of this test alone, gone with it.
struct Storage(PathBuf);

impl Storage {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("image-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn buildah(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("buildah");
        command.arg("--root").arg(self.0.join("root")).arg("--runroot").arg(self.0.join("run"));
        // Folders, and no file system that the kernel would have to have.
        command.args(["--storage-driver", "vfs"]).args(arguments);
        let done = output(&mut command, LIMIT).unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "buildah {}: {said}", arguments.join(" "));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn it_serves_the_demo_as_any_user() {
    let storage = Storage::new();
    let target = std::env::var("IMAGE_TARGET").unwrap_or_else(|_| format!("{ARCH}-unknown-linux-musl"));
    let binary = project(&format!("target/{target}/image-test/gim-upgrade-exporter"));
    assert!(binary.is_file(), "{} is not there: run `make e2e`", binary.display());
    let context = storage.0.join("context");
    fs::create_dir(&context).unwrap();
    fs::copy(&binary, context.join("gim-upgrade-exporter")).unwrap();
    fs::copy(AUTHORITIES, context.join("ca-certificates.crt")).unwrap();
    fs::copy(project("LICENSE"), context.join("LICENSE")).unwrap();
    let file = project("deploy/Dockerfile");
    let (file, folder) = (file.to_str().unwrap(), context.to_str().unwrap());
    let build = ["bud", "--isolation", "chroot", "--file", file, "--target", "prebuilt", "--tag", NAME];
    storage.buildah(&[&build[..], &["--build-arg", "REVISION=abc", folder]].concat());

    let config: Value = serde_json::from_str(&storage.buildah(&["inspect", "--type", "image", NAME])).unwrap();
    let config = &config["OCIv1"]["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], serde_json::json!(["/gim-upgrade-exporter"]));
    assert!(config["ExposedPorts"]["9845/tcp"].is_object(), "{config}");
    let label = |name: &str| config["Labels"][format!("org.opencontainers.image.{name}")].as_str().unwrap_or_default();
    assert_eq!(label("version"), env!("CARGO_PKG_VERSION"), "ARG VERSION of the Dockerfile");
    assert_eq!((label("revision"), label("licenses"), label("title")), ("abc", "Apache-2.0", "gim-upgrade-exporter"));

    let container = storage.buildah(&["from", NAME]);
    let root = PathBuf::from(storage.buildah(&["mount", &container]));
    let authorities = fs::read_to_string(root.join(AUTHORITIES.trim_start_matches('/'))).unwrap();
    assert!(authorities.matches("BEGIN CERTIFICATE").count() > 50);
    nothing_is_for_others_to_write(&root);
    for user in USERS {
        serves(&storage, &root, user);
    }
    storage.buildah(&["umount", &container]);
}

/// What is not root's, or open to others' writing, would make a read-only file system matter.
fn nothing_is_for_others_to_write(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let mode = metadata.permissions().mode();
        assert!(metadata.uid() == 0 && mode & 0o022 == 0, "{}: {mode:o} of {}", path.display(), metadata.uid());
        if metadata.is_dir() {
            nothing_is_for_others_to_write(&path);
        }
    }
}

/// Started as this user, with nothing but the image around it, it serves its pages.
fn serves(storage: &Storage, root: &Path, user: &str) {
    let (uid, gid) = user.split_once(':').unwrap();
    let log = storage.0.join(format!("{uid}.log"));
    let arguments = [
        &format!("--userspec={uid}:{gid}"),
        "--groups=",
        root.to_str().unwrap(),
        "/gim-upgrade-exporter",
        "demo",
        "--web.listen-address=127.0.0.1:0",
    ]
    .map(str::to_owned);
    let mut daemon = Daemon::start("demo", Path::new("chroot"), &arguments, &log, false).unwrap();
    let mut address = None;
    eventually("the demo tells its address", SOON, || {
        daemon.check()?;
        address = daemon.log().split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).map(str::to_owned);
        Ok(address.is_some())
    })
    .unwrap();
    let address = address.unwrap();
    let address = address.trim_end_matches('/');
    let get = |path: &str| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "10"]);
        output(curl.arg(format!("{address}{path}")), LIMIT).unwrap()
    };
    eventually("it is ready", SOON, || Ok(get("/readyz").status.success())).unwrap();
    assert!(String::from_utf8_lossy(&get("/").stdout).contains("<html"), "the page");
    let metrics = get("/metrics").stdout;
    let metrics = String::from_utf8_lossy(&metrics);
    assert!(metrics.contains("\ngim_upgrade_stage{suite=\"default\",component=\"gim\""), "{metrics}");
    daemon.kill().unwrap();
}

#[test]
fn the_context_has_all_that_is_compiled_in() {
    let kept = fs::read_to_string(project("deploy/Dockerfile.dockerignore")).unwrap();
    let mut folders = Vec::new();
    included(&project("src"), &mut folders);
    assert!(folders.iter().any(|folder| folder == "alerts"), "{folders:?}");
    for folder in folders {
        assert!(
            kept.lines().any(|line| line == format!("!{folder}")),
            "{folder} is included by src, and not in the context"
        );
    }
}

/// The folders outside `src` from which files are compiled in.
fn included(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            included(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for place in
                text.split("include_").skip(1).filter(|rest| rest.starts_with("str!(") || rest.starts_with("bytes!("))
            {
                let Some((_, rest)) = place.split_once("\"../../") else { continue };
                let rest = rest.trim_start_matches("../");
                into.extend(rest.split('/').next().map(str::to_owned));
            }
        }
    }
}
