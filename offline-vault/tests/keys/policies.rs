//! What keys may be used for, as far as it is used without a request.

use super::*;

/// A certificate of Bruno, and what certifies it with Amina's key.
struct Certifying {
    amina: Machine,
    file: String,
    typed: String,
}

impl Certifying {
    fn new() -> Self {
        let (amina, bruno) = (with_release(), Machine::new("Bruno"));
        let theirs = "Bruno <bruno@example.org>";
        bruno.done(&["key", "generate", "own", "--user-id", theirs]);
        let public = std::fs::read(bruno.exported("own")).unwrap();
        let file = amina.write("own", &public);
        let key = bruno.key("own")["key"].as_str().unwrap().to_owned();
        let typed = format!("{}\n", &key[key.len() - 16..]);
        Self { amina, file, typed }
    }

    fn certify(&self) -> super::super::machine::Answer {
        let output = self.amina.text_path("out");
        let certify = ["key", "certify", "release", &self.file, "--all", "--force"];
        let arguments = [&certify[..], &["--output", &output]].concat();
        self.amina.run_with_input(&arguments, &self.typed)
    }

    fn policy(&self, options: &[&str]) -> Value {
        let arguments = [&["key", "policy", "release"], options].concat();
        self.amina.json(&arguments)["policy"].clone()
    }
}

#[test]
fn a_policy_refuses_the_kind_the_day_and_what_nobody_approved() {
    let it = Certifying::new();
    let set = it.policy(&["--allow", "file,git-tag"]);
    assert_eq!(set["allow"], serde_json::json!(["file", "git-tag"]));
    let refused = it.certify();
    refused.expect_error("policy-kind");
    assert_eq!(refused.code, 3);

    it.policy(&["--allow", "certify", "--per-day", "1"]);
    assert_eq!(it.certify().code, 0);
    it.certify().expect_error("policy-per-day");

    let carla = Machine::new("Carla");
    it.amina.done(&["contact", "add", &carla.card_file()]);
    let set = it.policy(&["--per-day", "9", "--approver", "carla"]);
    assert_eq!(set["approvals"], 1);
    assert_eq!(set["approvers"], serde_json::json!(["carla"]));
    it.certify().expect_error("policy-approvals");
    it.policy(&["--no-approvers"]);
    assert_eq!(it.certify().code, 0);

    let revoke = ["key", "revoke", "release"];
    let revoked = it.amina.run_with_input(&revoke, "release\n");
    assert_eq!(revoked.code, 0, "{revoked:?}");
    it.certify().expect_error("policy-key-retired");
}

#[test]
fn an_approver_whose_words_were_never_compared_is_pointed_out() {
    let (amina, carla) = (with_release(), Machine::new("Carla"));
    amina.done(&["contact", "add", &carla.card_file()]);
    let set = ["key", "policy", "release", "--approver", "carla"];
    let answer = amina.run(&set);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.stderr.contains("never compared"), "{answer:?}");
}

#[test]
fn policies_that_make_no_sense_are_refused() {
    let amina = with_release();
    amina.done(&["key", "generate", "git", "--kind", "ssh"]);
    for (options, code) in [
        (
            &["release", "--namespaces", "git"][..],
            "key-policy-unusable",
        ),
        (&["git", "--allow", "decrypt"], "key-policy-unusable"),
        (&["git", "--approvals", "1"], "key-policy-unusable"),
        (&["git", "--per-day", "4000000"], "key-policy-unusable"),
        (&["git", "--approver", "nobody"], "contact-unknown"),
        (&["git", "--namespaces", "a b"], "ssh-namespace-character"),
    ] {
        let arguments = [&["key", "policy"], options].concat();
        amina.refused(&arguments, code);
    }
    let wrong = amina.run(&["key", "policy", "git", "--allow", "everything"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    let set = ["key", "policy", "git", "--namespaces", "git,file"];
    let set = amina.json(&set);
    assert_eq!(
        set["policy"]["namespaces"],
        serde_json::json!(["file", "git"])
    );
    let any = amina.json(&["key", "policy", "git", "--namespaces", "any"]);
    assert_eq!(any["policy"]["namespaces"], Value::Null);
}

#[test]
fn every_change_of_a_policy_is_in_both_journals() {
    let amina = with_release();
    amina.done(&["key", "policy", "release", "--per-day", "5"]);
    // What is set as it was is no change.
    amina.done(&["key", "policy", "release", "--per-day", "5"]);
    let journal = amina.json(&["journal", "--signatures"]);
    let entries = journal["signatures"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "{journal}");
    assert_eq!(entries[1]["kind"], "policy changed");
    assert!(entries[1]["note"].as_str().unwrap().contains("a day: 5"));
    let notes = amina.done(&["journal"]);
    assert!(
        notes.contains("The policy of the key release was changed"),
        "{notes}"
    );
}
