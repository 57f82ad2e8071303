//! Whether a raw medium may be written over without asking.

use crate::Lane;

/// What the beginning of a medium says about who needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Nobody: nothing is there.
    Nobody,
    /// These lanes, as soon as a part of theirs is found further back: it looks like noise, as
    /// parts of other lanes do.
    OursWithPart,
    /// These lanes: it begins with a part that this machine wrote.
    Ours,
    /// Somebody else.
    Other,
}

impl Owner {
    /// Judges the first bytes of a medium, or all of them if it is shorter.
    pub(crate) fn of(beginning: &[u8], lanes: &[Lane]) -> Self {
        let is_all = |value| beginning.iter().all(|byte| *byte == value);
        if is_all(0x00) || is_all(0xff) {
            return Self::Nobody;
        }
        // Part files in a file system lie at boundaries too, so that parts alone prove nothing.
        if !looks_like_noise(beginning) {
            return Self::Other;
        }
        if lanes.iter().any(|lane| lane.wrote(beginning)) {
            return Self::Ours;
        }
        Self::OursWithPart
    }

    /// Whether nobody else needs what is there, given whether a part of these lanes was found.
    pub(crate) fn is_free(self, has_part: bool) -> bool {
        match self {
            Self::Nobody | Self::Ours => true,
            Self::OursWithPart => has_part,
            Self::Other => false,
        }
    }
}

/// Parts and gaps are random throughout; partition tables, file systems and documents with a
/// header have runs in their first sector.
fn looks_like_noise(beginning: &[u8]) -> bool {
    let sector = beginning.get(..SECTOR_BYTES).unwrap_or(beginning);
    !sector
        .windows(RUN_BYTES)
        .any(|run| run.iter().all(|byte| run.first() == Some(byte)))
}

/// Every medium that Causeway has written begins with at least this much of a part and its gap.
const SECTOR_BYTES: usize = 512;
/// So many equal bytes in a row come up in one of two thousand million random sectors.
const RUN_BYTES: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_media_without_a_byte_are_nobodys() {
        for blank in [vec![], vec![0; 70_000], vec![0xff; 512]] {
            assert_eq!(Owner::of(&blank, &[]), Owner::Nobody);
        }
        // A file system that begins behind 64 KiB of zeros.
        let mut late = vec![0; 70_000];
        late[65_600] = b'_';
        assert_eq!(Owner::of(&late, &[]), Owner::Other);
    }

    #[test]
    fn a_part_in_a_file_system_does_not_make_it_ours() {
        let mut boot_sector = [7_u8, 9].repeat(256);
        assert!(Owner::of(&boot_sector, &[]).is_free(true));
        assert!(!Owner::of(&boot_sector, &[]).is_free(false));
        boot_sector[100..106].fill(0);
        assert!(!Owner::of(&boot_sector, &[]).is_free(true));
    }
}
