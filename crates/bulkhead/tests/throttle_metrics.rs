//! What a throttle counts, under which names.
#![cfg(feature = "metrics")]

use seaworthy_bulkhead::Throttle;
use seaworthy_core::Verdict;
use seaworthy_core::component::Registry;
use seaworthy_testkit::measured;

#[test]
fn requests_by_outcome_and_the_chance() {
    let lines = measured("seaworthy_bulkhead_throttle_", async {
        let builder = Throttle::builder("t").registry(&Registry::new()).seed(1);
        let throttle = builder.minimum_requests(384).build().expect("allowed");
        let permit = || throttle.try_acquire().expect("it passes");
        (0..50).for_each(|_| permit().accepted());
        (0..50).for_each(|_| permit().record(Verdict::Failure));
        permit().record(Verdict::Ignored);
        drop(permit());
        (0..284).for_each(|_| permit().overload());
        while throttle.view().throttled < 3 {
            // Held back or given up.
            drop(throttle.try_acquire());
        }
    });
    let expected = [
        // (384 - 2 * 100) / 385, as it was when it was last computed.
        "chance_ratio{name=t} 0.4779220779220779",
        "requests_total{name=t,outcome=accepted} 100",
        "requests_total{name=t,outcome=overload} 284",
        "requests_total{name=t,outcome=throttled} 3",
    ];
    assert_eq!(lines, expected);
}
