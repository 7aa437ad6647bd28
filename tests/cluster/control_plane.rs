//! A real Kubernetes control plane on loopback: etcd, API server, controller manager, scheduler, and kwok, which plays
//! the kubelet of one node as `stages.yaml` tells.
//!
//! Every port is free, every file lies in a folder of this run, and every process dies with this one. The API server
//! can be killed and started again on its port with the same etcd. What runs on the cluster is not decided here.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    api::{Api, kubeconfig},
    folders::{RunFolder, logs_folder, source_folder},
    keys,
    process::{eventually, free_port},
    service::Service,
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
    others: Vec<Service>,
    /// The controllers of workloads, to be killed and started again.
    pub manager: Service,
    api_server: Service,
    etcd: Service,
    api: Api,
    url: String,
    ca: String,
    folder: RunFolder,
}

impl ControlPlane {
    /// Starts everything and waits until pods can run. Logs go to `target/cluster/NAME.log`.
    pub fn start(runtime: Arc<Runtime>, tools: &Tools) -> Result<Self> {
        let logs = logs_folder();
        fs::create_dir_all(&logs)?;
        let folder = RunFolder::create(&logs)?;

        let (etcd, etcd_url) = etcd(tools, folder.path())?;
        etcd.start()?;
        let (api_server, port) = api_server(tools, folder.path(), &etcd_url)?;
        api_server.start()?;
        let url = format!("https://127.0.0.1:{port}");
        let certificate = folder.path().join("apiserver/apiserver.crt");
        eventually("the API server's certificate", START_LIMIT, || {
            api_server.check()?;
            Ok(certificate.is_file())
        })?;
        let ca = fs::read_to_string(&certificate)?;
        let api = Api::new(runtime, &url, &ca, TOKEN)?;
        fs::write(admin_kubeconfig(folder.path()), kubeconfig(&url, &ca, TOKEN).to_string())?;

        let manager = manager(tools, folder.path())?;
        let others = vec![scheduler(tools, folder.path())?, kwok(tools, folder.path())?];
        let plane = Self { others, manager, api_server, etcd, api, url, ca, folder };
        plane.wait_for_api_server()?;
        plane.manager.start()?;
        plane.others.iter().try_for_each(Service::start)?;
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

    /// The API server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of the admin's kubeconfig.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        admin_kubeconfig(self.folder())
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
        self.api_server.kill()
    }

    /// Starts the API server again, on the same port and with the same etcd, and waits until it answers.
    pub fn start_api_server(&self) -> Result<()> {
        self.api_server.start()?;
        self.wait_for_api_server()
    }

    /// Fails when a process of the control plane has ended by itself.
    pub fn check(&self) -> Result<()> {
        [&self.etcd, &self.api_server, &self.manager].into_iter().chain(&self.others).try_for_each(Service::check)
    }

    fn wait_for_api_server(&self) -> Result<()> {
        eventually("the API server is ready", START_LIMIT, || {
            self.api_server.check()?;
            Ok(self.api.text("/readyz")? == "ok")
        })
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

fn admin_kubeconfig(folder: &Path) -> PathBuf {
    folder.join("admin.kubeconfig")
}

fn etcd(tools: &Tools, folder: &Path) -> Result<(Service, String)> {
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
    Ok((Service::new("etcd", tools, arguments)?, client))
}

fn api_server(tools: &Tools, folder: &Path, etcd_url: &str) -> Result<(Service, u16)> {
    keys::write(folder)?;
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
    Ok((Service::new("kube-apiserver", tools, arguments)?, port))
}

fn manager(tools: &Tools, folder: &Path) -> Result<Service> {
    let mut arguments = of_every_controller(folder)?;
    arguments.extend([
        format!("--controllers={CONTROLLERS}"),
        format!("--service-account-private-key-file={}", folder.join("service-account.key").display()),
        format!("--root-ca-file={}", folder.join("apiserver/apiserver.crt").display()),
        "--use-service-account-credentials=true".to_owned(),
    ]);
    Service::new("kube-controller-manager", tools, arguments)
}

fn scheduler(tools: &Tools, folder: &Path) -> Result<Service> {
    Service::new("kube-scheduler", tools, of_every_controller(folder)?)
}

fn of_every_controller(folder: &Path) -> Result<Vec<String>> {
    Ok(vec![
        format!("--kubeconfig={}", admin_kubeconfig(folder).display()),
        "--leader-elect=false".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", free_port()?),
        format!("--cert-dir={}", folder.join("controllers").display()),
        "--kube-api-qps=200".to_owned(),
        "--kube-api-burst=400".to_owned(),
    ])
}

fn kwok(tools: &Tools, folder: &Path) -> Result<Service> {
    let arguments = vec![
        format!("--kubeconfig={}", admin_kubeconfig(folder).display()),
        "--manage-all-nodes=true".to_owned(),
        "--node-lease-duration-seconds=40".to_owned(),
        format!("--cidr={}", pod_addresses()),
        "--node-ip=127.0.0.1".to_owned(),
        format!("--config={}", source_folder().join("stages.yaml").display()),
    ];
    Service::new("kwok", tools, arguments)
}

/// The pods' addresses: a part of the loopback range, so that a metrics page can listen on a pod's own address. Which part
/// follows from the process, so that two runs at once do not meet.
fn pod_addresses() -> String {
    format!("127.{}.0.0/16", 9 + std::process::id() % 200)
}
