//! What a configuration may be, and what is said about one that cannot be.

use std::time::Duration;

use seaworthy_bulkhead::{Bulkhead, BulkheadBuilder, Partition};
use seaworthy_core::component::Registry;

const SECOND: Duration = Duration::from_secs(1);

fn refused(build: impl FnOnce(BulkheadBuilder) -> BulkheadBuilder) -> String {
    let builder = Bulkhead::builder("b").registry(&Registry::new());
    let error = build(builder).build().expect_err("it cannot be");
    error.to_string().replace("`b`: field ", "")
}

#[test]
fn what_cannot_be_is_refused_with_the_field_its_value_and_what_is_allowed() {
    let share = |share| Partition::new("p").guaranteed(share);
    let cases: [(&str, String); 13] = [
        (
            "`limit` is 0, allowed: 1 to 1000000",
            refused(|b| b.max_concurrent(0)),
        ),
        (
            "`limit` is 1000001, allowed: 1 to 1000000",
            refused(|b| b.max_concurrent(1_000_001)),
        ),
        (
            "`max_waiting` is 1000001, allowed: at most 1000000",
            refused(|b| b.max_waiting(1_000_001).max_wait(SECOND)),
        ),
        (
            "`max_wait` is 0ns, allowed: above 0 and at most a day, since calls may wait",
            refused(|b| b.max_waiting(5)),
        ),
        (
            "`max_wait` is 1s, allowed: 0, since `max_waiting` is 0: nobody waits",
            refused(|b| b.max_wait(SECOND)),
        ),
        (
            "`max_wait` is 86401s, allowed: above 0 and at most a day, since calls may wait",
            refused(|b| b.max_waiting(5).max_wait(86_401 * SECOND)),
        ),
        (
            "`partitions` is 65, allowed: at most 64",
            refused(|b| (0..65).fold(b, |b, it| b.partition(Partition::new(it.to_string())))),
        ),
        (
            "`partitions.name` is ``, allowed: a name that is not empty, and like no other",
            refused(|b| b.partition(Partition::new(""))),
        ),
        (
            "`partitions.name` is `p`, allowed: a name that is not empty, and like no other",
            refused(|b| b.partition(share(0.1)).partition(share(0.1))),
        ),
        (
            "`partitions.guaranteed` is -0.1 for `p`, allowed: 0 to 1",
            refused(|b| b.partition(share(-0.1))),
        ),
        (
            "`partitions.guaranteed` is NaN for `p`, allowed: 0 to 1",
            refused(|b| b.partition(share(f64::NAN))),
        ),
        (
            "`partitions.guaranteed` is inf for `p`, allowed: 0 to 1",
            refused(|b| b.partition(share(f64::INFINITY))),
        ),
        (
            "`partitions.guaranteed` is 1.25 up to `q`, allowed: 1 at most for all together",
            refused(|b| {
                let q = Partition::new("q").guaranteed(0.5);
                b.partition(share(0.75)).partition(q)
            }),
        ),
    ];
    for (expected, said) in cases {
        assert_eq!(said, expected);
    }
}

#[test]
fn ten_tenths_are_one_and_a_part_is_as_large_as_it_says() {
    let builder = Bulkhead::builder("b").registry(&Registry::new());
    let tenth = |it: u32| Partition::new(it.to_string()).guaranteed(0.1);
    let all = (0..10).fold(builder.max_concurrent(100), |b, it| b.partition(tenth(it)));
    let bulkhead = all.build().expect("ten tenths");
    assert_eq!(bulkhead.partition("3").unwrap().view().guaranteed, 10);
    // 0.57 * 100 is 56.99999999999999.
    let mut config = Bulkhead::new("c").config();
    config.limit = 100.into();
    config.partitions = vec![Partition::new("p").guaranteed(0.57)];
    let bulkhead = Bulkhead::with_config("c", config).unwrap();
    assert_eq!(bulkhead.view().guaranteed, 57);
}

