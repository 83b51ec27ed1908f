//! The first panic that is caught in a process, caught by a thread that unwinds already. A binary of its own: nothing is
//! to run before.

use seaworthy_core::panic;

struct CatchesWhenDropped;

impl Drop for CatchesWhenDropped {
    fn drop(&mut self) {
        let caught = panic::catch(|| panic!("the second"));
        assert_eq!(caught.expect_err("it panicked").message, "the second");
    }
}

#[test]
fn it_does_not_end_the_process() {
    let first = std::thread::spawn(|| {
        let _guard = CatchesWhenDropped;
        panic!("the first");
    });
    assert!(first.join().is_err());
    let later = panic::catch(|| panic!("the third")).expect_err("it panicked");
    assert!(later.location.is_some(), "the hook is there by now");
}
