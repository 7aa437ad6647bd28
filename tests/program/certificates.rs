//! A certificate authority and a certificate of 127.0.0.1 by it, made for one test: just enough X.509 for TLS to be spoken.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

const SEQUENCE: u8 = 0x30;
/// `ecdsa-with-SHA256`, `id-ecPublicKey` and `prime256v1`, `commonName`, `basicConstraints`, `subjectAltName`.
const SIGNED: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const KEY: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
const BASIC_CONSTRAINTS: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x13];
const ALTERNATIVE_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x11];
/// From the year 2000 to 2049.
const VALID: [&[u8]; 2] = [b"000101000000Z", b"491231235959Z"];

/// An authority.
pub struct Authority {
    key: Key,
    certificate: Vec<u8>,
}

struct Key {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
}

impl Authority {
    pub fn new() -> Self {
        let key = Key::new();
        let is_authority = der(SEQUENCE, &[&[0x01, 0x01, 0xff]]);
        let extension = der(SEQUENCE, &[BASIC_CONSTRAINTS, &[0x01, 0x01, 0xff], &der(0x04, &[&is_authority])]);
        let certificate = certificate("authority", &key, &key, &extension);
        Self { key, certificate }
    }

    /// Its certificate, as a file has it.
    pub fn pem(&self) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(&self.certificate))
    }

    /// What a server at 127.0.0.1 needs: its certificate and its key.
    pub fn server(&self) -> (Vec<u8>, Vec<u8>) {
        let key = Key::new();
        let address = der(SEQUENCE, &[&der(0x87, &[&[127, 0, 0, 1]])]);
        let extension = der(SEQUENCE, &[ALTERNATIVE_NAME, &der(0x04, &[&address])]);
        (certificate("server", &key, &self.key, &extension), key.pkcs8)
    }
}

impl Key {
    fn new() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self { pair, pkcs8: document.as_ref().to_vec() }
    }
}

fn certificate(subject: &str, key: &Key, by: &Key, extension: &[u8]) -> Vec<u8> {
    let public = der(SEQUENCE, &[KEY, &der(0x03, &[&[0], key.pair.public_key().as_ref()])]);
    let valid = VALID.map(|instant| der(0x17, &[instant]));
    let to_sign = der(
        SEQUENCE,
        &[
            &der(0xa0, &[&[0x02, 0x01, 0x02]]),
            &[0x02, 0x01, 0x01],
            SIGNED,
            &name("authority"),
            &der(SEQUENCE, &[&valid[0], &valid[1]]),
            &name(subject),
            &public,
            &der(0xa3, &[&der(SEQUENCE, &[extension])]),
        ],
    );
    let signature = by.pair.sign(&SystemRandom::new(), &to_sign).unwrap();
    der(SEQUENCE, &[&to_sign, SIGNED, &der(0x03, &[&[0], signature.as_ref()])])
}

fn name(text: &str) -> Vec<u8> {
    let attribute = der(SEQUENCE, &[COMMON_NAME, &der(0x0c, &[text.as_bytes()])]);
    der(SEQUENCE, &[&der(0x31, &[&attribute])])
}

/// A value with its tag and length (DER).
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let length = match u8::try_from(length) {
        Ok(short @ 0..0x80) => vec![short],
        Ok(long) => vec![0x81, long],
        Err(_) => [&[0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    };
    [&[tag][..], &length, &content].concat()
}
