//! A tray to test with, and frames for it, made here from the table of spec/light.md.

use online_relay::client::TrayClient;
use online_relay::server::make_tray;
use online_relay::tray::{TransferName, TrayPass};

use crate::common::{Answer, TestRelay, quick};

/// A frame before its checksum.
pub(crate) struct Frame {
    pub(crate) mark: u8,
    pub(crate) flags: u8,
    pub(crate) block: u8,
    pub(crate) count: u8,
    pub(crate) total_bytes: u32,
    pub(crate) first: u32,
    pub(crate) id: [u8; 4],
    pub(crate) symbols: Vec<u8>,
}

impl Frame {
    /// `count` symbols of 60 bytes from `first` on, of a transfer of 60,000 bytes.
    pub(crate) fn small(seed: u8, first: u32, count: u8) -> Self {
        let len = usize::from(count) * 60;
        Self {
            mark: 0xc8,
            flags: 0x10,
            block: 0,
            count,
            total_bytes: 60_000,
            first,
            id: [seed; 4],
            symbols: crate::common::bundle(len, seed ^ first.to_be_bytes()[3]),
        }
    }

    /// A full frame of 2,900 bytes of a transfer of 64 MiB.
    pub(crate) fn large(first: u32) -> Self {
        Self {
            block: u8::try_from(first % 64).unwrap(),
            count: 6,
            total_bytes: 64 << 20,
            symbols: crate::common::bundle(6 * 480, 1),
            ..Self::small(1, first, 1)
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.mark, self.flags, self.block, self.count];
        bytes.extend(self.total_bytes.to_be_bytes());
        bytes.extend(self.first.to_be_bytes());
        bytes.extend(self.id);
        let checksum = crc32c(&[&bytes, self.symbols.as_slice()].concat());
        bytes.extend(checksum.to_be_bytes());
        bytes.extend(&self.symbols);
        bytes
    }
}

pub(crate) fn small(seed: u8, first: u32, count: u8) -> Vec<u8> {
    Frame::small(seed, first, count).bytes()
}

pub(crate) fn transfer(seed: u8) -> TransferName {
    TransferName {
        id: pack_format::light::TransferId([seed; 4]),
        total_bytes: 60_000,
    }
}

pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            1 => (crc >> 1) ^ 0x82f6_3b78,
            _ => crc >> 1,
        })
    })
}

#[test]
fn the_checksum_is_that_of_castagnoli() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}

/// A tray of a relay that runs: the courier's client, and the phone's token.
pub(crate) struct Tray {
    pub(crate) courier: TrayClient,
    pub(crate) courier_bearer: String,
    pub(crate) phone_bearer: String,
}

impl Tray {
    pub(crate) fn of(relay: &TestRelay) -> Self {
        let links = make_tray(&relay.data_dir, None, None, None).unwrap();
        let phone = links.phone_link();
        let (_, token) = phone.split_once("/phone/#").unwrap();
        let courier = data_encoding::BASE64URL_NOPAD.encode(links.courier.token.0.expose());
        let pass = TrayPass::from_text(&links.to_text()).unwrap();
        Self {
            courier: TrayClient::new(pass, &quick()).unwrap(),
            courier_bearer: format!("Bearer {courier}"),
            phone_bearer: format!("Bearer {token}"),
        }
    }

    /// A call as the page makes it.
    pub(crate) fn phone(&self, relay: &TestRelay, method: &str, path: &str, body: &[u8]) -> Answer {
        let auth = [("authorization", self.phone_bearer.as_str())];
        relay.call(method, path, &auth, body)
    }

    /// Leaves frames as the page does; returns how many were new.
    pub(crate) fn film(&self, relay: &TestRelay, frames: &[Vec<u8>]) -> u64 {
        let answer = self.phone(relay, "POST", "/v1/tray/frames", &join(frames));
        assert_eq!(answer.status, 200, "{}", answer.head);
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        answer["new"].as_u64().unwrap()
    }
}

pub(crate) fn join(frames: &[Vec<u8>]) -> Vec<u8> {
    online_relay::tray::join_frames(frames.iter().map(Vec::as_slice))
}
