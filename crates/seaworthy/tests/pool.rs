//! Workers who are supervised, and one queue of deliveries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seaworthy::queue::{Failure, Queue};
use seaworthy::supervisor::{Child, Context, Supervisor};
use tokio::time::sleep;

/// Each item that a worker has handled, and how often.
type Handled = Arc<Mutex<HashMap<u32, u32>>>;

fn worker(name: String, queue: &Queue<u32>, handled: &Handled) -> Child {
    let (queue, handled) = (queue.clone(), Arc::clone(handled));
    Child::task(name, move |_cx: Context| {
        let (rx, handled) = (queue.receiver(), Arc::clone(&handled));
        async move {
            while let Some(delivery) = rx.recv_delivery().await {
                sleep(Duration::from_millis(10)).await;
                assert_ne!(*delivery % 100, 13, "poison {}", *delivery);
                *handled
                    .lock()
                    .expect("nobody panics with it")
                    .entry(*delivery)
                    .or_default() += 1;
                delivery.ack()?;
            }
            Ok(())
        }
    })
}

/// A thousand items, ten of them kill whoever has them. The pool lives, the ten end as dead letters, all others are
/// handled once.
#[tokio::test(start_paused = true)]
async fn a_poison_message_kills_workers_but_not_the_pool() {
    let queue: Queue<u32> = Queue::builder("jobs")
        .capacity(2000)
        .max_attempts(3)
        .build()
        .expect("it is allowed");
    let handled = Handled::default();
    let pool = (0..4).map(|number| worker(format!("worker-{number}"), &queue, &handled));
    let pool = Supervisor::builder("pool")
        .intensity(100, Duration::from_secs(60))
        .children(pool);
    let tree = pool.start().await.expect("it starts");
    let tx = queue.sender();
    for number in 0..1000 {
        tx.send(number).await.expect("there is room");
    }
    while queue.dead_letters() < 10 || !queue.is_empty() || queue.in_flight() > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(tree.is_alive(), "thirty crashes are within its intensity");
    let handled = handled.lock().expect("nobody panics with it");
    assert_eq!(handled.len(), 990);
    assert!(handled.values().all(|times| *times == 1));
    let mut dead = Vec::new();
    while let Some(letter) = queue.take_dead_letter() {
        assert_eq!(letter.attempts(), 3);
        let Failure::Panicked(Some(panic)) = letter.last_failure() else {
            panic!("it died otherwise: {:?}", letter.last_failure());
        };
        assert!(panic.message.contains(&format!("poison {}", letter.item())));
        dead.push(letter.into_item());
    }
    dead.sort_unstable();
    assert_eq!(dead, [13, 113, 213, 313, 413, 513, 613, 713, 813, 913]);
}
