//! A bulkhead for each key: apart, bounded, and never two for one key.

use std::future::pending;
use std::task::{Context, Waker};

use seaworthy_bulkhead::{Bulkheads, BulkheadsBuilder};
use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, Reason, Rejected};
use tower::{Layer, ServiceExt, service_fn};

fn builder() -> BulkheadsBuilder {
    let builder = Bulkheads::builder("tenants").registry(&Registry::new());
    builder.max_concurrent(2)
}

#[tokio::test]
async fn one_tenant_is_full_and_the_others_are_not() {
    let tenants: Bulkheads<u32> = builder().build().unwrap();
    let service = service_fn(|tenant: u32| async move {
        if tenant == 7 {
            pending::<()>().await;
        }
        Ok::<_, BoxError>(tenant)
    });
    let service = tenants.layer(|tenant: &u32| *tenant).layer(service);
    let mut hanging = [(); 2].map(|()| Box::pin(service.clone().oneshot(7)));
    for call in &mut hanging {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
    }
    let error = service.clone().oneshot(7).await.unwrap_err();
    let rejected = Rejected::find_in(error.as_ref()).unwrap();
    assert_eq!(rejected.reason(), Reason::BulkheadFull);
    assert_eq!(rejected.component().to_string(), "tenants/7");
    assert_eq!(service.oneshot(8).await.unwrap(), 8);
    drop(hanging);
    assert_eq!(tenants.get(7_u32).view().in_flight, 0);
}

/// Keys that somebody makes up push out those that are idle, and nothing that is in use: else there were two bulkheads for
/// one key, and twice its limit.
#[test]
fn made_up_keys_take_no_memory_and_push_out_nothing_in_use() {
    let tenants: Bulkheads<u32> = builder().capacity(10).build().unwrap();
    let permits: Vec<_> = (0..2)
        .map(|_| tenants.get(0_u32).try_acquire().unwrap())
        .collect();
    let handle = tenants.get(1_u32);
    for key in 2..10_000_u32 {
        drop(tenants.get(key).try_acquire().unwrap());
        assert!(tenants.len() <= 10);
    }
    assert!(tenants.get(0_u32).try_acquire().is_err());
    assert_eq!(
        tenants.find(&1).map(|it| it.name().clone()),
        Some("tenants/1".into())
    );
    drop((permits, handle));
    (0..20_u32).for_each(|key| drop(tenants.get(10_000 + key)));
    assert!(tenants.find(&0).is_none() && tenants.find(&1).is_none());
}

/// If all are in use, the keys that come later share one.
#[test]
fn keys_for_which_there_is_no_room_share_one() {
    let tenants: Bulkheads<u32> = builder().capacity(3).build().unwrap();
    let held: Vec<_> = (0..3_u32)
        .map(|key| tenants.get(key).try_acquire().unwrap())
        .collect();
    let (one, other) = (tenants.get(77_u32), tenants.get(78_u32));
    assert_eq!(one.name(), tenants.others().name());
    let _first = one.try_acquire().unwrap();
    let _second = other.try_acquire().unwrap();
    assert!(tenants.get(79_u32).try_acquire().is_err());
    drop(held);
    assert!(tenants.get(79_u32).try_acquire().is_ok());
}

#[test]
fn all_go_by_another_configuration() {
    let tenants: Bulkheads<u32> = builder().build().unwrap();
    let before = tenants.get(1_u32);
    let mut config = tenants.config();
    config.limit = 5.into();
    tenants.reconfigure(config.clone()).unwrap();
    for bulkhead in [&before, &tenants.get(2_u32), tenants.others()] {
        assert_eq!(bulkhead.view().limit, 5);
    }
    config.limit = 0.into();
    tenants.reconfigure(config).unwrap_err();
    assert_eq!(before.view().limit, 5);
}

#[test]
fn bad_input_is_refused() {
    let refused = builder().capacity(0).build::<u32>().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`tenants`: field `capacity` is 0, allowed: at least 1"
    );
}

#[test]
fn a_dashboard_shows_those_that_are_full() {
    let registry = Registry::new();
    let tenants: Bulkheads<u32> = builder().registry(&registry).build().unwrap();
    drop(tenants.get(1_u32));
    let _held: Vec<_> = (0..2)
        .map(|_| tenants.get(2_u32).try_acquire().unwrap())
        .collect();
    let shown: Vec<_> = registry
        .snapshot()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = "\
bulkheads tenants: 2 keys [degraded] (full 1, others_in_flight 0)
└─ bulkhead tenants/2: full [degraded] (in_flight 2, limit 2, waiting 0, rejected 0)";
    assert_eq!(shown, [expected]);
}
