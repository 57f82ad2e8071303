//! Invitations and their answers.

use bundle_format::card::CardMailbox;
use bundle_format::identity::{DecapsulationKey, Identity};
use pack_format::codec::{DecodeError, Wire as _};
use pack_format::relay::{PublicKey, RelayAddress};
use pack_format::secret::Secret32;
use proptest::prelude::*;
use team_core::device_card::{DeviceCard, Routes};
use team_core::ids::{DeviceId, MemberId, SpaceId};
use team_core::invitation::{
    Admission, Invitation, JoinDraft, JoinRequest, LINKED_SPACES_MAX, LinkOffer, LinkRequest,
    PARCEL_BYTES_MAX, Parcel, UncheckedJoinRequest,
};
use team_core::limits::ROUTES_MAX;
use team_core::name::Name;
use team_core::role::{History, Role};

fn identity(seed: u8) -> Identity {
    Identity::from_seed(Secret32::new([seed; 32]))
}

fn card(seed: u8, routes: u8) -> DeviceCard {
    let mailboxes = (0..routes).map(|at| CardMailbox {
        relay: RelayAddress::new(&longest_address(), PublicKey([at; 32])).unwrap(),
        send_seed: Secret32::new([at; 32]),
    });
    DeviceCard {
        prekey_number: 1,
        prekey: DecapsulationKey::from_seed(Secret32::new([seed; 32])).encapsulation_key(),
        routes: Routes::new(mailboxes.collect()).unwrap(),
    }
}

