//! The keys by which the API server signs the tokens of service accounts and checks them.

use std::{fs, path::Path};

use anyhow::{Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};

/// What a P-256 public key in DER begins with (RFC 5480); the 65 bytes of the point follow.
const P256_PUBLIC_KEY: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Writes a new pair of keys (PEM) that sign and check the tokens of service accounts: `service-account.key`, `….pub`.
pub fn write(folder: &Path) -> Result<()> {
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