#[test]
fn shares_change_and_partitions_do_not() {
    let bulkhead = Bulkhead::builder("b")
        .max_concurrent(10)
        .partition(Partition::new("p").guaranteed(0.5))
        .registry(&Registry::new())
        .build()
        .unwrap();
    let mut config = bulkhead.config();
    config.partitions[0].guaranteed = 0.2;
    bulkhead.reconfigure(config.clone()).unwrap();
    assert_eq!(bulkhead.view().guaranteed, 2);
    config.partitions[0].name = "q".into();
    let refused = bulkhead.reconfigure(config).unwrap_err();
    assert_eq!(
        refused.to_string(),
        r#"`b`: field `partitions` is ["q"], allowed: the same names in the same order: ["p"]"#
    );
    assert_eq!(bulkhead.partition("p").unwrap().name().as_ref(), "b/p");
    assert!(bulkhead.partition("q").is_none());
}

#[test]
fn what_is_not_lent_is_there_while_another_one_takes_back_his_own() {
    let shop = Bulkhead::builder("shop")
        .registry(&Registry::new())
        .max_concurrent(20)
        .partition(Partition::new("checkout").guaranteed(0.3).lends(false))
        .partition(Partition::new("pages").guaranteed(0.5))
        .partition(Partition::new("reports"))
        .build()
        .unwrap();
    let part = |name| shop.partition(name).unwrap();
    let (checkout, pages, reports) = (part("checkout"), part("pages"), part("reports"));
    let printing: Vec<_> = std::iter::from_fn(|| reports.try_acquire().ok()).collect();
    assert_eq!(printing.len(), 14, "all but what is not lent");
    assert!(
        pages.try_acquire().is_err(),
        "its own is lent, and what is free is not for it"
    );
    assert!(checkout.try_acquire().is_ok());
}

#[test]
fn a_dashboard_shows_each_class() {
    let registry = Registry::new();
    let bulkhead = Bulkhead::builder("shop")
        .max_concurrent(2)
        .partition(Partition::new("checkout").guaranteed(0.5).lends(false))
        .partition(Partition::new("pages"))
        .registry(&registry)
        .build()
        .unwrap();
    let _page = bulkhead.try_acquire().unwrap();
    bulkhead.try_acquire().unwrap_err();
    let shown = registry.snapshot()[0].to_string();
    let expected = "\
bulkhead shop: open (in_flight 1, limit 2, waiting 0, rejected 1)
├─ bulkhead shop/checkout: open (in_flight 0, limit 2, waiting 0, rejected 0, guaranteed 1)
└─ bulkhead shop/pages: full [degraded] (in_flight 1, limit 1, waiting 0, rejected 1, guaranteed 0)";
    assert_eq!(shown, expected);
}

#[cfg(feature = "serde")]
#[test]
fn it_can_be_read_from_a_file() {
    let text = r#"
        limit = 40
        max_waiting = 10
        max_wait = "50ms"

        [[partitions]]
        name = "checkout"
        guaranteed = 0.5
        lends = false

        [[partitions]]
        name = "pages"
    "#;
    let config: seaworthy_bulkhead::Config = toml::from_str(text).expect("it can be read");
    let bulkhead = Bulkhead::with_config("b", config.clone()).expect("allowed");
    assert_eq!(bulkhead.config(), config);
    assert_eq!(
        bulkhead.partition("checkout").unwrap().view().guaranteed,
        20
    );
    assert_eq!(config.max_wait, Duration::from_millis(50));
    assert!(config.partitions[1].borrows && config.partitions[1].lends);
    let written = toml::to_string(&config).expect("it can be written");
    let again: seaworthy_bulkhead::Config = toml::from_str(&written).expect("and read again");
    assert_eq!(again, config);
    let unknown = toml::from_str::<seaworthy_bulkhead::Config>("limits = 40").unwrap_err();
    assert!(unknown.to_string().contains("limits"), "{unknown}");
}
