//! What loom says about who is called, and when: run with `RUSTFLAGS="--cfg seaworthy_loom"`, in release.
//!
//! These are whole queues, without leases: the clock is not loom's. A lost wake-up shows as a deadlock.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll, Wake, Waker};

use loom::model::Builder;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::config::Config;
use crate::functions::Functions;
use crate::queue::Queue;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::shared::Shared;

fn queue(change: impl FnOnce(&mut Config), functions: Functions<u32>) -> Queue<u32> {
    let mut config = Config::default();
    config.deliveries.lease = None;
    change(&mut config);
    Queue::new(Shared::new("q".into(), config, functions))
}

fn ends(change: impl FnOnce(&mut Config)) -> (Sender<u32>, Receiver<u32>) {
    let queue = queue(change, Functions::default());
    (queue.sender(), queue.receiver())
}

/// All schedules there are.
pub(crate) fn model(run: impl Fn() + Send + Sync + 'static) {
    model_within(None, run);
}

/// All with up to so many preemptions, where all there are would take hours.
pub(crate) fn model_within(preemptions: Option<usize>, run: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    let schedules = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&schedules);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        run();
    });
    let schedules = schedules.load(Ordering::Relaxed);
    assert!(schedules > 10, "{schedules} schedules are no proof");
}

/// Not by `park`: loom's `unpark` is lost on a thread that waits for a lock.
#[derive(Default)]
struct Signal {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let (mut future, signal) = (pin!(future), Arc::new(Signal::default()));
    let waker = Waker::from(Arc::clone(&signal));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut woken = signal.woken.lock().unwrap();
        while !std::mem::take(&mut *woken) {
            woken = signal.changed.wait(woken).unwrap();
        }
    }
}

/// Polls it once, and drops it.
pub(crate) fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[test]
fn no_receiver_misses_its_item() {
    model_within(Some(3), || {
        let (tx, rx) = ends(|_| {});
        let receive = |rx: Receiver<u32>| block_on(rx.recv()).expect("one for each");
        let theirs = [(); 2].map(|()| {
            let rx = rx.clone();
            thread::spawn(move || receive(rx))
        });
        tx.try_send(1).expect("room");
        tx.try_send(2).expect("room");
        let [first, second] = theirs.map(|thread| thread.join().unwrap());
        assert_eq!(first + second, 3);
    });
}

#[test]
fn a_called_receiver_that_is_cancelled_passes_the_call_on() {
    model(|| {
        let (tx, rx) = ends(|_| {});
        let (fickle, back) = (rx.clone(), tx.clone());
        let first = thread::spawn(move || {
            if let Some(Some(item)) = poll_once(fickle.recv()) {
                back.try_send(item).expect("room");
            }
        });
        let second = thread::spawn(move || block_on(rx.recv()));
        tx.try_send(1).expect("room");
        first.join().unwrap();
        assert_eq!(second.join().unwrap(), Some(1));
    });
}

#[test]
fn a_sender_that_is_given_room_and_cancelled_gives_it_on() {
    model_within(Some(3), || {
        let (tx, rx) = ends(|config| config.capacity = 1);
        tx.try_send(1).expect("room");
        let fickle = tx.clone();
        let first = thread::spawn(move || poll_once(fickle.send(2)).is_some());
        let second = thread::spawn(move || block_on(tx.send(3)).is_ok());
        let mut got = vec![block_on(rx.recv()).expect("the first")];
        while got.last() != Some(&3) {
            got.push(block_on(rx.recv()).expect("there is 3 at least"));
        }
        assert!(second.join().unwrap());
        if first.join().unwrap() && !got.contains(&2) {
            got.push(block_on(rx.recv()).expect("it was sent"));
        }
        assert_eq!(rx.len(), 0);
        assert!(got.len() <= 3, "{got:?}");
    });
}

#[test]
fn each_producer_is_received_in_order() {
    model(|| {
        let (tx, rx) = ends(|config| config.capacity = 1);
        let thread = thread::spawn(move || {
            block_on(tx.send(1)).expect("somebody receives");
            block_on(tx.send(2)).expect("somebody receives");
        });
        assert_eq!(block_on(rx.recv()), Some(1));
        assert_eq!(block_on(rx.recv()), Some(2));
        assert_eq!(block_on(rx.recv()), None);
        thread.join().unwrap();
    });
}

