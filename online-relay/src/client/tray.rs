//! The courier's side of a tray.
//!
//! Spec: spec/relay.md, "Trays".

use serde::Serialize;
use ureq::Body;
use ureq::http::Response;
use zeroize::Zeroizing;

use super::ClientOptions;
use super::error::RelayError;
use super::http::{Http, bearer, header};
use crate::api::{
    DoneBody, DoneWish, FramesBody, TRAY_MORE, TRAY_PLACE, TrayBody, TrayListBody,
    TrayTransferBody, WantedWish,
};
use crate::limits::{ANSWER_BYTES_MAX, TRAY_BODY_BYTES_MAX, TRAY_TRANSFERS_MAX};
use crate::tray::{Face, TransferName, TrayList, TrayPass, TrayToken, join_frames, split_frames};

/// One tray, as one of its two faces sees it.
#[derive(Debug)]
pub struct TrayClient {
    http: Http,
    token: TrayToken,
    face: Face,
}

/// Frames of the list that this face reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramePage {
    /// The frames, in the order in which they were left. Only a pack's own authentication says
    /// whether they are what they seem.
    pub frames: Vec<Vec<u8>>,
    /// Where to go on.
    pub next: u64,
    /// Whether more follow now.
    pub more: bool,
}

/// What a tray says it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayState {
    /// What a phone left for the courier.
    pub from_phone: TrayListState,
    /// What the courier left for a phone to show.
    pub for_phone: TrayListState,
}

/// One list of a [`TrayState`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayListState {
    /// The bytes on it.
    pub bytes: u64,
    /// The most bytes that it may hold.
    pub limit_bytes: u64,
    /// The transfers, the oldest first.
    pub transfers: Vec<TransferState>,
}

/// One transfer of a [`TrayListState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferState {
    /// Its number and length.
    pub transfer: TransferName,
    /// How many frames ever came.
    pub frames: u64,
    /// How many different symbols they brought.
    pub symbols: u64,
    /// How many symbols the transfer is made of.
    pub needed: u64,
    /// How many more its reader asked for.
    pub wanted: u64,
    /// Whether its reader is done with it.
    pub done: bool,
}

impl TrayClient {
    /// The courier's face. Nothing is sent yet.
    ///
    /// # Errors
    /// As for [`super::RelayClient::new`].
    pub fn new(pass: TrayPass, options: &ClientOptions) -> Result<Self, RelayError> {
        Ok(Self {
            http: Http::new(&pass.relay, options)?,
            token: pass.token,
            face: Face::Courier,
        })
    }

    /// Frames that a phone left, behind `after`; 0 is from the beginning.
    ///
    /// # Errors
    /// [`RelayError::TrayUnknown`]; [`RelayError::Lied`] for an answer that holds no frames or
    /// does not move on.
    pub fn frames(&self, after: u64) -> Result<FramePage, RelayError> {
        let path = format!("/v1/tray/frames?after={after}");
        let response = self.http.small_get(&path, Some(&self.bearer()))?;
        let number = |name| {
            let text = header(response.headers(), name)?;
            text.parse::<u64>().ok()
        };
        let (next, more) = (number(TRAY_PLACE), number(TRAY_MORE));
        let body = self.http.read_small(response, TRAY_BODY_BYTES_MAX as u64)?;
        let lied = |what| RelayError::Lied { what };
        let next = next.ok_or(lied("it does not say where the frames go on"))?;
        let frames = split_frames(&body).ok_or(lied("what it gives out are no frames"))?;
        let more = more == Some(1);
        let moved = if frames.is_empty() {
            next == after && !more
        } else {
            next > after
        };
        if !moved {
            return Err(lied("its frames are out of order"));
        }
        Ok(FramePage {
            frames: frames.into_iter().map(<[u8]>::to_vec).collect(),
            next,
            more,
        })
    }

    /// Leaves frames for a phone to show; returns how many were not there before. To repeat it
    /// does no harm.
    ///
    /// # Errors
    /// [`RelayError::TrayFull`] when they do not fit: those of the calls before stay.
    pub fn post(&self, frames: &[Vec<u8>]) -> Result<u64, RelayError> {
        let mut new = 0_u64;
        for body in bodies(frames) {
            let bearer = self.bearer();
            let response = self
                .http
                .post("/v1/tray/frames", Some(&bearer), &body, &[200])?;
            let answer: FramesBody = self.http.read_json(response, ANSWER_BYTES_MAX)?;
            new = new.saturating_add(answer.new);
        }
        Ok(new)
    }

