//! How a bulkhead is, as plain data.

use seaworthy_core::component::{Snapshot, Status};

use crate::shared::{Shared, View};

pub(crate) fn of(shared: &Shared) -> Snapshot {
    let whole = shown(shared.name(), shared.view());
    if !shared.is_partitioned() {
        return whole;
    }
    (0..shared.classes()).fold(whole, |whole, class| {
        let view = shared.view_of(class);
        let part = shown(shared.name_of(class), view);
        whole.child(part.field("guaranteed", u64::from(view.guaranteed)))
    })
}

fn shown(name: &str, view: View) -> Snapshot {
    let View {
        in_flight,
        limit,
        waiting,
        rejected,
        ..
    } = view;
    // A full bulkhead protects what is behind it; it does not make the program unhealthy.
    let (state, status) = if in_flight >= limit {
        ("full", Status::Degraded)
    } else {
        ("open", Status::Healthy)
    };
    Snapshot::new("bulkhead", name, state)
        .status(status)
        .field("in_flight", u64::from(in_flight))
        .field("limit", u64::from(limit))
        .field("waiting", waiting as u64)
        .field("rejected", rejected)
}
