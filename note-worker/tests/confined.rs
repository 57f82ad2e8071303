//! What the worker has given up before it reads the first foreign byte.

use std::fs::File;
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitStatus};
use std::{io, thread};

use lockdown::WorkerLimits;

/// Set for the child only, so that the filter never reaches the other tests.
const IN_CHILD: &str = "CAUSEWAY_NOTE_CONFINED_CHILD";

const LIMITS: WorkerLimits = WorkerLimits {
    address_space_bytes: 256 << 20,
    cpu_secs: 1,
};

/// Runs a test again in a process of its own, and tells how that ended.
fn in_child(test: &str) -> Option<ExitStatus> {
    if std::env::var_os(IN_CHILD).is_some() {
        LIMITS.confine().unwrap();
        return None;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([test, "--exact", "--nocapture"])
        .env(IN_CHILD, "1");
    Some(child.output().unwrap().status)
}

fn is_refused<T>(tried: io::Result<T>) -> bool {
    tried.is_err_and(|err| err.kind() == io::ErrorKind::PermissionDenied)
}

#[test]
fn no_file_socket_program_or_thread_can_be_opened() {
    if let Some(status) = in_child("confined::no_file_socket_program_or_thread_can_be_opened") {
        assert!(status.success(), "{status:?}");
        return;
    }
    assert!(is_refused(File::open("/dev/null")), "a file to read");
    assert!(
        is_refused(File::create("/tmp/causeway-note-test")),
        "a file to write"
    );
    assert!(is_refused(std::fs::read_dir("/")), "a directory");
    assert!(
        is_refused(std::fs::remove_file("/nowhere")),
        "removing a file"
    );
    assert!(is_refused(UnixStream::pair()), "a pair of sockets");
    assert!(is_refused(UdpSocket::bind("127.0.0.1:0")), "a socket");
    assert!(is_refused(Command::new("/bin/true").spawn()), "a program");
    assert!(is_refused(thread::Builder::new().spawn(|| {})), "a thread");
}

#[test]
fn memory_beyond_the_limit_is_not_given() {
    if let Some(status) = in_child("confined::memory_beyond_the_limit_is_not_given") {
        assert!(status.success(), "{status:?}");
        return;
    }
    let mut bytes: Vec<u8> = Vec::new();
    assert!(bytes.try_reserve_exact(300 << 20).is_err());
    assert!(bytes.try_reserve_exact(1 << 20).is_ok());
}

#[test]
fn time_beyond_the_limit_is_not_given() {
    use std::os::unix::process::ExitStatusExt as _;
    if let Some(status) = in_child("confined::time_beyond_the_limit_is_not_given") {
        assert_eq!(status.signal(), Some(24), "{status:?}");
        return;
    }
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}
