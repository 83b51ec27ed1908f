//! Whether a service that is down will come back, read from the tree when somebody asks.

use std::fmt;
use std::sync::Arc;

use crate::address::Address;
use crate::context::Context;
use crate::machine::Slot;
use crate::node::Node;

/// What is to be expected.
pub(crate) enum Fate {
    /// Nothing will bring it back by itself.
    Lost,
    /// It is being started, or may yet be. News is to be had from this place, if it is known.
    Coming(Option<Outlook>),
}

/// The nearest supervisor that is not on its way out, and the child of it that matters.
#[derive(Clone)]
pub(crate) struct Outlook {
    pub(super) node: Arc<Node>,
    pub(super) child: Arc<str>,
}

/// A supervisor, whichever incarnation of it runs, and the child of it that the service is or is below of.
#[derive(Clone)]
pub(crate) struct Rung {
    address: Arc<Address>,
    child: Arc<str>,
}

impl PartialEq for Rung {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.address, &other.address) && self.child == other.child
    }
}

impl fmt::Debug for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rung").field(&self.child).finish()
    }
}

impl Rung {
    /// The supervisor of `cx`, where the service is called `name`.
    pub(super) fn nearest(cx: &Context, name: &Arc<str>) -> Self {
        Self {
            address: Arc::clone(&cx.place().node.spec.address),
            child: Arc::clone(name),
        }
    }

    /// All supervisors of `cx`, up to the root.
    pub(super) fn all(cx: &Context, name: &Arc<str>) -> Arc<[Self]> {
        let nearest = std::iter::once(Self::nearest(cx, name));
        nearest.chain(Self::above(&cx.place().node)).collect()
    }

    /// All supervisors of the supervisor `node`, up to the root.
    pub(crate) fn above(mut node: &Arc<Node>) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let above = node.parent()?;
            let rung = Self {
                address: Arc::clone(&above.node.spec.address),
                child: Arc::clone(&node.spec.id),
            };
            node = &above.node;
            Some(rung)
        })
    }
}

impl Fate {
    /// Who is down or on the way out decides nothing any more: whoever is above does.
    pub(crate) fn of(ancestry: &[Rung]) -> Self {
        for Rung { address, child } in ancestry {
            let Some(node) = address.node() else {
                continue;
            };
            match prospect(&node, child) {
                Prospect::Ending => {}
                Prospect::None => return Self::Lost,
                Prospect::Good => {
                    let child = Arc::clone(child);
                    return Self::Coming(Some(Outlook { node, child }));
                }
            }
        }
        Self::Lost
    }
}

/// What a supervisor has in mind for a child.
enum Prospect {
    Good,
    None,
    /// The supervisor itself is on its way out.
    Ending,
}

fn prospect(node: &Node, child: &str) -> Prospect {
    node.with(|state| {
        let machine = &state.machine;
        if machine.is_ending() {
            return Prospect::Ending;
        }
        let entry = machine
            .find(child)
            .and_then(|key| machine.children().get(key));
        let wanted = entry.is_some_and(|entry| entry.is_alive() || entry.slot() != Slot::Vacant);
        // In the middle of something, or with something to read, it may yet start the child.
        if wanted || machine.is_busy() {
            Prospect::Good
        } else {
            Prospect::None
        }
    })
}
