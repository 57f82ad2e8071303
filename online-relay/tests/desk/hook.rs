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

#[test]
fn the_hook_is_put_where_git_looks_for_it() {
    let world = World::new();
    let repository = Repository::new(&world);
    std::fs::create_dir(repository.dir.join("sub")).unwrap();
    let sub = repository.dir.join("sub");
    let install = ["desk", "hook", "install", "--repository"];
    let install = [install.as_slice(), &[sub.to_str().unwrap()]].concat();
    repository.git(&["config", "core.hooksPath", "githooks"]);
    done(&world.run(&install));
    assert!(repository.dir.join("githooks/pre-push").exists());
    repository.git(&["config", "--unset", "core.hooksPath"]);
    let included = world.write("included", b"[core]\n\thooksPath = other\n");
    repository.git(&["config", "include.path", included.to_str().unwrap()]);
    done(&world.run(&install));
    assert!(repository.dir.join("other/pre-push").exists());
}

#[test]
fn links_in_the_repository_are_not_written_through() {
    let world = World::new();
    world.add_key("work", ssh_public().to_string().as_bytes());
    let repository = Repository::new(&world);
    let dir = repository.dir.to_str().unwrap().to_owned();
    let victim = world.write("victim", b"precious");
    let hook = repository.dir.join(".git/hooks/pre-push");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&victim, &hook).unwrap();
    let install = ["desk", "hook", "install", "--repository", &dir];
    assert!(text(&world.run(&install)).contains("[hook-exists]"));
    done(&world.run(&[install.as_slice(), &["--force"]].concat()));
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");

    let setup = ["desk", "git-setup", "--key", "work", "--repository", &dir];
    let causeway = repository.dir.join(".git/causeway");
    std::os::unix::fs::symlink(world.path(""), &causeway).unwrap();
    let refused = text(&world.run(&setup));
    assert!(refused.contains("[desk-not-a-folder]"), "{refused}");
    std::fs::remove_file(&causeway).unwrap();
    std::fs::create_dir(&causeway).unwrap();
    std::os::unix::fs::symlink(&victim, causeway.join("allowed-signers")).unwrap();
    done(&world.run(&setup));
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn what_another_remote_has_is_checked_and_nonsense_is_no_signature() {
    let world = World::new();
    let repository = Repository::new(&world);
    let dir = repository.dir.to_str().unwrap().to_owned();
    for name in ["origin", "second"] {
        let remote = world.path(name);
        repository.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
        repository.git(&["remote", "add", name, remote.to_str().unwrap()]);
    }
    repository.git(&["push", "--quiet", "origin", "main"]);
    done(&world.run(&["desk", "hook", "install", "--repository", &dir]));
    let pushed = repository.try_git(&["push", "second", "main"]);
    let said = text(&pushed);
    assert!(said.contains("[push-unsigned]"), "{said}");

    let raw = repository.git(&["cat-file", "commit", "main"]);
    let lie = raw.replace("\n\n", "\ngpgsig nonsense\n\n") + "\n";
    let lie = world.write("lie", lie.as_bytes());
    let write = ["hash-object", "-t", "commit", "-w", lie.to_str().unwrap()];
    let id = repository.git(&write);
    let pushed = repository.try_git(&["push", "second", &format!("{id}:refs/heads/lie")]);
    let said = text(&pushed);
    assert!(said.contains("[push-unsigned]"), "{said}");
}
