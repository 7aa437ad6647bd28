//! A real Kubernetes control plane on loopback: etcd, API server, controller manager, scheduler, and kwok, which plays
//! the kubelet of one node as `stages.yaml` tells.
//!
//! Every port is free, every file lies in a folder of this run, and every process dies with this one. The API server
//! can be killed and started again on its port with the same etcd. What runs on the cluster is not decided here.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    api::{Api, kubeconfig},
    process::{Daemon, eventually, free_port},
    tools::Tools,
};

/// How long each part may take to be ready; on two busy cores the API server takes about 8 s.
const START_LIMIT: Duration = Duration::from_mins(2);
/// The admin's bearer token. The server listens on loopback and dies with the test.
const TOKEN: &str = "cluster-admin-of-a-test";
/// The controllers that the stand-in charts need. The others would only take time from two cores.
const CONTROLLERS: &str = "statefulset-controller,deployment-controller,replicaset-controller,job-controller,\
    namespace-controller,serviceaccount-controller,serviceaccount-token-controller,garbage-collector-controller,\
    node-lifecycle-controller,root-ca-certificate-publisher-controller,endpointslice-controller";

/// The running control plane.
pub struct ControlPlane {
    // Dropped in this order: clients of the API server first, etcd last.
    others: Vec<Daemon>,
    api_server: Mutex<Option<Daemon>>,
    etcd: Daemon,
    launch: Launch,
    api: Api,
    url: String,
    ca: String,
    folder: RunFolder,
}

/// How the API server is started, kept to start it again.
struct Launch {
    binary: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
}

impl ControlPlane {
    /// Starts everything and waits until pods can run. Logs go to `target/cluster/NAME.log`.
    pub fn start(runtime: Arc<Runtime>, tools: &Tools) -> Result<Self> {
        let logs = logs_folder();
        fs::create_dir_all(&logs)?;
        let folder = RunFolder::create(&logs)?;

        let (etcd, etcd_url) = start_etcd(tools, folder.path(), &logs)?;
        let (launch, port) = api_server_launch(tools, folder.path(), &logs, &etcd_url)?;
        let mut api_server = launch.start(false)?;
        let url = format!("https://127.0.0.1:{port}");
        let certificate = folder.path().join("apiserver/apiserver.crt");
        eventually("the API server's certificate", START_LIMIT, || {
            api_server.check()?;
            Ok(certificate.is_file())
        })?;
        let ca = fs::read_to_string(&certificate)?;
        let api = Api::new(runtime, &url, &ca, TOKEN)?;
        fs::write(folder.path().join("admin.kubeconfig"), kubeconfig(&url, &ca, TOKEN).to_string())?;

        let mut plane =
            Self { others: Vec::new(), api_server: Mutex::new(Some(api_server)), etcd, launch, api, url, ca, folder };
        plane.wait_for_api_server()?;
        plane.start_controllers(tools, &logs)?;
        plane.create_node()?;
        Ok(plane)
    }

    /// A client with all rights.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The folder of this run, gone when the control plane is dropped.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of the admin's kubeconfig.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.folder().join("admin.kubeconfig")
    }

    /// Writes a kubeconfig with a token of a ServiceAccount and returns its path.
    pub fn kubeconfig_of(&self, namespace: &str, account: &str) -> Result<PathBuf> {
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "expirationSeconds": 7200 },
        });
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let answer = self.api.post(&path, &request)?;
        let token = answer.pointer("/status/token").and_then(|token| token.as_str()).context("no token")?;
        let file = self.folder().join(format!("{namespace}-{account}.kubeconfig"));
        fs::write(&file, kubeconfig(&self.url, &self.ca, token).to_string())?;
        Ok(file)
    }

    /// Kills the API server with SIGKILL, as a crash would.
    pub fn kill_api_server(&self) -> Result<()> {
        let mut api_server = self.api_server.lock().unwrap_or_else(PoisonError::into_inner);
        match api_server.take() {
            Some(mut daemon) => daemon.kill().map(drop),
            None => bail!("the API server does not run"),
        }
    }

    /// Starts the API server again, on the same port and with the same etcd, and waits until it answers.
    pub fn start_api_server(&self) -> Result<()> {
        *self.api_server.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.launch.start(true)?);
        self.wait_for_api_server()
    }

    /// Fails when a process of the control plane has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        self.etcd.check()?;
        if let Some(api_server) = self.api_server.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            api_server.check()?;
        }
        self.others.iter_mut().try_for_each(Daemon::check)
    }

    fn wait_for_api_server(&self) -> Result<()> {
        eventually("the API server is ready", START_LIMIT, || {
            if let Some(api_server) = self.api_server.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                api_server.check()?;
            }
            Ok(self.api.text("/readyz")? == "ok")
        })
    }

    fn start_controllers(&mut self, tools: &Tools, logs: &Path) -> Result<()> {
        let kubeconfig = format!("--kubeconfig={}", self.admin_kubeconfig().display());
        let key = self.folder().join("service-account.key");
        let ca = self.folder().join("apiserver/apiserver.crt");
        let certificates = self.folder().join("controllers");
        let common = |port: u16| -> Vec<String> {
            vec![
                kubeconfig.clone(),
                "--leader-elect=false".to_owned(),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={port}"),
                format!("--cert-dir={}", certificates.display()),
                "--kube-api-qps=200".to_owned(),
                "--kube-api-burst=400".to_owned(),
            ]
        };
        let mut manager = common(free_port()?);
        manager.extend([
            format!("--controllers={CONTROLLERS}"),
            format!("--service-account-private-key-file={}", key.display()),
            format!("--root-ca-file={}", ca.display()),
            "--use-service-account-credentials=true".to_owned(),
        ]);
        let kwok = vec![
            kubeconfig.clone(),
            "--manage-all-nodes=true".to_owned(),
            "--node-lease-duration-seconds=40".to_owned(),
            format!("--cidr={}", pod_addresses()),
            "--node-ip=127.0.0.1".to_owned(),
            format!("--config={}", source_folder().join("stages.yaml").display()),
        ];
        for (name, arguments) in
            [("kube-controller-manager", manager), ("kube-scheduler", common(free_port()?)), ("kwok", kwok)]
        {
            let log = logs.join(format!("{name}.log"));
            self.others.push(Daemon::start(name, &tools.path(name)?, &arguments, &log, false)?);
        }
        Ok(())
    }

    fn create_node(&self) -> Result<()> {
        let resources = json!({ "cpu": "64", "memory": "512Gi", "pods": "1000" });
        let node = json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": { "name": "node-a", "labels": { "kubernetes.io/hostname": "node-a" } },
            "status": { "allocatable": resources, "capacity": resources },
        });
        self.api.create("/api/v1/nodes", &node)?;
        eventually("the node is ready", START_LIMIT, || {
            let node = self.api.get("/api/v1/nodes/node-a")?;
            let conditions = node.pointer("/status/conditions").and_then(|conditions| conditions.as_array());
            let ready = conditions.into_iter().flatten().any(|condition| {
                let field = |name: &str| condition.get(name).and_then(|value| value.as_str());
                field("type") == Some("Ready") && field("status") == Some("True")
            });
            Ok(ready && node.pointer("/spec/taints").is_none())
        })
    }
}

