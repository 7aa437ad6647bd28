//! The web configuration as curl meets it: TLS, certificates of clients, passwords, headers, and all of it changed while the
//! exporter runs. `make e2e` runs it: it needs curl and openssl.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod certificates;
mod exporter;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;

use exporter::{Exporter, Folder, PATIENCE, eventually, refused, swap};

const PASSWORD: &str = "canary-open-sesame";
const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

/// A hash as `htpasswd` makes it, and as dear as our documentation shows it.
fn hash(password: &str) -> String {
    bcrypt::hash(password, 10).unwrap().replacen("$2b$", "$2y$", 1)
}

#[test]
fn both_versions_of_tls_are_spoken_and_older_ones_are_not() {
    let folder = Folder::new();
    let ca = folder.certificates.path("ca.crt");
    let exporter = Exporter::start(&folder, TLS, "");
    for (versions, version) in [(&["--tlsv1.2", "--tls-max", "1.2"][..], "TLSv1.2"), (&["--tlsv1.3"], "TLSv1.3")] {
        let answer = exporter.curl("https:///livez", &[versions, &["--cacert", &ca, "--verbose"]].concat());
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.error.contains(&format!("SSL connection using {version}")), "{}", answer.error);
        assert!(
            answer.error.contains("ALPN: server accepted http/1.1"),
            "HTTP/2 is offered and not taken: {}",
            answer.error
        );
    }
    let old = ["--cacert", &ca, "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"];
    assert_eq!(exporter.curl("https:///livez", &old).status, 0);
    assert_eq!(exporter.curl("https:///livez", &["--cacert", &folder.certificates.path("other-ca.crt")]).status, 0);
    // Large and small answers, and two requests on one connection.
    let first = format!("https://127.0.0.1:{}/livez", exporter.port);
    let both = exporter.curl("https:///metrics", &["--cacert", &ca, "--verbose", &first]);
    assert!(
        both.text.contains("\n\nok\n") && both.text.contains("gim_upgrade_exporter_build_info{version="),
        "{both:?}"
    );
    assert!(both.error.contains("Re-using existing connection"), "{}", both.error);
}

#[test]
fn versions_suites_and_curves_can_be_chosen() {
    let folder = Folder::new();
    let ca = folder.certificates.path("ca.crt");
    let chosen = format!(
        "{TLS}  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n  curve_preferences: [CurveP384]\n"
    );
    let exporter = Exporter::start(&folder, &chosen, "");
    let answer = exporter.curl("https:///livez", &["--cacert", &ca, "--verbose"]);
    assert!(answer.status == 200 && answer.error.contains("TLSv1.2 / ECDHE-ECDSA-CHACHA20-POLY1305"), "{answer:?}");
    for other in [&["--tlsv1.3"][..], &["--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"], &["--curves", "X25519"]] {
        let answer = exporter.curl("https:///livez", &[other, &["--cacert", &ca]].concat());
        assert_eq!(answer.status, 0, "{other:?}: {answer:?}");
    }
}

#[test]
fn certificates_of_clients() {
    let folder = Folder::new();
    let of = |name: &str| {
        let path = |end: &str| folder.certificates.path(&format!("{name}.{end}"));
        ["--cert".to_owned(), path("crt"), "--key".to_owned(), path("key")]
    };
    let ca = folder.certificates.path("ca.crt");
    let san = |name: &str| {
        format!(
            "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  client_allowed_sans: ['{name}']\n"
        )
    };
    let verified = |kind: &str| format!("{TLS}  client_auth_type: {kind}\n  client_ca_file: ca.crt\n");
    let unverified = |kind: &str| format!("{TLS}  client_auth_type: {kind}\n");
    // Who comes in: nobody with none, a client, a stranger, one that is expired.
    for (web, expected) in [
        (TLS.to_owned(), [true, true, true, true]),
        (unverified("RequestClientCert"), [true, true, true, true]),
        (unverified("RequireAnyClientCert"), [false, true, true, true]),
        (verified("VerifyClientCertIfGiven"), [true, true, false, false]),
        (verified("RequireAndVerifyClientCert"), [false, true, false, false]),
        (san("prometheus.example.com"), [false, true, false, false]),
        (san("192.0.2.1"), [false, true, false, false]),
        (san("ops@example.com"), [false, true, false, false]),
        (san("spiffe://x/y"), [false, true, false, false]),
        (san("example.com"), [false; 4]),
    ] {
        let exporter = Exporter::start(&folder, &web, "");
        let comes_in = [None, Some("client"), Some("stranger"), Some("expired")].map(|who| {
            let shown = who.map(of).unwrap_or_default();
            let shown: Vec<&str> = shown.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
            let answer = exporter.curl("https:///livez", &[&["--cacert", &*ca], &*shown].concat());
            assert!(matches!(answer.status, 0 | 200), "{answer:?}");
            answer.status == 200
        });
        assert_eq!(comes_in, expected, "{web}");
        // TLS 1.2 is another handshake.
        let [cert, cert_file, key, key_file] = of("client");
        let arguments = ["--cacert", &ca, "--tls-max", "1.2", &cert, &cert_file, &key, &key_file];
        assert_eq!(exporter.curl("https:///livez", &arguments).status == 200, expected[1], "{web}");
        if expected == [false; 4] {
            eventually("the log", || exporter.log().contains("no TLS with a client").then_some(()));
        }
    }
}

