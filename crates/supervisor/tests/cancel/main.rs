//! Every async call may be dropped at any of its awaits: what it says about that holds, and nothing
//! leaks.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod ends;
mod starts;
mod tasks;
mod world;

use std::path::Path;

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 26] = [
    ("builder.rs: start", starts::builder_start),
    ("builder.rs: start", tasks::start),
    ("context.rs: ShutdownSignal", ends::shutdown_signal),
    ("dynamic.rs: start", starts::dynamic_start),
    ("dynamic.rs: start_child", starts::dynamic_start_child),
    (
        "dynamic.rs: terminate_child",
        starts::dynamic_terminate_child,
    ),
    ("handle.rs: Task", tasks::a_task),
    ("handle.rs: shutdown", tasks::shutdown),
    ("link.rs: recv", ends::exits_recv),
    ("monitor.rs: Monitor", ends::monitor),
    ("partition.rs: start", tasks::partition_start),
    ("stream.rs: next", tasks::next),
    ("supervisor.rs: count_children", calls::count_children),
    ("supervisor.rs: delete_child", calls::delete_child),
    ("supervisor.rs: ended", ends::ended),
    ("supervisor.rs: restart_child", calls::restart_child),
    ("supervisor.rs: shutdown", ends::shutdown),
    ("supervisor.rs: start_child", calls::start_child),
    ("supervisor.rs: stop", ends::stop),
    ("supervisor.rs: suspend", calls::suspend),
    ("supervisor.rs: terminate_child", calls::terminate_child),
    ("supervisor.rs: which_children", calls::which_children),
    ("tasks.rs: spawn", tasks::spawn),
    ("tasks.rs: spawn_nolink", tasks::spawn_nolink),
    ("tasks.rs: start_child", tasks::start_child),
    ("yield_many.rs: yield_many", tasks::yield_many_tasks),
];

/// The calls of supervised services, which `tests/service` drops at every await.
const CALLS: [&str; 2] = ["future.rs: ResponseFuture", "owned.rs: OwnedResponseFuture"];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut tested = TESTED.map(|(name, _)| name).to_vec();
    tested.extend(CALLS);
    tested.sort_unstable();
    assert_eq!(seaworthy_testkit::async_functions(&sources), tested);
}
