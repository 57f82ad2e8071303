//! The pre-push hook.

use super::git::{Repository, write_program};
use super::keys::ssh_public;
use super::world::{World, done, id, text};

#[test]
fn nothing_unsigned_is_pushed() {
    let mut world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    let dir = repository.dir.to_str().unwrap().to_owned();
    let remote = world.path("remote");
    repository.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    repository.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repository.git(&["push", "--quiet", "origin", "base:main"]);
    done(&world.run(&["desk", "hook", "install", "--repository", &dir]));
    repository.commit("a.txt", "two\n", "second");
    repository.git(&["tag", "-a", "v1", "-m", "version 1"]);
    let pushed = repository.try_git(&["push", "origin", "main"]);
    assert!(!pushed.status.success());
    let said = text(&pushed);
    assert!(
        said.contains("[push-unsigned]") && said.contains("(1 in all)"),
        "{said}"
    );

    let git = ["desk", "sign-git", "--key", "work", "--repository", &dir];
    let asked = world.json(&[git.as_slice(), &["base..main"]].concat());
    world.carry_out();
    world.vault.approve_last();
    done(&world.carry_back());
    assert_eq!(world.state(&id(&asked)), "done");
    repository.git(&["push", "--quiet", "origin", "main"]);
    let pushed = repository.try_git(&["push", "origin", "v1"]);
    assert!(!pushed.status.success(), "{}", text(&pushed));
    // A new branch at what is there, a light tag on it, and their removal, need no signature.
    repository.git(&["push", "--quiet", "origin", "main:other"]);
    repository.git(&["tag", "light"]);
    repository.git(&["push", "--quiet", "origin", "light"]);
    repository.git(&["push", "--quiet", "origin", ":other"]);
}

#[test]
fn a_hook_of_somebody_else_stays() {
    let world = World::new();
    let repository = Repository::new(&world);
    let dir = repository.dir.to_str().unwrap().to_owned();
    let hook = repository.dir.join(".git/hooks/pre-push");
    write_program(&hook, "#!/bin/sh\nexit 0\n");
    let install = ["desk", "hook", "install", "--repository", &dir];
    let refused = world.run(&install);
    assert!(
        text(&refused).contains("[hook-exists]"),
        "{}",
        text(&refused)
    );
    assert_eq!(
        std::fs::read_to_string(&hook).unwrap(),
        "#!/bin/sh\nexit 0\n"
    );
    done(&world.run(&[install.as_slice(), &["--force"]].concat()));
    done(&world.run(&install));
    assert!(
        std::fs::read_to_string(&hook)
            .unwrap()
            .contains("desk check-push")
    );
}