/// Else a certificate would be looked at once, and never again while its session goes on.
#[test]
fn a_client_with_a_certificate_shows_it_each_time() {
    let folder = Folder::new();
    let reused = |web: &str| {
        let exporter = Exporter::start(&folder, web, "");
        let [cert, key] = ["client.crt", "client.key"].map(|name| folder.certificates.path(name));
        let at = format!("127.0.0.1:{}", exporter.port);
        let arguments = ["s_client", "-connect", &at, "-tls1_2", "-reconnect", "-cert", &cert, "-key", &key];
        let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let [new, reused] = ["New, TLSv1.2", "Reused, TLSv1.2"].map(|word| said.matches(word).count());
        assert_eq!(new + reused, 6, "a connection and five more: {said}");
        reused
    };
    assert_eq!(reused(TLS), 5);
    assert_eq!(reused(&format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n")), 0);
}

#[test]
fn passwords() {
    let folder = Folder::new();
    let ca = folder.certificates.path("ca.crt");
    let web = format!("{TLS}basic_auth_users:\n  alice: {}\n  bob: {}\n", hash(PASSWORD), hash("x"));
    let exporter = Exporter::start(&folder, &web, "web: {open_paths: [/livez, /readyz]}\n");
    let as_user = |user: &str| exporter.curl("https:///metrics", &["--cacert", &ca, "--user", user]);
    let right = format!("alice:{PASSWORD}");
    let first = Instant::now();
    assert_eq!(as_user(&right).status, 200);
    println!("first {:?}", first.elapsed());
    for wrong in ["alice:x", "bob:y", "nobody:x", "alice:", ":"] {
        let answer = as_user(wrong);
        assert_eq!(answer.status, 401, "{wrong}: {answer:?}");
        assert!(answer.text.contains("www-authenticate: Basic realm=\"gim-upgrade-exporter\""), "{answer:?}");
    }
    assert_eq!(as_user("bob:x").status, 200);
    assert_eq!(exporter.curl("https:///metrics", &["--cacert", &ca]).status, 401);
    assert_eq!(
        exporter.curl("https:///nothing", &["--cacert", &ca]).status,
        401,
        "which paths there are is not told either"
    );
    assert_eq!(exporter.curl("https:///livez", &["--cacert", &ca]).status, 200);
    let page = as_user(&right).text;
    assert!(page.contains("gim_upgrade_exporter_web_rejections_total{reason=\"unauthenticated\"} 7\n"), "{page}");
    for path in ["/metrics", "/", "/api/v1/status", "/readyz", "/nothing"] {
        let text = exporter.curl(&format!("https://{path}"), &["--cacert", &ca, "--user", &right]).text;
        assert!(!text.contains("canary") && !text.contains("$2y$"), "{path}: {text}");
    }
    let log = exporter.log();
    assert!(!log.contains("canary") && !log.contains("$2y$"), "{log}");
}

#[test]
fn plain_http_on_the_port_of_tls_is_told_so() {
    let folder = Folder::new();
    let exporter = Exporter::start(&folder, TLS, "");
    for arguments in [&[][..], &["--data", "x=y"]] {
        let answer = exporter.curl("http:///metrics", arguments);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.text.ends_with("Client sent an HTTP request to an HTTPS server.\n"), "{answer:?}");
    }
    // And TLS where none is spoken is no crash.
    let plain = Exporter::start(&folder, "", "");
    assert_eq!(plain.curl("https:///livez", &["--insecure"]).status, 0);
    assert_eq!(plain.curl("http:///livez", &[]).status, 200);
}

/// A probe that looks whether a port is open connects and goes, by an end or by a reset.
#[test]
fn whoever_goes_before_the_first_byte_is_no_client_that_failed_at_tls() {
    let folder = Folder::new();
    let ca = folder.certificates.path("ca.crt");
    let exporter = Exporter::start(&folder, TLS, "");
    for _ in 0..3 {
        let mut client = TcpStream::connect(("127.0.0.1", exporter.port)).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        // The exporter hangs up too.
        let _ = client.read_to_end(&mut Vec::new());
    }
    assert_eq!(exporter.curl("http:///metrics", &[]).status, 400);
    let failed = || {
        let page = exporter.curl("https:///metrics", &["--cacert", &ca]).text;
        let count = page
            .lines()
            .find_map(|line| line.strip_prefix("gim_upgrade_exporter_web_rejections_total{reason=\"tls\"} "));
        count.unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(eventually("the count", || Some(failed()).filter(|failed| *failed > 0)), 1);
}

/// `verify` and `status` come in as anybody does, by a password over TLS that wants a certificate.
#[test]
fn the_exporters_own_commands_come_in() {
    let folder = Folder::new();
    let users = format!("basic_auth_users: {{alice: {}}}\n", hash(PASSWORD));
    let web = format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n{users}");
    let exporter = Exporter::start(&folder, &web, "discovery: {enabled: false}\n");
    let server = format!("--server=https://127.0.0.1:{}", exporter.port);
    let ca = format!("--server.ca-file={}", folder.certificates.path("ca.crt"));
    let certificate = |name: &str, key: &str| {
        let [cert, key] = [format!("{name}.crt"), format!("{key}.key")].map(|file| folder.certificates.path(&file));
        [format!("--server.cert-file={cert}"), format!("--server.key-file={key}")]
    };
    let password = |password: &str| {
        let file = folder.write(&format!("password-{}", password.len()), &format!("{password}\n"));
        ["--server.user=alice".to_owned(), format!("--server.password-file={file}")]
    };
    let [right, wrong] = [password(PASSWORD), password("canary")];
    let client = certificate("client", "client");
    // The exporter has no cluster: who comes in is told that there is no operation, and waits for none.
    for (shown, complaint) in [
        ([&client[..], &right].concat(), "not everything was read yet"),
        ([&client[..], &wrong].concat(), "HTTP 401: not permitted"),
        (client.to_vec(), "HTTP 401: not permitted"),
        (right.to_vec(), "CertificateRequired"),
        ([&certificate("stranger", "stranger")[..], &right].concat(), "UnknownCA"),
        ([&certificate("client", "server")[..], &right].concat(), "--server.key-file: key_file "),
        ([&certificate("nobody", "client")[..], &right].concat(), "--server.cert-file: cert_file "),
        ([&client[..1], &right].concat(), "--server.key-file <FILE>"),
        ([&client[..], &right[..1]].concat(), "--server.password-file <FILE>"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"))
            .args(["verify", "gim", "--timeout=3s", &server, &ca])
            .args(&shown)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(matches!(output.status.code(), Some(2 | 3)), "{shown:?}: {said}");
        assert!(said.contains(complaint), "{shown:?}: {said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn headers_are_given_to_every_answer() {
    let folder = Folder::new();
    let web = "http_server_config: {headers: {X-Frame-Options: deny, Content-Security-Policy: \"default-src 'self'\"}}\n\
        basic_auth_users: {}\n";
    let exporter = Exporter::start(&folder, web, "");
    for path in ["/", "/nothing", "/metrics"] {
        let text = exporter.curl(&format!("http://{path}"), &[]).text;
        let (head, _) = text.split_once("\n\n").unwrap();
        assert!(head.contains("\nx-frame-options: deny"), "{head}");
        assert_eq!(head.matches("content-security-policy:").count(), 1, "{head}");
        assert!(head.contains("content-security-policy: default-src 'self'"), "{head}");
    }
}

#[test]
fn certificates_and_users_are_changed_while_it_runs_and_bad_ones_refused() {
    let folder = Folder::new();
    let [ca, server, key, second] =
        ["ca.crt", "server.crt", "server.key", "second.crt"].map(|name| folder.certificates.path(name));
    let second_key = folder.certificates.path("second.key");
    let exporter = Exporter::start(&folder, TLS, "");
    let subject = || {
        let answer = exporter.curl("https:///livez", &["--cacert", &ca, "--verbose"]);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.error.lines().find(|line| line.contains("subject: ")).unwrap().to_owned()
    };
    let good = || {
        let page = exporter.curl("https:///metrics", &["--cacert", &ca]).text;
        page.contains("gim_upgrade_exporter_web_config_last_reload_successful 1\n")
    };
    assert!(subject().contains("CN=server") && good());
    // Half a pair is no pair: the former stays.
    let former = fs::read(&server).unwrap();
    swap(&server, &second);
    eventually("the refusal", || (!good()).then_some(()));
    assert!(subject().contains("CN=server"));
    assert!(exporter.log().contains("web configuration refused; the former one stays"));
    swap(&key, &second_key);
    eventually("the new certificate", || subject().contains("CN=second").then_some(()));
    assert!(good());
    // Rubbish instead of a certificate, and back.
    fs::write(&server, "rubbish").unwrap();
    eventually("the refusal", || (!good()).then_some(()));
    assert!(subject().contains("CN=second"));
    fs::write(&server, former).unwrap();
    fs::remove_file(&key).unwrap();
    // Users, by a configuration that names the second pair.
    let web = format!(
        "tls_server_config: {{cert_file: second.crt, key_file: second.key}}\nbasic_auth_users: {{alice: {}}}\n",
        hash(PASSWORD)
    );
    folder.write("web.yaml", &web);
    let status =
        |arguments: &[&str]| exporter.curl("https:///livez", &[&["--cacert", &*ca], arguments].concat()).status;
    eventually("the user", || (status(&[]) == 401).then_some(()));
    assert_eq!(status(&["--user", &format!("alice:{PASSWORD}")]), 200);
    let log = exporter.log();
    assert!(!log.contains("PRIVATE KEY") && !log.contains("$2y$") && !log.contains("canary"), "{log}");
}

#[test]
fn what_cannot_be_served_so_ends_it_at_the_start() {
    let folder = Folder::new();
    let path = |name: &str| folder.path.join(name).display().to_string();
    let missing = refused(&folder, "tls_server_config: {cert_file: nowhere.crt, key_file: server.key}\n");
    let place = format!("{}: tls_server_config.cert_file {}: No such file", path("web.yaml"), path("nowhere.crt"));
    assert!(missing.contains(&place), "{missing}");
    let swapped = refused(&folder, "tls_server_config: {cert_file: server.key, key_file: server.crt}\n");
    assert!(
        swapped.contains(&format!("tls_server_config.cert_file {}: no certificate in PEM", path("server.key"))),
        "{swapped}"
    );
    let other = refused(&folder, "tls_server_config: {cert_file: server.crt, key_file: second.key}\n");
    assert!(other.contains(&format!("tls_server_config.key_file {}: ", path("second.key"))), "{other}");
    let field = refused(&folder, "basic_auth_users:\n  alice: canary\n");
    assert!(
        field.contains(&format!("{}:2:10: basic_auth_users.alice: not a bcrypt hash", path("web.yaml"))),
        "{field}"
    );
    assert!(!field.contains("canary"), "{field}");
}

#[test]
fn a_client_that_says_nothing_or_begins_and_stops_is_dropped() {
    let folder = Folder::new();
    let exporter = Exporter::start(&folder, TLS, "");
    let mut clients: Vec<TcpStream> = [&b""[..], &[0x16, 3, 1]]
        .map(|beginning| {
            let mut client = TcpStream::connect(("127.0.0.1", exporter.port)).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.write_all(beginning).unwrap();
            client
        })
        .into();
    for client in &mut clients {
        let mut said = Vec::new();
        // A reset is a way of hanging up too; only waiting for ever is not.
        if let Err(error) = client.read_to_end(&mut said) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        assert!(said.len() < 64, "{said:?}");
    }
}
