//! What people write into a task of its own: the compiler sees that it is `Send`, whatever of it is inline.
#![cfg(feature = "stack")]

use std::io;

use seaworthy::bulkhead::Bulkhead;
use seaworthy::circuit_breaker::CircuitBreaker;
use seaworthy::core::component::Registry;
use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Verdict};
use seaworthy::fallback::{Fallback, LastGood};
use seaworthy::retry::Retry;
use seaworthy::stack::Stack;
use seaworthy::timeout::Timeout;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

#[tokio::test]
async fn the_stack_around_an_inline_closure() -> Result<(), BoxError> {
    let stack = Stack::builder("s").registry(&Registry::new());
    let stack = stack.fallback(|it| it.value(0)).build()?;
    let mut client = ServiceBuilder::new()
        .layer(stack.layer())
        .service(service_fn(async |number: u32| {
            Ok::<_, BoxError>(number + 1)
        }));
    let answer = tokio::spawn(async move { client.ready().await?.call(6).await });
    assert_eq!(answer.await??, 7);
    Ok(())
}

#[tokio::test]
async fn the_stack_with_all_that_can_be_inline() -> Result<(), BoxError> {
    let kept = LastGood::by(|number: &u32| *number).build()?;
    let stack = Stack::builder("s")
        .registry(&Registry::new())
        .classify(|outcome: Result<&u32, &BoxError>| match outcome {
            Ok(_) => Verdict::Success,
            Err(_) => Verdict::Failure,
        })
        .describe(|_: &u32| Info::new())
        .copy(|number: &u32| Some(*number))
        .fallback(|it| {
            it.last_good(kept)
                .async_function(|_: Result<&u32, &BoxError>| async { Ok::<_, BoxError>(1) })
                .value(0)
        })
        .build()?;
    let mut client = ServiceBuilder::new()
        .map_request(|it: u32| it + 1)
        .layer(stack.layer().with_source())
        .map_err(|error: io::Error| BoxError::from(error))
        .service(service_fn(|number: u32| async move {
            tokio::task::yield_now().await;
            Ok::<_, io::Error>(number)
        }));
    let answer = tokio::spawn(async move { client.ready().await?.call(6).await });
    assert_eq!(answer.await??.value, 7);
    Ok(())
}

#[tokio::test]
async fn layers_put_together_by_hand() -> Result<(), BoxError> {
    let unseen = &Registry::new();
    let fallback = Fallback::builder("s").registry(unseen).value(0).build()?;
    let bulkhead = Bulkhead::builder("s").registry(unseen).build()?;
    let timeout = Timeout::builder("s").registry(unseen).build()?;
    let retry = Retry::builder("s").registry(unseen).build()?;
    let breaker = CircuitBreaker::builder("s").registry(unseen).build()?;
    let mut client = ServiceBuilder::new()
        .layer(fallback.layer())
        .layer(bulkhead.layer())
        .layer(timeout.layer())
        .layer(retry.layer())
        .layer(breaker.layer())
        .service(service_fn(async |number: u32| {
            Ok::<_, BoxError>(number + 1)
        }));
    let answer = tokio::spawn(async move { client.ready().await?.call(6).await });
    assert_eq!(answer.await??, 7);
    Ok(())
}

/// `oneshot` has the compiler prove more, and needs an error without a lifetime in it, or a function with a name.
#[tokio::test]
async fn oneshot_around_a_function() -> Result<(), BoxError> {
    async fn next(number: u32) -> Result<u32, BoxError> {
        Ok(number + 1)
    }
    let stack = Stack::builder("s").registry(&Registry::new());
    let stack = stack.fallback(|it| it.value(0)).build()?;
    let client = ServiceBuilder::new().layer(stack.layer()).service_fn(next);
    let answer = tokio::spawn(client.oneshot(6));
    assert_eq!(answer.await??, 7);
    Ok(())
}

#[tokio::test]
async fn calls_without_tower() -> Result<(), BoxError> {
    let stack = Stack::builder("s").registry(&Registry::new());
    let stack = stack.fallback(|it| it.value(0)).build()?;
    let answers = tokio::spawn(async move {
        let key = String::from("7");
        let one = stack.call(async |_| Ok::<u32, BoxError>(7)).await?;
        let parse = async |_| Ok::<u32, BoxError>(key.parse()?);
        let two = stack.call_for(&key, parse).await?;
        let three = stack.call_with_source(&key, parse).await?.value;
        Ok::<_, BoxError>([one, two, three])
    });
    assert_eq!(answers.await??, [7, 7, 7]);
    Ok(())
}

/// As boxed services are: a task has them to itself.
#[tokio::test]
async fn a_service_that_is_not_sync() -> Result<(), BoxError> {
    let stack = Stack::builder("s").registry(&Registry::new()).build()?;
    let next = service_fn(async |number: u32| Ok::<_, BoxError>(number + 1));
    let next = BoxCloneService::new(next);
    let retry = Retry::builder("s").registry(&Registry::new()).build()?;
    let mut retried = retry.layer().layer(next.clone());
    let mut client = stack.layer().layer(next);
    let answers = tokio::spawn(async move {
        let one = retried.ready().await?.call(5).await?;
        client.ready().await?.call(one).await
    });
    assert_eq!(answers.await??, 7);
    Ok(())
}