fn longest_address() -> String {
    let start = "https://relay.example/";
    format!("{start}{}", "x".repeat(255 - start.len()))
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn member() -> Admission {
    Admission::Member {
        role: Role::Editor,
        history: History::Checkpoint,
    }
}

fn device() -> Admission {
    Admission::Device {
        member: MemberId([5; 32]),
    }
}

fn invitation(space: u8, admission: Admission, routes: u8) -> Invitation {
    Invitation {
        space: SpaceId([space; 32]),
        space_name: name(&"s".repeat(64)),
        inviter: DeviceId(identity(1).key().0),
        card: card(1, routes),
        admission,
        secret: Secret32::new([space ^ 0x80; 32]),
        expires_at: 1_800_000_000,
    }
}

fn join(invitation: &Invitation, seed: u8, routes: u8) -> JoinRequest {
    let draft = JoinDraft {
        card: card(seed, routes),
        name: name(&"n".repeat(64)),
    };
    JoinRequest::sign(invitation, draft, &identity(seed))
}

fn offer(spaces: u8) -> Result<LinkOffer, DecodeError> {
    LinkOffer::new(
        (0..spaces)
            .map(|space| invitation(space, device(), ROUTES_MAX))
            .collect(),
    )
}

fn answers(spaces: u8) -> Vec<UncheckedJoinRequest> {
    let requests = (0..spaces).map(|space| {
        let invitation = invitation(space, device(), ROUTES_MAX);
        join(&invitation, space + 1, ROUTES_MAX).into_unchecked()
    });
    requests.collect()
}

fn parcels() -> Vec<Parcel> {
    let invited = invitation(1, member(), 1);
    vec![
        Parcel::Join(Box::new(join(&invited, 2, 1).into_unchecked())),
        Parcel::Invitation(Box::new(invited)),
        Parcel::Invitation(Box::new(invitation(1, device(), 0))),
        Parcel::LinkOffer(offer(2).unwrap()),
        Parcel::LinkRequest(LinkRequest::new(answers(2)).unwrap()),
    ]
}

#[test]
fn every_parcel_has_one_encoding() {
    for parcel in parcels() {
        let bytes = parcel.to_wire();
        assert_eq!(Parcel::from_wire(&bytes).unwrap().to_wire(), bytes);
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(Parcel::from_wire(&longer).is_err());
        for len in (0..bytes.len()).step_by(7) {
            assert!(Parcel::from_wire(&bytes[..len]).is_err(), "cut to {len}");
        }
    }
}

#[test]
fn an_invitation_comes_back() {
    let sent = invitation(1, member(), 2);
    let Parcel::Invitation(read) =
        Parcel::from_wire(&Parcel::Invitation(Box::new(invitation(1, member(), 2))).to_wire())
            .unwrap()
    else {
        panic!("another parcel")
    };
    assert_eq!(read.space, sent.space);
    assert_eq!(read.admission, member());
    assert_eq!(read.secret.expose(), sent.secret.expose());
    assert_eq!(read.card.routes.mailboxes().len(), 2);
    assert!(!read.has_expired(1_799_999_999));
    assert!(read.has_expired(1_800_000_000));
}

#[test]
fn nobody_is_invited_as_an_owner() {
    let owner = Admission::Member {
        role: Role::Owner,
        history: History::Full,
    };
    let refused = Invitation::from_wire(&invitation(1, owner, 0).to_wire());
    assert!(matches!(refused, Err(DecodeError::Rule { .. })));
}

#[test]
fn a_join_request_answers_its_invitation_only() {
    let invited = invitation(1, member(), 0);
    let request = join(&invited, 2, 0);
    assert!(request.answers(&invited));
    assert!(!request.answers(&invitation(2, member(), 0)));
    let other_secret = Invitation {
        secret: Secret32::new([0; 32]),
        ..invitation(1, member(), 0)
    };
    assert!(!request.answers(&other_secret));
    let read = UncheckedJoinRequest::from_wire(&request.into_unchecked().to_wire()).unwrap();
    let read = read.verify().unwrap();
    assert_eq!(read.device(), DeviceId(identity(2).key().0));
    assert_eq!(read.name().as_str(), "n".repeat(64));
}

#[test]
fn insider_cannot_bring_in_a_device_whose_key_it_does_not_have() {
    let mut bytes = join(&invitation(1, member(), 0), 2, 0)
        .into_unchecked()
        .to_wire();
    let place = bytes
        .windows(32)
        .position(|window| window == identity(2).key().0)
        .unwrap();
    bytes[place..place + 32].copy_from_slice(&identity(3).key().0);
    let read = UncheckedJoinRequest::from_wire(&bytes).unwrap();
    assert!(read.verify().is_err());
}

#[test]
fn a_signature_for_a_segment_is_none_for_joining() {
    let bytes = join(&invitation(1, member(), 0), 2, 0)
        .into_unchecked()
        .to_wire();
    let (signed, _) = bytes.split_last_chunk::<64>().unwrap();
    let other = identity(2).sign("causeway/team/v1 segment", signed);
    let forged = [signed, &other].concat();
    let read = UncheckedJoinRequest::from_wire(&forged).unwrap();
    assert!(read.verify().is_err());
}

#[test]
fn as_many_spaces_as_may_be_linked_fit_one_bundle() {
    let most = u8::try_from(LINKED_SPACES_MAX).unwrap();
    let offer = Parcel::LinkOffer(offer(most).unwrap()).to_wire();
    let request = LinkRequest::new(answers(most)).unwrap();
    let request = Parcel::LinkRequest(request).to_wire();
    for parcel in [offer, request] {
        assert!(parcel.len() as u64 <= PARCEL_BYTES_MAX, "{}", parcel.len());
        assert!(Parcel::from_wire(&parcel).is_ok());
    }
}

#[test]
fn links_that_cannot_be_are_refused() {
    let most = u8::try_from(LINKED_SPACES_MAX).unwrap();
    assert!(matches!(
        offer(most + 1),
        Err(DecodeError::OverLimit { .. })
    ));
    assert!(offer(0).is_err());
    let twice = vec![invitation(1, device(), 0), invitation(1, device(), 0)];
    assert!(LinkOffer::new(twice).is_err());
    assert!(LinkOffer::new(vec![invitation(1, member(), 0)]).is_err());
    assert!(LinkRequest::new(vec![]).is_err());
}

#[test]
fn two_spaces_never_get_one_device_key() {
    let same = [1, 2].map(|space| {
        let invitation = invitation(space, device(), 0);
        join(&invitation, 7, 0).into_unchecked()
    });
    let refused = LinkRequest::new(same.into()).unwrap_err();
    assert!(matches!(refused, DecodeError::Rule { .. }));
}

#[test]
fn a_parcel_of_another_version_kind_or_size_is_refused() {
    let bytes = parcels().swap_remove(1).to_wire();
    for (place, value) in [(0, 0), (0, 2), (1, 0), (1, 5)] {
        let mut wrong = bytes.clone();
        wrong[place] = value;
        let refused = Parcel::from_wire(&wrong).unwrap_err();
        assert!(matches!(refused, DecodeError::Unknown { .. }), "{refused}");
    }
    let long = [bytes.as_slice(), &vec![0; 65_536]].concat();
    let refused = Parcel::from_wire(&long).unwrap_err();
    assert!(matches!(refused, DecodeError::OverLimit { .. }));
}

#[test]
fn no_secret_of_joining_is_shown() {
    for parcel in parcels() {
        let shown = format!("{parcel:?}");
        assert!(!shown.contains("129, 129"), "{shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn courier_cannot_alter_a_join_request(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let request = join(&invitation(1, member(), 1), 2, 1).into_unchecked();
        let mut bytes = request.to_wire();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let read = UncheckedJoinRequest::from_wire(&bytes);
        prop_assert!(read.map_or(true, |it| it.verify().is_err()));
    }

    #[test]
    fn altered_parcels_are_read_in_one_way_or_refused(
        which in 0_usize..5,
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut bytes = parcels().swap_remove(which).to_wire();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(parcel) = Parcel::from_wire(&bytes) {
            prop_assert_eq!(parcel.to_wire(), bytes);
        }
    }
}
