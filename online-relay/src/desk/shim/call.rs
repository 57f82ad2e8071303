//! What git calls its signing programs with, argument by argument.

use std::path::PathBuf;

use super::super::error::DeskError;

/// A call of `gpg.program`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GpgCall {
    /// `--status-fd=2 -bsau KEY`: the signature of standard input, to standard output.
    Sign {
        /// How git names the key.
        key: String,
        /// Where the words for programs go.
        status_fd: u8,
    },
    /// Anything else, for gpg itself.
    Other,
}

impl GpgCall {
    /// Reads the arguments.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, DeskError> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if !words.contains(&"-bsau") {
            return Ok(Self::Other);
        }
        match words.as_slice() {
            ["--status-fd=2", "-bsau", key] => Ok(Self::sign(key, 2)),
            ["--status-fd=1", "-bsau", key] => Ok(Self::sign(key, 1)),
            _ => Err(DeskError::UnknownCall),
        }
    }

    fn sign(key: &str, status_fd: u8) -> Self {
        Self::Sign {
            key: key.to_owned(),
            status_fd,
        }
    }
}

/// A call of `gpg.ssh.program`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SshCall {
    /// `-Y sign -n git -f KEY [-U] BUFFER`: the signature of a file, beside it.
    Sign {
        /// The file with the public key.
        key_file: PathBuf,
        /// The file to be signed.
        buffer: PathBuf,
    },
    /// Anything else, for ssh-keygen itself.
    Other,
}

impl SshCall {
    /// Reads the arguments.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, DeskError> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["-Y", "sign", "-n", "git", "-f", key_file, buffer]
            | ["-Y", "sign", "-n", "git", "-f", key_file, "-U", buffer] => Ok(Self::Sign {
                key_file: key_file.into(),
                buffer: buffer.into(),
            }),
            ["-Y", "sign", ..] => Err(DeskError::UnknownCall),
            _ => Ok(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(ToOwned::to_owned).collect()
    }

    #[test]
    fn calls_that_sign_are_told_from_all_others() {
        let gpg = |text| GpgCall::parse(&words(text));
        assert!(
            matches!(gpg("--status-fd=2 -bsau ABC"), Ok(GpgCall::Sign { key, .. }) if key == "ABC")
        );
        let verify = "--keyid-format=long --status-fd=1 --verify /tmp/x -";
        assert!(matches!(gpg(verify), Ok(GpgCall::Other)));
        assert!(matches!(
            gpg("-bsau ABC --output x"),
            Err(DeskError::UnknownCall)
        ));
        let ssh = |text| SshCall::parse(&words(text));
        for text in [
            "-Y sign -n git -f k /tmp/b",
            "-Y sign -n git -f k -U /tmp/b",
        ] {
            let Ok(SshCall::Sign { key_file, buffer }) = ssh(text) else {
                panic!("{text}");
            };
            assert_eq!((key_file, buffer), ("k".into(), "/tmp/b".into()));
        }
        assert!(matches!(
            ssh("-Y sign -n file -f k b"),
            Err(DeskError::UnknownCall)
        ));
        assert!(matches!(
            ssh("-Y find-principals -f a -s b"),
            Ok(SshCall::Other)
        ));
    }
}
