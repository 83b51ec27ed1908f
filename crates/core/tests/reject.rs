//! A rejection can leave a layer whatever the error type of the service is.

use std::convert::Infallible;

use seaworthy_core::reject::{IntoError, Reject, Respond};
use seaworthy_core::{BoxError, Reason, Rejected};

#[derive(Debug, PartialEq)]
struct Own(Rejected);

impl From<Rejected> for Own {
    fn from(rejected: Rejected) -> Self {
        Self(rejected)
    }
}

fn rejected() -> Rejected {
    Rejected::new(Reason::Restarting, "worker")
}

#[test]
fn as_an_error_it_is_the_services_own() {
    let own: Result<u8, Own> = IntoError.reject(rejected());
    assert_eq!(own, Err(Own(rejected())));

    let same: Result<u8, Rejected> = IntoError.reject(rejected());
    assert_eq!(same, Err(rejected()));

    let boxed: Result<u8, BoxError> = IntoError.reject(rejected());
    let boxed = boxed.expect_err("it was rejected");
    assert_eq!(boxed.downcast_ref(), Some(&rejected()));
}

#[test]
fn as_a_response_it_asks_nothing_of_the_error() {
    let respond = Respond::new(|rejected: Rejected| rejected.reason());
    let infallible: Result<Reason, Infallible> = respond.reject(rejected());
    assert_eq!(infallible, Ok(Reason::Restarting));
    let unit: Result<Reason, ()> = respond.reject(rejected());
    assert_eq!(unit, Ok(Reason::Restarting));
}
