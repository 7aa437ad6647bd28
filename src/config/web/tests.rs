//! The web configuration file: everything that can be written, and a table of bad files with what is said of each.

use super::*;
use crate::model::web::ResponseHeader;

const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

fn read_as(text: &str) -> Result<WebSettings, ConfigError> {
    parse("web.yaml", text, Path::new("/etc/web"))
}

fn good(text: &str) -> WebSettings {
    read_as(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn nothing_at_all_is_plain_http_for_everybody() {
    for text in ["", "{}", "tls_server_config: {}\n", "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n"] {
        assert_eq!(good(text), WebSettings::default(), "{text:?}");
    }
}

#[test]
fn everything_can_be_written() {
    let settings = good(&format!(
        "
tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example.com, '2001:DB8::1', 'spiffe://x/y']
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP384, X25519]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
    X-XSS-Protection: ''
basic_auth_users:
  alice: {HASH}
  bob: '{HASH}'
rate_limit: {{interval: 1s, burst: 20}}
"
    ));
    let tls = settings.tls.as_ref().unwrap();
    assert_eq!(tls.certificate, Pem::File("/etc/web/server.crt".into()), "beside the file that names it");
    assert_eq!(tls.key, Pem::File("/keys/server.key".into()));
    let files: Vec<_> = settings.files().map(|file| &**file).collect();
    assert_eq!(files, ["/etc/web/server.crt", "/keys/server.key", "/etc/web/ca.crt"]);
    assert_eq!(tls.client_auth, ClientAuth::RequireAndVerifyClientCert);
    let sans: Vec<_> = tls.client_allowed_sans.iter().map(|san| &**san).collect();
    assert_eq!(sans, ["prometheus.example.com", "2001:db8::1", "spiffe://x/y"]);
    assert_eq!(tls.cipher_suites, [CipherSuite::EcdheRsaAes256, CipherSuite::Aes128]);
    assert_eq!((tls.curves.as_slice(), tls.prefer_server_cipher_suites), (&[Curve::P384, Curve::X25519][..], false));
    let headers: Vec<_> = settings.headers.iter().map(|(header, value)| (*header, &**value)).collect();
    let expected =
        [(ResponseHeader::StrictTransportSecurity, "max-age=31536000"), (ResponseHeader::FrameOptions, "deny")];
    assert_eq!(headers, expected, "what is blank is not sent");
    let users: Vec<_> = settings.users.iter().map(|(user, hash)| (&**user, hash.cost)).collect();
    assert_eq!(users, [("alice", 10), ("bob", 10)]);
    assert_eq!(good("rate_limit: {interval: 0, burst: 5}\n").rate_limit, None);
    let rate = settings.rate_limit.unwrap();
    assert_eq!((rate.interval.as_secs(), rate.burst), (1, 20));
}

#[test]
fn certificates_may_stand_in_the_file_itself() {
    let pem = "|\n    -----BEGIN X-----\n    AAAA\n    -----END X-----\n";
    let settings = good(&format!("tls_server_config:\n  cert: {pem}  key: {pem}"));
    let tls = settings.tls.as_ref().unwrap();
    assert_eq!(tls.certificate, Pem::Text("-----BEGIN X-----\nAAAA\n-----END X-----\n".into()));
    assert_eq!(settings.files().count(), 0);
}

/// Rows: a bad file, and what is said of it after `web.yaml:`.
const BAD: &[(&str, &str)] = &[
    (
        "tls: {}\n",
        "1:1: tls: no such field; the fields here are tls_server_config, http_server_config, basic_auth_users, rate_limit",
    ),
    (
        "- a\n",
        "1:1: not what belongs here; write a section with tls_server_config, http_server_config, basic_auth_users and rate_limit",
    ),
    ("tls_server_config: {cert_file: a}\n", "1:1: tls_server_config.key_file: TLS needs a key; write key_file or key"),
    (
        "tls_server_config: {key_file: a}\n",
        "1:1: tls_server_config.cert_file: TLS needs a certificate; write cert_file or cert",
    ),
    (
        "tls_server_config: {client_ca_file: a}\n",
        "1:1: tls_server_config.cert_file: TLS needs a certificate; write cert_file or cert",
    ),
    (
        "tls_server_config: {cert_file: a, key_file: b, min_version: TLS11}\n",
        "1:61: tls_server_config.min_version: TLS11 is not safe and not spoken here; write TLS12 or TLS13",
    ),
    (
        "tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12}\n",
        "1:81: tls_server_config.max_version: older than min_version: nothing could be spoken",
    ),
    (
        "tls_server_config:\n  client_auth_type: Always\n",
        "2:21: tls_server_config.client_auth_type: \"Always\" is no type of client authentication; write NoClientCert, \
         RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
    ),
    (
        "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}\n",
        "1:1: tls_server_config.client_ca_file: nobody's certificates could be verified; write it",
    ),
    (
        "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n",
        "1:1: tls_server_config.client_auth_type: is missing: nobody is asked for a certificate; write RequireAndVerifyClientCert",
    ),
    (
        "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert, client_allowed_sans: [x]}\n",
        "1:106: tls_server_config.client_allowed_sans: a client without a certificate would pass; write client_auth_type: \
         RequireAndVerifyClientCert",
    ),
    (
        "tls_server_config:\n  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n",
        "2:19: tls_server_config.cipher_suites[0]: there is no cipher suite \"TLS_RSA_WITH_RC4_128_SHA\" here; there are \
         TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256, \
         TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, \
         TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
         TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ),
    (
        "tls_server_config: {curve_preferences: [CurveP521]}\n",
        "1:41: tls_server_config.curve_preferences[0]: there is no curve \"CurveP521\" here; write X25519, CurveP256 or CurveP384",
    ),
    (
        "http_server_config:\n  headers: {Server: x}\n",
        "2:13: http_server_config.headers.Server: the header \"Server\" cannot be given; there are Content-Security-Policy, \
         Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection",
    ),
    (
        "http_server_config: {headers: {X-Frame-Options: allow}}\n",
        "1:31: http_server_config.headers: X-Frame-Options may not be \"allow\"; write deny or sameorigin",
    ),
    (
        "basic_auth_users: {alice: canary-password}\n",
        "1:27: basic_auth_users.alice: not a bcrypt hash; write a bcrypt hash, as `htpasswd -nBC 10 USER` prints it after the colon",
    ),
    (
        "basic_auth_users:\n  alice: $2y$15$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n",
        "2:10: basic_auth_users.alice: a hash of cost 15; write one of cost 4 to 14, where 14 takes a second of a processor",
    ),
    (
        "basic_auth_users: canary\n",
        "1:19: basic_auth_users: not what belongs here; write users and bcrypt hashes, such as {prometheus: $2y$10$…}",
    ),
    (
        "tls_server_config: {key: canary}\n",
        "1:26: tls_server_config.key: not a text in PEM; write one that begins with -----BEGIN, of at most 262144 bytes",
    ),
    ("rate_limit: {burst: 2}\n", "1:13: rate_limit: burst limits nothing without interval; write both"),
];

#[test]
fn a_bad_file_is_told_with_place_field_and_cure_and_without_its_secrets() {
    let mut wrong = Vec::new();
    for (text, said) in BAD {
        let really = read_as(text).map_or_else(|error| error.to_string(), |_| "nothing: it is accepted".to_owned());
        if really != format!("web.yaml:{said}") {
            wrong.push(format!("{text:?}\n  expected web.yaml:{said}\n  said     {really}"));
        }
        assert!(!really.contains("canary") && !really.contains("X0h1"), "{really}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
