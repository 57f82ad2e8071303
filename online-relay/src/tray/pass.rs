//! What an operator hands over for a tray: a code for the courier, a link for the phone.

use std::fmt;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::{RelayAddress, armour, unarmour};
use pack_format::secret::Secret32;
use thiserror::Error;
use zeroize::Zeroizing;

use super::TrayToken;

/// The courier's right to a tray, and where the tray is.
///
/// As text `causeway-tray-1:` and base64url of the encoding.
#[derive(Debug)]
pub struct TrayPass {
    /// The relay.
    pub relay: RelayAddress,
    /// The courier's token.
    pub token: TrayToken,
}

/// Why a text hands no tray over.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PassError {
    /// No line of it begins like a tray's code.
    #[error("the text holds no tray's code")]
    Missing,
    /// There are several.
    #[error("the text holds {found} codes of trays, not one")]
    Several {
        /// How many.
        found: usize,
    },
    /// The code is not one.
    #[error("the tray's code cannot be read")]
    Damaged {
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
}

impl TrayPass {
    const PREFIX: &'static str = "causeway-tray-1:";

    /// The text form, one line; wiped when dropped.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(self.to_wire());
        Zeroizing::new(armour(Self::PREFIX, &bytes))
    }

    /// Finds the code in a text: the code alone, or the whole file that the operator handed over.
    ///
    /// # Errors
    /// Any [`PassError`].
    pub fn from_text(text: &str) -> Result<Self, PassError> {
        let mut lines = text
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with(Self::PREFIX));
        let line = lines.next().ok_or(PassError::Missing)?;
        let others = lines.count();
        if others > 0 {
            return Err(PassError::Several { found: others + 1 });
        }
        let damaged = |source| PassError::Damaged { source };
        let bytes = unarmour(Self::PREFIX, line, "tray's code").map_err(damaged)?;
        Self::from_wire(&Zeroizing::new(bytes)).map_err(damaged)
    }
}

impl Wire for TrayPass {
    const WHAT: &'static str = "tray's code";

    fn write(&self, writer: &mut Writer) {
        self.relay.write(writer);
        writer.put(self.token.0.expose());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            relay: RelayAddress::read(reader)?,
            token: TrayToken(Secret32::new(reader.take_array("tray's token")?)),
        })
    }
}

/// Both rights to a new tray. Whoever makes it hands them over and keeps neither.
pub struct TrayLinks {
    /// For the courier.
    pub courier: TrayPass,
    /// For the phone.
    pub(crate) phone: TrayToken,
}

impl TrayLinks {
    /// `URL/phone/#TOKEN`. A browser sends nothing behind the `#` to any server.
    #[must_use]
    pub fn phone_link(&self) -> Zeroizing<String> {
        let token = Zeroizing::new(data_encoding::BASE64URL_NOPAD.encode(self.phone.0.expose()));
        let url = self.courier.relay.url();
        Zeroizing::new(format!("{url}/phone/#{}", token.as_str()))
    }

    /// The text file with both, and what each is for.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "A tray: a phone leaves what it filmed from a vault's screen, and finds what it is to \
             show.\n\n\
             For the courier (`online-relay courier sync --tray FILE`):\n{}\n\n\
             For the phone; open this link there, once:\n{}\n\n\
             Whoever has one of the two can read and remove sealed frames, and open nothing.\n",
            self.courier.to_text().as_str(),
            self.phone_link().as_str(),
        ))
    }
}

impl fmt::Debug for TrayLinks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TrayLinks([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use pack_format::relay::PublicKey;

    use super::*;

    fn links() -> TrayLinks {
        TrayLinks {
            courier: TrayPass {
                relay: RelayAddress::new("https://relay.example", PublicKey([7; 32])).unwrap(),
                token: TrayToken(Secret32::new([1; 32])),
            },
            phone: TrayToken(Secret32::new([2; 32])),
        }
    }

    #[test]
    fn the_courier_s_code_is_found_alone_and_in_the_file() {
        let links = links();
        for text in [links.to_text(), links.courier.to_text()] {
            let found = TrayPass::from_text(&text).unwrap();
            assert_eq!(found.relay, links.courier.relay);
            assert_eq!(found.token.id(), links.courier.token.id());
        }
    }

    #[test]
    fn a_text_without_one_readable_code_is_refused() {
        let code = links().courier.to_text();
        let short = code.get(..code.len() - 4).unwrap();
        let twice = format!("{}\n{}", code.as_str(), code.as_str());
        assert_eq!(
            TrayPass::from_text("hello").unwrap_err(),
            PassError::Missing
        );
        assert_eq!(
            TrayPass::from_text(&twice).unwrap_err(),
            PassError::Several { found: 2 }
        );
        assert!(matches!(
            TrayPass::from_text(short).unwrap_err(),
            PassError::Damaged { .. }
        ));
    }

    #[test]
    fn no_token_is_printed_by_debug() {
        let links = links();
        let text = format!("{links:?} {:?}", links.courier);
        assert!(
            text.contains("[redacted]") && !text.contains("1, 1"),
            "{text}"
        );
    }
}
