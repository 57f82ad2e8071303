//! One hash of everything that membership comes to, for checkpoints.

use pack_format::advice::Advice;
use pack_format::codec::Writer;

use super::members::Membership;
use crate::role::Role;

impl Membership {
    /// `BLAKE3-derive-key("causeway/team/v1 membership digest", owners || members || devices ||
    /// compartments || epochs || deletions || adopted || ignored)`: the same for whoever holds the
    /// same control segments and forks.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut writer = Writer::new();
        writer.u32(self.generation());
        writer.count(self.owners().len());
        for owner in self.owners() {
            owner.write(&mut writer);
        }
        self.write_members(&mut writer);
        self.write_devices(&mut writer);
        self.write_keys(&mut writer);
        self.write_content(&mut writer);
        writer.count(self.ignored.len());
        for ignored in &self.ignored {
            ignored.deed.operation.segment.write(&mut writer);
            writer.u16(ignored.deed.operation.index);
            writer.text(ignored.reason.code());
        }
        let context = "causeway/team/v1 membership digest";
        blake3::derive_key(context, &writer.into_bytes())
    }

    fn write_members(&self, writer: &mut Writer) {
        writer.count(self.members.len());
        for member in self.members.values() {
            member.id.write(writer);
            member.name.write(writer);
            write_role(member.role, writer);
            member.history.write(writer);
            writer.count(member.devices.len());
            for device in &member.devices {
                device.write(writer);
            }
        }
        writer.count(self.compartments.len());
        for compartment in self.compartments.values() {
            compartment.id.write(writer);
            compartment.name.write(writer);
            writer.count(compartment.readers.len());
            for reader in &compartment.readers {
                reader.write(writer);
            }
        }
    }

    fn write_devices(&self, writer: &mut Writer) {
        writer.count(self.devices.len());
        for device in self.devices.values() {
            device.id.write(writer);
            device.member.write(writer);
            writer.u8(u8::from(device.active));
            writer.u64(device.forked.unwrap_or(0));
            let (number, prekey) = self.prekeys.get(&device.id).copied().unzip();
            writer.u32(number.unwrap_or(0));
            for operation in [prekey, self.routes.get(&device.id).copied()] {
                writer.u8(u8::from(operation.is_some()));
                if let Some(operation) = operation {
                    operation.segment.write(writer);
                    writer.u16(operation.index);
                }
            }
        }
    }

    fn write_keys(&self, writer: &mut Writer) {
        writer.count(self.epochs.len());
        for epoch in self.epochs.values() {
            epoch.id.write(writer);
            writer.u8(u8::from(epoch.refused.is_none()));
            writer.count(epoch.recipients.len());
            for device in &epoch.recipients {
                device.write(writer);
            }
        }
    }

    fn write_content(&self, writer: &mut Writer) {
        writer.count(self.deletions.len());
        for request in &self.deletions {
            request.deed.operation.segment.write(writer);
            writer.u16(request.deed.operation.index);
            writer.u8(u8::from(request.any));
        }
        writer.count(self.adopted.len());
        for segment in &self.adopted {
            segment.write(writer);
        }
    }
}

fn write_role(role: Option<Role>, writer: &mut Writer) {
    writer.u8(u8::from(role.is_some()));
    if let Some(role) = role {
        role.write(writer);
    }
}
