//! The calls: once polled they are carried out, whoever waits for them.

use seaworthy_testkit::{Ending, at_every_await};
use tokio::time::timeout;

use crate::common::{millis, secs};
use crate::world::{World, slow};

#[test]
pub fn start_child() {
    let awaits = at_every_await(
        4,
        World::new,
        async |world| {
            world
                .root
                .start_child(slow(&world.live, "c", millis(10)))
                .await
        },
        async |world, ending| world.is(&ending, "a b?", "a b? c").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn terminate_child() {
    let awaits = at_every_await(
        4,
        World::new,
        async |world| world.root.terminate_child("a").await,
        async |world, ending| world.is(&ending, "a b?", "a? b?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn restart_child() {
    let awaits = at_every_await(
        4,
        World::new,
        async |world| world.root.restart_child("b").await.map(|_| ()),
        async |world, ending| world.is(&ending, "a b?", "a b").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn delete_child() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.delete_child("b").await,
        async |world, ending| world.is(&ending, "a? b?", "a?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn which_children() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.which_children().await,
        async |world, ending| world.is(&ending, "a? b?", "a? b?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn count_children() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.count_children().await,
        async |world, ending| world.is(&ending, "a? b?", "a? b?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn suspend() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.suspend().await,
        async |world, ending| {
            let answered = timeout(secs(1), world.root.which_children()).await.is_ok();
            assert_eq!(answered, matches!(ending, Ending::Unpolled));
            world.root.resume();
            world.is(&ending, "a? b?", "a? b?").await;
        },
    );
    assert_eq!(awaits, 1);
}