impl Launch {
    fn start(&self, keep_log: bool) -> Result<Daemon> {
        Daemon::start("kube-apiserver", &self.binary, &self.arguments, &self.log, keep_log)
    }
}

fn start_etcd(tools: &Tools, folder: &Path, logs: &Path) -> Result<(Daemon, String)> {
    let client = format!("http://127.0.0.1:{}", free_port()?);
    let peer = format!("http://127.0.0.1:{}", free_port()?);
    let arguments = vec![
        "--name=test".to_owned(),
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=test={peer}"),
        // The data need not survive the machine: the disk is the slowest part otherwise.
        "--unsafe-no-fsync".to_owned(),
    ];
    let daemon = Daemon::start("etcd", &tools.path("etcd")?, &arguments, &logs.join("etcd.log"), false)?;
    Ok((daemon, client))
}

fn api_server_launch(tools: &Tools, folder: &Path, logs: &Path, etcd_url: &str) -> Result<(Launch, u16)> {
    write_service_account_keys(folder)?;
    let key = folder.join("service-account");
    let tokens = folder.join("tokens.csv");
    fs::write(&tokens, format!("{TOKEN},admin,admin,\"system:masters\"\n"))?;
    let port = free_port()?;
    let arguments = vec![
        format!("--etcd-servers={etcd_url}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--cert-dir={}", folder.join("apiserver").display()),
        "--authorization-mode=RBAC".to_owned(),
        format!("--token-auth-file={}", tokens.display()),
        format!("--service-account-key-file={}.pub", key.display()),
        format!("--service-account-signing-key-file={}.key", key.display()),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
    ];
    let launch = Launch { binary: tools.path("kube-apiserver")?, arguments, log: logs.join("kube-apiserver.log") };
    Ok((launch, port))
}

/// What a P-256 public key in DER begins with (RFC 5480); the 65 bytes of the point follow.
const P256_PUBLIC_KEY: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Writes a new pair of keys (PEM) that sign and check the tokens of service accounts: `service-account.key`, `….pub`.
fn write_service_account_keys(folder: &Path) -> Result<()> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let Ok(document) = EcdsaKeyPair::generate_pkcs8(algorithm, &random) else { bail!("no key could be made") };
    let Ok(pair) = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random) else { bail!("a key of no use") };
    let public = [&P256_PUBLIC_KEY[..], pair.public_key().as_ref()].concat();
    for (file, kind, der) in [("key", "PRIVATE", document.as_ref()), ("pub", "PUBLIC", public.as_slice())] {
        let pem = format!("-----BEGIN {kind} KEY-----\n{}\n-----END {kind} KEY-----\n", STANDARD.encode(der));
        fs::write(folder.join(format!("service-account.{file}")), pem)?;
    }
    Ok(())
}

/// The pods' addresses: a part of the loopback range, so that a metrics page can listen on a pod's own address. Which part
/// follows from the process, so that two runs at once do not meet.
fn pod_addresses() -> String {
    format!("127.{}.0.0/16", 9 + std::process::id() % 200)
}

/// Where this test's own files lie (charts, stages).
pub fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster")
}

/// `target/cluster`: logs that outlive the run, for whoever looks into a failure.
pub fn logs_folder() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp).join("cluster")
}

/// A folder of this run, removed at its end; those that killed runs left behind are removed at the next start.
struct RunFolder(PathBuf);

impl RunFolder {
    fn create(parent: &Path) -> Result<Self> {
        for entry in fs::read_dir(parent)?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.strip_prefix("run-")) else { continue };
            if !Path::new("/proc").join(pid).exists() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let folder = parent.join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cluster: {} is left behind: {error}", self.0.display());
        }
    }
}
