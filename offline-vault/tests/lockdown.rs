//! What the process gave up.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Command;
use std::{fs, io, thread};

use lockdown::{Lockdown, Sockets};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

use crate::machine::{Machine, answer};

/// Set for the child only, so that the filter never reaches the other tests.
const IN_CHILD: &str = "OFFLINE_VAULT_LOCKDOWN_CHILD";

#[test]
fn no_socket_of_any_family_can_be_made() {
    if std::env::var_os(IN_CHILD).is_some() {
        return try_everything();
    }
    let this = "lockdown::no_socket_of_any_family_can_be_made";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([this, "--exact", "--nocapture"])
        .env(IN_CHILD, "1");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Runs in a process of its own.
fn try_everything() {
    let before = socket(AddressFamily::INET, SocketType::DGRAM, None);
    assert!(before.is_ok(), "sockets work before the lockdown");
    let (tell, told) = std::sync::mpsc::channel();
    let older_thread = thread::spawn(move || {
        told.recv().unwrap();
        try_sockets();
    });
    let lockdown = Lockdown::apply(Sockets::None);
    assert!(lockdown.failures().is_empty(), "{lockdown:?}");
    tell.send(()).unwrap();
    older_thread.join().unwrap();
    try_sockets();
    thread::spawn(try_sockets).join().unwrap();
    let limit = getrlimit(Resource::Core);
    assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
}

fn try_sockets() {
    let families = [
        AddressFamily::UNIX,
        AddressFamily::INET,
        AddressFamily::INET6,
        AddressFamily::NETLINK,
        AddressFamily::PACKET,
        AddressFamily::VSOCK,
        AddressFamily::BLUETOOTH,
    ];
    for family in families {
        for kind in [SocketType::STREAM, SocketType::DGRAM, SocketType::RAW] {
            let refused = socket(family, kind, None).err();
            assert_eq!(
                refused,
                Some(rustix::io::Errno::PERM),
                "{family:?} {kind:?}"
            );
        }
    }
    refused("UDP", UdpSocket::bind("127.0.0.1:0").err());
    refused("TCP", TcpListener::bind("127.0.0.1:0").err());
    refused("TCP", TcpStream::connect("127.0.0.1:1").err());
    refused("unix pair", UnixStream::pair().err());
    refused("unix", UnixListener::bind("/tmp/never").err());
    refused("unix datagrams", UnixDatagram::unbound().err());
}

fn refused(what: &str, err: Option<io::Error>) {
    let kind = err.map(|err| err.kind());
    assert_eq!(kind, Some(io::ErrorKind::PermissionDenied), "{what}");
}

#[test]
fn the_program_runs_under_a_filter_from_its_start() {
    let machine = Machine::new("Amina");
    let status = machine.json(&["status"]);
    assert_eq!(status["lockdown"]["finding"], "ok");
    let session = machine.start(&["unlock"]);
    // The session waits for its input, so that it can be looked at from outside.
    let path = format!("/proc/{}/status", session.id());
    let mut found = String::new();
    for _ in 0..500 {
        found = fs::read_to_string(&path).unwrap();
        if found.contains("Seccomp:\t2") {
            break;
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(found.contains("Seccomp:\t2"), "{found}");
    assert!(found.contains("NoNewPrivs:\t1"), "{found}");
    assert_eq!(answer(session, "lock\n").code, 0);
}
