//! Secrets that stand in files: read at each use, so that they may be rotated, and never shown. Not
//! for who needs which: the configuration names the files.

use std::fmt;

use thiserror::Error;
use tokio::io::AsyncReadExt;

/// The longest secret, in bytes: a token of a ServiceAccount has about 1,000.
const MAX_BYTES: u64 = 16 * 1024;

/// Why a secret cannot be read. Holds nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("{file}: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        cause: String,
    },
    /// The file is empty, too long, or no text.
    #[error("{0}: empty, longer than 16 KiB, or not a text in UTF-8")]
    Unfit(String),
}

/// A secret. It shows nowhere: neither `Debug` nor `Display` tell it.
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Reads a file's text, without the end of line that editors put there.
pub async fn read(file: &str) -> Result<Secret, SecretError> {
    let unreadable = |error: std::io::Error| SecretError::Unreadable { file: file.into(), cause: error.to_string() };
    let opened = tokio::fs::File::open(file).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_BYTES);
    let text = String::from_utf8(bytes).ok().filter(|_| fits);
    let text = text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).filter(|text| !text.is_empty());
    text.map(Secret).ok_or_else(|| SecretError::Unfit(file.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_read_and_not_shown() {
        let file = std::env::temp_dir().join(format!("gim-upgrade-secret-{}", std::process::id()));
        let name = file.to_str().unwrap();
        std::fs::write(&file, "canary \r\n").unwrap();
        let secret = read(name).await.unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("canary ", "Secret"));
        for bad in [b"\n".to_vec(), vec![0xff], vec![b'x'; 16 * 1024 + 1]] {
            std::fs::write(&file, bad).unwrap();
            assert_eq!(read(name).await.unwrap_err(), SecretError::Unfit(name.into()));
        }
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(read(name).await, Err(SecretError::Unreadable { .. })));
    }
}
