//! What a fallback counts, under which names.
#![cfg(feature = "metrics")]

use std::future::ready;

use seaworthy_core::BoxError;
use seaworthy_core::component::Registry;
use seaworthy_fallback::{Fallback, FallbackBuilder, LastGood};
use seaworthy_testkit::measured;
use tower::service_fn;

#[test]
fn answers_by_source_and_misses_by_reason() {
    let lines = measured("seaworthy_fallback_", async {
        let builder: FallbackBuilder = Fallback::builder("f").registry(&Registry::new());
        let last = LastGood::by(|request: &u32| *request).build().unwrap();
        let mirror = service_fn(|request: u32| {
            ready(if request == 3 {
                Ok(3)
            } else {
                Err(BoxError::from("down too"))
            })
        });
        let make = |request: u32, _: Result<&u32, &BoxError>| {
            assert!(request == 4, "on purpose");
            4
        };
        let fallback = builder.last_good(last).backup("mirror", mirror);
        let fallback = fallback.function_of(u32::clone, make).build().unwrap();
        for (request, up) in [(1, true), (1, false), (2, false), (3, false), (4, false)] {
            let outcome = if up {
                Ok(request)
            } else {
                Err(BoxError::from("down"))
            };
            let _ = fallback.call_for(&request, ready(outcome)).await;
        }
    });
    let expected = [
        "answers_total{name=f,source=function} 1",
        "answers_total{name=f,source=mirror} 1",
        "answers_total{name=f,source=primary} 1",
        "answers_total{name=f,source=stale} 1",
        "misses_total{name=f,source=function,reason=panicked} 1",
        "misses_total{name=f,source=mirror,reason=failed} 2",
        "misses_total{name=f,source=stale,reason=nothing} 3",
        "unanswered_total{name=f} 1",
    ];
    assert_eq!(lines, expected);
}
