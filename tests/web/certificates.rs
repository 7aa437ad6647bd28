//! Certificates for one run of the tests, made by openssl: an authority, another one, servers and clients, one of them expired.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How `openssl ca` issues what `openssl x509` cannot: certificates of the past.
const ISSUER: &str = "[ca]\ndefault_ca = here\n[here]\ndir = .\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n\
    default_md = sha256\npolicy = any\ncopy_extensions = copy\n[any]\ncommonName = supplied\n";

pub struct Certificates(PathBuf);

impl Certificates {
    /// Makes them all in a folder.
    pub fn new(folder: &Path) -> Self {
        let made = Self(folder.to_owned());
        for authority in ["ca", "other-ca"] {
            made.openssl(&format!(
                "req -x509 {KEY} -keyout {authority}.key -out {authority}.crt -days 2 -subj /CN={authority} -addext basicConstraints=critical,CA:TRUE"
            ));
        }
        made.signed("server", "ca", "IP:127.0.0.1,DNS:localhost");
        made.signed("second", "ca", "IP:127.0.0.1,DNS:localhost");
        made.signed("client", "ca", "DNS:prometheus.example.com,IP:192.0.2.1,email:ops@example.com,URI:spiffe://x/y");
        made.signed("stranger", "other-ca", "DNS:prometheus.example.com");
        made.expired("expired", "DNS:prometheus.example.com");
        made
    }

    /// The path of one of the files.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn signed(&self, name: &str, by: &str, names: &str) {
        self.request(name, names);
        fs::write(self.0.join("names"), format!("subjectAltName={names}\n")).unwrap();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {by}.crt -CAkey {by}.key -CAcreateserial -days 2 -out {name}.crt -extfile names"
        ));
    }

    fn expired(&self, name: &str, names: &str) {
        self.request(name, names);
        fs::write(self.0.join("issuer.cnf"), ISSUER).unwrap();
        fs::write(self.0.join("index.txt"), "").unwrap();
        fs::write(self.0.join("serial"), "01\n").unwrap();
        self.openssl(&format!(
            "ca -batch -notext -config issuer.cnf -cert ca.crt -keyfile ca.key -startdate 20200101000000Z -enddate 20200102000000Z -in {name}.csr -out {name}.crt"
        ));
    }

    fn request(&self, name: &str, names: &str) {
        self.openssl(&format!(
            "req -new {KEY} -keyout {name}.key -out {name}.csr -subj /CN={name} -addext subjectAltName={names}"
        ));
    }

    fn openssl(&self, words: &str) {
        let output = Command::new("openssl").current_dir(&self.0).args(words.split(' ')).output().unwrap();
        assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