    /// Says that transfers of a phone were taken in: the relay removes their frames, and the
    /// phone sees it. Returns how many were there.
    ///
    /// # Errors
    /// As the network and the relay have it.
    pub fn done(&self, transfers: &[TransferName]) -> Result<u64, RelayError> {
        self.clear(self.face.reads(), transfers)
    }

    /// Takes transfers back that were left for a phone. Returns how many were there.
    ///
    /// # Errors
    /// As the network and the relay have it.
    pub fn withdraw(&self, transfers: &[TransferName]) -> Result<u64, RelayError> {
        self.clear(self.face.fills(), transfers)
    }

    /// Asks the phone for that many more symbols of a transfer; `false` when it is not there any
    /// more.
    ///
    /// # Errors
    /// As the network and the relay have it.
    pub fn want(&self, transfer: TransferName, symbols: u32) -> Result<bool, RelayError> {
        let wish = WantedWish {
            transfer: transfer.to_string(),
            symbols,
        };
        match self.tell("/v1/tray/wanted", &wish, 204) {
            Ok(response) => {
                self.http.read_small(response, ANSWER_BYTES_MAX)?;
                Ok(true)
            }
            Err(RelayError::TransferUnknown) => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// What lies on both lists.
    ///
    /// # Errors
    /// [`RelayError::Lied`] for a state that cannot be.
    pub fn state(&self) -> Result<TrayState, RelayError> {
        let response = self.http.small_get("/v1/tray", Some(&self.bearer()))?;
        let body: TrayBody = self.http.read_json(response, ANSWER_BYTES_MAX)?;
        Ok(TrayState {
            from_phone: list_state(&body.from_phone)?,
            for_phone: list_state(&body.for_phone)?,
        })
    }

    /// Closes the tray for good: both tokens and all frames are gone.
    ///
    /// # Errors
    /// As the network and the relay have it.
    pub fn close(self) -> Result<(), RelayError> {
        let bearer = self.bearer();
        let response = self.http.small_delete("/v1/tray", &bearer)?;
        self.http.read_small(response, ANSWER_BYTES_MAX).map(drop)
    }

    fn clear(&self, list: TrayList, transfers: &[TransferName]) -> Result<u64, RelayError> {
        let mut done = 0_u64;
        for some in transfers.chunks(TRAY_TRANSFERS_MAX) {
            let wish = DoneWish {
                list,
                transfers: some.iter().map(ToString::to_string).collect(),
            };
            let response = self.tell("/v1/tray/done", &wish, 200)?;
            let answer: DoneBody = self.http.read_json(response, ANSWER_BYTES_MAX)?;
            done = done.saturating_add(answer.done);
        }
        Ok(done)
    }

    fn tell<T: Serialize>(
        &self,
        path: &str,
        wish: &T,
        status: u16,
    ) -> Result<Response<Body>, RelayError> {
        // Names and numbers always serialise.
        let body = serde_json::to_vec(wish).unwrap_or_default();
        let bearer = self.bearer();
        self.http.post(path, Some(&bearer), &body, &[status])
    }

    fn bearer(&self) -> Zeroizing<String> {
        bearer(&self.token.0)
    }
}

/// Frames in as many bodies as they need.
fn bodies(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for frame in frames {
        let joined = join_frames([frame.as_slice()]);
        match bodies.last_mut() {
            Some(body) if body.len() + joined.len() <= TRAY_BODY_BYTES_MAX => {
                body.extend_from_slice(&joined);
            }
            _ => bodies.push(joined),
        }
    }
    bodies
}

fn list_state(body: &TrayListBody) -> Result<TrayListState, RelayError> {
    if body.transfers.len() > TRAY_TRANSFERS_MAX {
        return Err(RelayError::Lied {
            what: "the tray holds more transfers than it may",
        });
    }
    let transfers = body.transfers.iter().map(transfer_state);
    Ok(TrayListState {
        bytes: body.bytes,
        limit_bytes: body.limit_bytes,
        transfers: transfers.collect::<Result<_, _>>()?,
    })
}

fn transfer_state(body: &TrayTransferBody) -> Result<TransferState, RelayError> {
    let transfer = TransferName::from_text(&body.transfer).ok_or(RelayError::Lied {
        what: "the tray holds a transfer whose name cannot be",
    })?;
    Ok(TransferState {
        transfer,
        frames: body.frames,
        symbols: body.symbols,
        needed: body.needed,
        wanted: body.wanted,
        done: body.done,
    })
}
