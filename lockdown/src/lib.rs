//! What this process gives up before it opens anything: sockets of every family, core dumps, and
//! being looked into by other processes of the same user.
//!
//! The vault needs no socket at all, so that none is allowed: a hole in a parser then has no way
//! to speak to anybody. The process of a window needs one to the display on the same machine:
//! only those are allowed until it is open, and none from then on. The filter holds for threads
//! and processes that start later.
//!
//! A process that reads foreign bytes and holds no keys gives up nearly everything else, too:
//! [`WorkerLimits`].

mod worker;

use std::collections::BTreeMap;

use rustix::process::{DumpableBehavior, Resource, Rlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use thiserror::Error;

pub use worker::WorkerLimits;

/// A part of the lockdown that the machine did not take.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockdownError {
    /// The socket filter.
    #[error("sockets could not be forbidden: {0}")]
    Sockets(#[from] seccompiler::Error),
    /// Core dumps and being traced.
    #[error("memory dumps could not be forbidden: {0}")]
    Dumps(rustix::io::Errno),
    /// The limits on memory and time.
    #[error("memory and time could not be limited: {0}")]
    Limits(rustix::io::Errno),
}

/// The sockets that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sockets {
    /// None.
    None,
    /// To the display of this machine, until a window is open: sockets of the local family, and
    /// none that anybody could connect to.
    Display,
}

/// What is in force.
#[derive(Debug)]
pub struct Lockdown {
    failures: Vec<LockdownError>,
}

impl Lockdown {
    /// Gives up what the program does not need. What cannot be given up is reported, not fatal:
    /// an old kernel still keeps a vault better than no vault does.
    #[must_use]
    pub fn apply(sockets: Sockets) -> Self {
        // Files that the store makes by itself must be for the owner only, too.
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
        let dumps = forbid_dumps().err().map(LockdownError::Dumps);
        let sockets = forbid_sockets(sockets).err().map(LockdownError::Sockets);
        Self {
            failures: dumps.into_iter().chain(sockets).collect(),
        }
    }

    /// Forbids every further socket, once a window is open; what is open stays so.
    ///
    /// # Errors
    /// [`LockdownError::Sockets`] where the machine does not take it.
    pub fn forbid_further_sockets() -> Result<(), LockdownError> {
        Ok(forbid_sockets(Sockets::None)?)
    }

    /// What is not in force.
    #[must_use]
    pub fn failures(&self) -> &[LockdownError] {
        &self.failures
    }
}

fn forbid_dumps() -> Result<(), rustix::io::Errno> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, none)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Makes calls that make, connect or offer a socket fail with `EPERM`, in all threads.
fn forbid_sockets(allowed: Sockets) -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in FORBIDDEN_CALLS {
        let when = match allowed {
            Sockets::None => Vec::new(),
            Sockets::Display if call == libc::SYS_connect => continue,
            Sockets::Display if MAKING_CALLS.contains(&call) => vec![of_another_family()?],
            Sockets::Display => Vec::new(),
        };
        rules.insert(call, when.clone());
        rules.insert(call | X32_BIT, when);
    }
    let refuse = SeccompAction::Errno(PERMISSION_DENIED);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?;
    let program = BpfProgram::try_from(filter)?;
    seccompiler::apply_filter_all_threads(&program)
}

/// The socket that is asked for is not one within this machine.
fn of_another_family() -> Result<SeccompRule, seccompiler::BackendError> {
    let local = u64::from(libc::AF_UNIX.unsigned_abs());
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local)?;
    SeccompRule::new(vec![condition])
}

/// These name the family of the socket in their first argument.
const MAKING_CALLS: [i64; 2] = [libc::SYS_socket, libc::SYS_socketpair];

/// `io_uring_setup` is here because its rings make sockets without these calls.
const FORBIDDEN_CALLS: [i64; 8] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_io_uring_setup,
];
/// The x32 way of calling a 64-bit x86 kernel sets this bit in the number, under the same
/// architecture; other foreign ways end the process in the filter's own check.
const X32_BIT: i64 = 0x4000_0000;
/// `EPERM`.
const PERMISSION_DENIED: u32 = 1;
