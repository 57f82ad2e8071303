//! Since when somebody reads: how far back keys are to be shared with it.

use super::members::Membership;
use super::order::index;
use crate::ids::{CompartmentId, DeviceId, MemberId, OperationId};
use crate::role::Role;

impl Membership {
    /// The operations by which a member came to read a compartment, or the space as a whole, as it
    /// does now; empty for one that does not.
    ///
    /// The first is the grant that made it a reader: the first of all those of which nothing has
    /// taken that back; for an owner without one the vote that made it an owner. A higher role
    /// that was given later changes nothing; a role that was taken and given again does. In a
    /// named compartment the admission follows, chosen alike. What lies in the past of *any* of
    /// them was written before the member read.
    #[must_use]
    pub fn reads_since(&self, member: MemberId, compartment: CompartmentId) -> Vec<OperationId> {
        let engine = &self.walked.engine;
        let (Some(key), Some(found)) = (
            engine.order.key(DeviceId(member.0)),
            self.members.get(&member),
        ) else {
            return Vec::new();
        };
        let top = self.top(key);
        if !self.ask(false, |court| court.reads(&top, key, compartment)) {
            return Vec::new();
        }
        let mut raises = engine.raises.of(key).iter();
        let role = raises.find(|grant| {
            let role = self.ask(None, |court| court.role_by(&top, key, **grant));
            role >= Some(Role::Reader)
        });
        let role = self.operation_of(role).or_else(|| {
            let elected = top.state.addition(key)?.votes.iter().max()?;
            engine.operation_id(engine.marks.get(index(*elected))?.at)
        });
        let mut since = vec![role.unwrap_or(found.joined.operation)];
        if compartment != CompartmentId::WHOLE {
            let admissions = engine.admissions.get(&(compartment, key));
            let mut admissions = admissions.into_iter().flatten();
            let admission = admissions.find(|grant| {
                self.ask(false, |court| court.admits(&top, key, compartment, **grant))
            });
            since.extend(self.operation_of(admission));
        }
        since
    }

    fn operation_of(&self, grant: Option<&u32>) -> Option<OperationId> {
        let at = self.place_of_grant(*grant?)?;
        self.walked.engine.operation_id(at)
    }
}