#[test]
fn workers_that_take_turns_are_all_called() {
    model(|| {
        let (tx, rx) = ends(|config| config.deliveries.max_in_flight = Some(1));
        tx.try_send(1).expect("room");
        tx.try_send(2).expect("room");
        let work = |rx: Receiver<u32>| {
            let delivery = block_on(rx.recv_delivery()).expect("one for each");
            delivery.ack().expect("no lease");
        };
        let theirs = rx.clone();
        let thread = thread::spawn(move || work(theirs));
        work(rx.clone());
        thread.join().unwrap();
        assert!(rx.is_empty() && tx.capacity() == tx.max_capacity());
    });
}

#[test]
fn a_worker_that_lets_go_calls_the_other() {
    model(|| {
        let (tx, rx) = ends(|config| config.deliveries.max_in_flight = Some(1));
        let (theirs, mine) = (rx.clone(), rx);
        let thread = thread::spawn(move || drop(poll_once(theirs.recv_delivery())));
        tx.try_send(1).expect("room");
        let delivery = block_on(mine.recv_delivery()).expect("it comes again");
        assert!((1..=2).contains(&delivery.attempt()));
        delivery.ack().expect("no lease");
        thread.join().unwrap();
    });
}

/// The last sender goes, and somebody would like to be one again: then it is, or the queue is closed.
#[test]
fn the_end_is_seen_by_all() {
    model(|| {
        let (tx, rx) = ends(|_| {});
        let weak = tx.downgrade();
        let last = thread::spawn(move || drop(tx));
        let again = thread::spawn(move || {
            let tx = weak.upgrade()?;
            Some(tx.try_send(1).expect("a sender keeps it open"))
        });
        let got = block_on(rx.recv());
        assert_eq!(got.is_some(), again.join().unwrap().is_some());
        assert!(got.is_none() || block_on(rx.recv()).is_none());
        last.join().unwrap();
    });
}

/// The last receiver goes while something is sent: it is refused, or seen by the hook while the sender is still there.
#[test]
fn nothing_is_left_behind_by_the_last_receiver() {
    model(|| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let functions = Functions {
            on_drop: Some(Arc::new(move |dropped| {
                log.lock().unwrap().push(dropped.item)
            })),
            ..Functions::default()
        };
        let queue = queue(|_| {}, functions);
        let tx = queue.sender();
        let permit = tx.try_reserve().expect("room");
        let thread = thread::spawn(move || drop(queue));
        permit.send(1);
        let sent = tx.try_send(2).is_ok();
        thread.join().unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), if sent { 2 } else { 1 });
        assert!(seen.contains(&1) && tx.is_empty());
    });
}

/// Whoever knows that room was made finds it, without the lock.
#[test]
fn who_is_told_of_room_finds_it() {
    model(|| {
        let (tx, rx) = ends(|config| config.capacity = 1);
        tx.try_send(1).expect("room");
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        let thread = thread::spawn(move || {
            assert_eq!(rx.try_recv(), Ok(1));
            tell.store(true, Ordering::Release);
            rx
        });
        let knew = told.load(Ordering::Acquire);
        let sent = tx.try_send(2).is_ok();
        assert!(sent || !knew);
        let rx = thread.join().unwrap();
        assert_eq!(rx.try_recv().is_ok(), sent);
    });
}

/// One of two who wait for a dead letter gives up when it comes.
#[test]
fn a_dead_letter_finds_whoever_is_left() {
    model_within(Some(3), || {
        let queue = queue(
            |config| config.deliveries.max_attempts = 1,
            Functions::default(),
        );
        let (tx, rx) = (queue.sender(), queue.receiver());
        tx.try_send(1).expect("room");
        let (other, end) = (queue.clone(), queue.clone());
        let gives_up = thread::spawn(move || {
            let letter = poll_once(other.recv_dead_letter()).flatten();
            letter.map(crate::DeadLetter::into_item)
        });
        let worker = thread::spawn(move || drop(rx.try_recv_delivery()));
        let waits = thread::spawn(move || {
            let letter = block_on(queue.recv_dead_letter());
            letter.map(crate::DeadLetter::into_item)
        });
        drop(tx);
        worker.join().unwrap();
        let first = gives_up.join().unwrap();
        end.close();
        let second = waits.join().unwrap();
        assert_eq!(first.or(second), Some(1));
        assert!(first.is_none() || second.is_none());
    });
}
