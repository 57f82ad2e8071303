//! Two approvers: another vault reads and approves before the one with the key signs.

use std::path::{Path, PathBuf};

use super::referees::{allowed_signers, ssh};
use super::room::{Room, says};
use crate::people::{BILAL, BILALS_PASSPHRASE, Site, text_of};

/// Amina's vault, whose key needs Bilal's approval; Bilal's vault is paired with the same desk.
struct Two {
    room: Room,
    bilal: Site,
    public: PathBuf,
}

impl Two {
    fn new() -> Self {
        let room = Room::new();
        let bilal = Site::new(room.path("").as_path(), BILAL, BILALS_PASSPHRASE);
        room.pair(&bilal, "bilals-safe");
        room.site.meet(&bilal);
        bilal.meet(&room.site);
        let public = room.key("work", "ssh");
        let policy = [
            "key",
            "policy",
            "work",
            "--approver",
            "bilal",
            "--approvals",
            "1",
        ];
        room.site.vault(&policy).ok();
        Self {
            room,
            bilal,
            public,
        }
    }

    /// The desk asks with these words behind it.
    fn ask(&self, file: &Path, more: &[&str]) -> String {
        let sign = [
            "sign",
            text_of(file),
            "--key",
            "work",
            "--vault",
            "glass-cellar",
        ];
        self.room.ask(&[&sign[..], more].concat())
    }

    /// The stick goes from the courier to Bilal and back.
    fn bilal_plug(&self) {
        self.room.courier_plug().ok();
        self.bilal.vault_sync(&self.room.site.stick()).ok();
    }

    /// Bilal reads the request and says yes.
    fn bilal_approves(&self) {
        self.bilal.vault(&["show", "req-1", "--whole"]).ok();
        self.bilal.vault(&["approve", "req-1"]).ok();
    }

    fn is_good(&self, file: &Path, signature: &str) {
        let signers = allowed_signers(&self.public, &self.room.path("signers"));
        ssh(&signers, "file", &self.room.path(signature), file);
    }
}

#[test]
fn a_key_that_needs_another_approval_signs_when_it_has_come() {
    let two = Two::new();
    let file = two.room.file("notes.txt", b"Both have read it\n");
    let id = two.ask(&file, &["--approver", "bilals-safe"]);
    two.bilal_plug();
    // It does not go to the key's vault before.
    two.room.vault_plug().ok();
    assert_eq!(two.room.requests().len(), 0);
    two.bilal_approves();
    two.bilal.vault_sync(&two.room.site.stick()).ok();
    let heard = two.room.courier_plug().ok();
    assert_eq!(heard["approved"][0]["request"], id.as_str(), "{heard}");
    two.room.vault_plug().ok();
    let shown = two.room.read("req-1");
    assert!(says(&shown, "Approved by    bilal, "), "{shown:#?}");
    two.room.approve("req-1").ok();
    two.room.carry_back().ok();
    two.is_good(&file, "notes.txt.sig");
    let journal = two.room.site.vault(&["journal", "--signatures"]).ok();
    let entries = journal["signatures"].as_array().unwrap();
    let approvers = &entries[entries.len() - 1]["approved_by"];
    assert_eq!(approvers.as_array().unwrap().len(), 1, "{journal}");
}

#[test]
fn a_key_that_needs_another_approval_does_not_sign_without_it() {
    let two = Two::new();
    let file = two.room.file("notes.txt", b"Nobody else has read it\n");
    two.ask(&file, &[]);
    two.room.carry_in();
    two.room.read("req-1");
    two.room.approve("req-1").failed(3, "policy-approvals");
    assert_eq!(two.room.journal(), []);
}

#[test]
fn an_approval_of_somebody_whom_the_policy_does_not_name_does_not_count() {
    let two = Two::new();
    let carla = Site::new(two.room.path("").as_path(), "Carla", "orbit canvas tulip");
    two.room.pair(&carla, "carlas-safe");
    two.room.site.meet(&carla);
    let file = two.room.file("notes.txt", b"Carla has read it\n");
    two.ask(&file, &["--approver", "carlas-safe"]);
    two.room.courier_plug().ok();
    carla.vault_sync(&two.room.site.stick()).ok();
    carla.vault(&["show", "req-1", "--whole"]).ok();
    carla.vault(&["approve", "req-1"]).ok();
    carla.vault_sync(&two.room.site.stick()).ok();
    two.room.courier_plug().ok();
    two.room.vault_plug().ok();
    let shown = two.room.read("req-1");
    assert!(says(&shown, "Approved by    carla"), "{shown:#?}");
    two.room.approve("req-1").failed(3, "policy-approvals");
}

#[test]
fn an_approval_that_comes_after_the_review_has_to_be_seen_too() {
    let two = Two::new();
    let file = two.room.file("notes.txt", b"Read twice\n");
    let id = two.ask(&file, &[]);
    two.room.carry_in();
    two.room.read("req-1");
    // Bilal's desk is another one: request and approval go by file.
    let beside = Room::desk_beside_of(&two.bilal);
    let (request, approvals) = (two.room.path("request"), two.room.path("approvals"));
    two.room
        .desk(&["export", &id, "--to", text_of(&request)])
        .ok();
    beside
        .desk(&["import", text_of(&request), "--vault", "glass-cellar"])
        .ok();
    beside.courier_plug().ok();
    two.bilal.vault_sync(&beside.site.stick()).ok();
    two.bilal_approves();
    two.bilal.vault_sync(&beside.site.stick()).ok();
    beside.courier_plug().ok();
    beside
        .desk(&["approvals", &id, "--to", text_of(&approvals)])
        .ok();
    let added = two.room.desk(&["approve-with", text_of(&approvals)]).ok();
    assert_eq!(added["new"], 1, "{added}");
    two.room.carry_in();
    two.room.approve("req-1").failed(3, "request-not-shown");
    two.room.read("req-1");
    two.room.approve("req-1").ok();
    two.room.carry_back().ok();
    two.is_good(&file, "notes.txt.sig");
}

#[test]
fn an_approver_who_refuses_ends_the_request() {
    let two = Two::new();
    let file = two.room.file("notes.txt", b"No\n");
    let id = two.ask(&file, &["--approver", "bilals-safe"]);
    two.bilal_plug();
    two.bilal
        .vault(&["refuse", "req-1", "--reason", "not now"])
        .ok();
    two.bilal.vault_sync(&two.room.site.stick()).ok();
    two.room.courier_plug().failed(3, "request-refused");
    assert_eq!(two.room.state(&id), "refused");
    two.room.vault_plug().ok();
    assert_eq!(two.room.requests().len(), 0);
}
