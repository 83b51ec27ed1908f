//! Partitions: keys stay where they are, and each partition lives its own life.

mod common;

use std::future::pending;

use seaworthy_supervisor::{
    Child, ChildResult, Context, DynamicSupervisor, Ended, PartitionedBuilder,
    PartitionedSupervisor, StartChildError, Supervisor, TaskSupervisor, TaskSupervisorBuilder,
};
use seaworthy_testkit::Live;

use common::{Log, children, idle, noted, secs, settle};

/// Rooms by name, in so many partitions.
fn rooms(partitions: usize) -> PartitionedBuilder<DynamicSupervisor<String>> {
    let rooms = PartitionedSupervisor::builder("rooms", partitions, |index| {
        let room = Child::template(|_cx: Context, _name: String| pending::<ChildResult>());
        DynamicSupervisor::builder(format!("part-{index}"))
            .template(room)
            .intensity(0, secs(5))
    });
    rooms.expect("a number of partitions that is allowed")
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_one_partition() {
    let rooms = rooms(4).start().await.unwrap();
    assert_eq!(children(&rooms).await, "part-0 part-1 part-2 part-3");
    assert_eq!(rooms.partitions().len(), 4);
    for number in 0..100 {
        let name = format!("room {number}");
        let index = rooms.index_of(&name);
        // Owned or borrowed, by this handle or a clone: the same key.
        assert_eq!(rooms.clone().index_of(name.as_str()), index);
        assert_eq!(rooms.for_key(&name).id(), format!("part-{index}"));
        let room = rooms.for_key(&name).start_child(name).await.unwrap();
        let path = room.expect("it runs").path();
        assert!(path.starts_with(&format!("rooms/part-{index}/#")), "{path}");
    }
    let mut all = 0;
    for partition in rooms.partitions() {
        let workers = partition.count_children().await.unwrap().workers;
        assert!((5..50).contains(&workers), "{workers} of 100 in one of 4");
        all += workers;
    }
    assert_eq!(all, 100);
    let others = self::rooms(4);
    let elsewhere = others.handle();
    assert!((0..100).all(|key: u32| elsewhere.index_of(&key) == rooms.index_of(&key)));
    assert!((0..100).all(|key: u32| self::rooms(1).handle().index_of(&key) == 0));
    rooms.stop().await;
}

/// What happens to one concerns no other, and its handle finds it again.
#[tokio::test(start_paused = true)]
async fn each_is_restarted_on_its_own() {
    let rooms = rooms(3);
    let kept = rooms.handle();
    let root = Supervisor::builder("app").child(Child::supervisor(rooms));
    let root = root.start().await.unwrap();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    for name in names {
        kept.for_key(name)
            .start_child(name.to_owned())
            .await
            .unwrap();
    }
    let count = async |index: usize| {
        let partition = &kept.partitions()[index];
        partition.count_children().await.unwrap().workers
    };
    let before = [count(0).await, count(1).await, count(2).await];
    assert_eq!(before.iter().sum::<usize>(), 10);
    let hit = kept.index_of("a");
    let incarnation = |index: usize| {
        let partition = root.child(&format!("rooms/part-{index}"));
        partition.expect("it runs").incarnation()
    };
    let incarnations = [0, 1, 2].map(incarnation);
    // The intensity of a partition is zero: one crash ends it.
    let room = kept.for_key("a").child("#1").expect("it runs");
    assert!(room.kill());
    settle().await;
    for index in 0..3 {
        let expected = if index == hit { 0 } else { before[index] };
        assert_eq!(count(index).await, expected, "{index}");
        assert_eq!(incarnation(index) != incarnations[index], index == hit);
    }
    assert_eq!(kept.index_of("a"), hit);
    assert!(kept.for_key("a").start_child("a".to_owned()).await.is_ok());
    root.stop().await;
    let refused = kept.for_key("a").start_child("a".to_owned()).await;
    assert!(matches!(refused, Err(StartChildError::NotAlive)));
}

/// Partitions as a whole that crash too often are too many for their supervisor.
#[tokio::test(start_paused = true)]
async fn too_many_crashes_of_partitions() {
    let builder = PartitionedSupervisor::builder("all", 2, |index| {
        TaskSupervisor::builder(format!("{index}"))
    });
    let tasks = builder
        .unwrap()
        .intensity(1, secs(5))
        .start()
        .await
        .unwrap();
    for index in [0, 1] {
        tasks.child(&index.to_string()).unwrap().kill();
        settle().await;
    }
    let Ended::GaveUp { child, .. } = tasks.ended().await else {
        panic!("it gave up")
    };
    assert_eq!(&*child, "all/1");
}

#[tokio::test(start_paused = true)]
async fn partitions_of_any_kind() {
    let tasks = PartitionedSupervisor::builder("tasks", 2, |index| {
        TaskSupervisor::builder(format!("tasks-{index}")).max_children(1)
    });
    let tasks = tasks.unwrap().start().await.unwrap();
    let task = tasks
        .for_key(&7)
        .spawn_nolink(|cx| async move { cx.path() });
    let path = task.await.unwrap().await.unwrap();
    assert_eq!(&*path, format!("tasks/tasks-{}/#1", tasks.index_of(&7)));

    let log = Log::default();
    let plain = PartitionedSupervisor::builder("plain", 2, |index| {
        let worker = noted(&log, ["a", "b"][index]);
        Supervisor::builder(index.to_string()).child(worker)
    });
    let plain = plain.unwrap().start().await.unwrap();
    assert_eq!(children(plain.for_key("x")).await.len(), 1);
    plain.stop().await;
    assert_eq!(log.take(), "+a +b -b -a", "in order, and back");

    // With a handle of one's own.
    let pairs = PartitionedSupervisor::builder("pairs", 2, |index| {
        (
            Supervisor::builder(index.to_string()).child(idle("w")),
            index,
        )
    });
    let pairs = pairs.unwrap().start().await.unwrap();
    assert_eq!(*pairs.for_key("x"), pairs.index_of("x"));
    assert!(pairs.child(&format!("{}/w", pairs.for_key("x"))).is_some());
}

#[tokio::test(start_paused = true)]
async fn bad_numbers_and_ids_are_refused() {
    for partitions in [0, 65_537, usize::MAX] {
        let builder =
            PartitionedSupervisor::builder("p", partitions, |_| -> TaskSupervisorBuilder {
                unreachable!("nothing is made")
            });
        let error = builder.unwrap_err();
        assert_eq!(
            (error.field, error.allowed.as_str()),
            ("partitions", "1 to 65536")
        );
        assert_eq!(error.value, partitions.to_string());
    }
    let twins = PartitionedSupervisor::builder("p", 2, |_| TaskSupervisor::builder("same"));
    let error = twins.unwrap().start().await.unwrap_err();
    assert!(
        error.to_string().contains("an id that no other child"),
        "{error}"
    );
}

/// What a handle refers to is stopped when its last owner goes.
#[tokio::test(start_paused = true)]
async fn dropping_the_owner_stops_the_partitions() {
    let live = Live::new();
    let tasks = PartitionedSupervisor::builder("p", 2, |i| TaskSupervisor::builder(i.to_string()));
    let tasks = tasks.unwrap().start().await.unwrap();
    let not_owner = tasks.for_key("a").clone();
    let guard = live.guard();
    let task = not_owner.spawn_nolink(|_cx| async move {
        let _guard = guard;
        pending::<()>().await
    });
    let task = task.await.unwrap();
    drop(tasks);
    assert!(task.await.is_err());
    assert_eq!(live.alive(), 0);
}
