//! How much work and memory a file may make scrypt spend, and spending it.

use pack_format::advice::{Advice, Exit};
use scrypt::Params;
use thiserror::Error;
use zeroize::Zeroizing;

/// Parameters of scrypt inside our bounds: a block size of 8, at most [`MEMORY_MIB_MAX`] MiB and
/// [`PASSES_MAX`] times the work of minisign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScryptCost {
    log_n: u8,
    passes: u32,
}

/// Why scrypt is not run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CostError {
    /// More than minisign itself ever asks for.
    #[error("the file asks for {found_mib} MiB of memory, more than {MEMORY_MIB_MAX}")]
    OverMemory {
        /// How much the file asks for.
        found_mib: u64,
    },
    /// It would take too long, by accident or on purpose, or it asks for no work at all.
    #[error("the file asks for {found} passes of scrypt, and 1 to {PASSES_MAX} are allowed")]
    Passes {
        /// How many the file asks for.
        found: u64,
    },
    /// The machine cannot spare the memory.
    #[error("scrypt needs {memory_mib} MiB of memory, which the machine does not have")]
    Memory {
        /// How much it needs.
        memory_mib: u64,
    },
}

impl Advice for CostError {
    fn code(&self) -> &'static str {
        match self {
            Self::OverMemory { .. } | Self::Passes { .. } => "scrypt-cost",
            Self::Memory { .. } => "scrypt-memory",
        }
    }

    fn data_safe(&self) -> String {
        "Nothing was imported or exported.".to_owned()
    }

    fn next_step(&self) -> String {
        match self {
            Self::OverMemory { .. } | Self::Passes { .. } => {
                "Protect a copy of the key anew with minisign -C -s COPY, and import the copy."
            }
            Self::Memory { .. } => "End other programs, or use a machine with more memory.",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::OverMemory { .. } | Self::Passes { .. } => Exit::Refused,
            Self::Memory { .. } => Exit::Failed,
        }
    }
}

impl ScryptCost {
    /// What libsodium makes of its two limits, `pickparams` of its `crypto_pwhash_scryptsalsa…`.
    ///
    /// # Errors
    /// [`CostError::OverMemory`] and [`CostError::Passes`].
    pub(super) fn of_libsodium(operations: u64, memory_bytes: u64) -> Result<Self, CostError> {
        let operations = operations.max(32_768);
        let is_bound_by_work = operations < memory_bytes / 32;
        let n_max = if is_bound_by_work {
            operations / (BLOCK_SIZE * 4)
        } else {
            memory_bytes / (BLOCK_SIZE * 128)
        };
        let log_n = (1_u8..63)
            .find(|log_n| 1_u64 << log_n > n_max / 2)
            .unwrap_or(63);
        let n = 1_u64 << log_n;
        let found_mib = n.saturating_mul(BLOCK_SIZE * 128) >> 20;
        if found_mib > MEMORY_MIB_MAX {
            return Err(CostError::OverMemory { found_mib });
        }
        let found = if is_bound_by_work {
            1
        } else {
            operations / 4 / n / BLOCK_SIZE
        };
        let passes = u32::try_from(found)
            .ok()
            .filter(|passes| (1..=PASSES_MAX).contains(passes))
            .ok_or(CostError::Passes { found })?;
        Ok(Self { log_n, passes })
    }

    /// `bytes XOR scrypt(passphrase, salt)`: protects what is open, and opens what is protected.
    ///
    /// # Errors
    /// [`CostError::Memory`].
    pub(super) fn applied(
        self,
        passphrase: &[u8],
        salt: &[u8],
        bytes: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CostError> {
        let memory_bytes = (BLOCK_SIZE * 128) << self.log_n;
        let memory_mib = memory_bytes >> 20;
        let too_large = || CostError::Memory { memory_mib };
        // The crate ends the program when there is no memory, so that it is asked for here first.
        let needed = usize::try_from(memory_bytes).map_err(|_| too_large())?;
        Vec::<u8>::new()
            .try_reserve_exact(needed)
            .map_err(|_| too_large())?;
        let params = Params::new(self.log_n, 8, self.passes).map_err(|_| too_large())?;
        let mut stream = Zeroizing::new(vec![0; bytes.len()]);
        scrypt::scrypt(passphrase, salt, &params, &mut stream).map_err(|_| too_large())?;
        for (to, from) in stream.iter_mut().zip(bytes) {
            *to ^= from;
        }
        Ok(stream)
    }
}

/// `r` of scrypt, the only value that libsodium uses.
const BLOCK_SIZE: u64 = 8;
/// Most memory that a file may ask for, in MiB: what minisign itself uses.
const MEMORY_MIB_MAX: u64 = 1024;
/// Most passes over it. minisign uses one; each takes some seconds.
const PASSES_MAX: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_minisign_are_a_gibibyte_and_one_pass() {
        let cost = ScryptCost::of_libsodium(33_554_432, 1_073_741_824);
        let (log_n, passes) = (20, 1);
        assert_eq!(cost, Ok(ScryptCost { log_n, passes }));
    }

    #[test]
    fn limits_that_would_stall_the_machine_are_refused() {
        assert!(matches!(
            ScryptCost::of_libsodium(u64::MAX, u64::MAX),
            Err(CostError::OverMemory { .. })
        ));
        assert!(matches!(
            ScryptCost::of_libsodium(1 << 40, 1 << 41),
            Err(CostError::OverMemory {
                found_mib: 2_097_152
            })
        ));
        assert!(matches!(
            ScryptCost::of_libsodium(u64::MAX, 1 << 20),
            Err(CostError::Passes { .. })
        ));
        // Four passes over a gibibyte, and no more.
        assert!(ScryptCost::of_libsodium(4 << 25, 1 << 30).is_ok());
        assert!(ScryptCost::of_libsodium(5 << 25, 1 << 30).is_err());
        for shift in 0..64 {
            let small = ScryptCost::of_libsodium(0, 1 << shift);
            assert!(small.is_ok() || matches!(small, Err(CostError::Passes { .. })));
        }
    }
}
