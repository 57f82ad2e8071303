//! The confinement of a process that does nothing but read foreign bytes: it computes on what
//! comes out of a pipe and answers into another.

use std::collections::BTreeMap;

use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::{LockdownError, PERMISSION_DENIED, forbid_dumps};

/// What such a process may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Address space: an allocation beyond it fails.
    pub address_space_bytes: u64,
    /// Processor time: the process is ended when it has used this up.
    pub cpu_secs: u64,
}

impl WorkerLimits {
    /// Gives up everything but memory and the pipes that are open: files, sockets, programs,
    /// threads, signals to others and memory that can be executed. It holds until the process
    /// ends, and nothing of it can be taken back.
    ///
    /// # Errors
    /// What the machine does not take. Foreign bytes must not be read then.
    pub fn confine(self) -> Result<(), LockdownError> {
        forbid_dumps().map_err(LockdownError::Dumps)?;
        let bytes = self.address_space_bytes;
        // The first ends it by a signal that says why, the second whatever it does about that.
        let secs = self.cpu_secs;
        let limits = [
            (Resource::As, bytes, bytes),
            (Resource::Cpu, secs, secs.saturating_add(1)),
        ];
        for (resource, current, maximum) in limits {
            let limit = Rlimit {
                current: Some(current),
                maximum: Some(maximum),
            };
            setrlimit(resource, limit).map_err(LockdownError::Limits)?;
        }
        Ok(allow_memory_and_pipes()?)
    }
}

/// Makes every call that is not on the list fail with `EPERM`, in all threads.
fn allow_memory_and_pipes() -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in ALLOWED_CALLS {
        let when = if EXECUTABLE_CALLS.contains(&call) {
            vec![that_cannot_be_executed()?]
        } else {
            Vec::new()
        };
        rules.insert(call, when);
    }
    rules.insert(libc::SYS_tgkill, vec![to_itself()?]);
    let refuse = SeccompAction::Errno(PERMISSION_DENIED);
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, arch)?;
    let program = BpfProgram::try_from(filter)?;
    seccompiler::apply_filter_all_threads(&program)
}

/// The third argument, the protection of the memory, is without `PROT_EXEC`.
fn that_cannot_be_executed() -> Result<SeccompRule, seccompiler::BackendError> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let without = SeccompCmpOp::MaskedEq(executable);
    let condition = SeccompCondition::new(2, SeccompCmpArgLen::Dword, without, 0)?;
    SeccompRule::new(vec![condition])
}

/// The first argument is this process: how a failed allocation ends it by the right signal.
fn to_itself() -> Result<SeccompRule, seccompiler::BackendError> {
    let this = u64::from(std::process::id());
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, this)?;
    SeccompRule::new(vec![condition])
}

/// These make memory executable where their third argument says so.
const EXECUTABLE_CALLS: [i64; 2] = [libc::SYS_mmap, libc::SYS_mprotect];

/// What an allocator, the standard library's locks and the end of a process need, beside a signal
/// to itself. None of them takes a path, an address or another process.
const ALLOWED_CALLS: [i64; 23] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
