//! Making a fallback.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::{ConfigError, name};

use crate::config::Config;
use crate::desk::Desk;
use crate::fallback::Fallback;
use crate::handle::Errors;
use crate::last_word::{Both, MapError, OnBothFailed, Primary};
use crate::miss::BothFailed;
use crate::shared::Shared;
use crate::strategy::{
    AsyncFunction, AsyncFunctionOf, Backup, Function, FunctionOf, LastGood, Nothing, Then, Value,
    Whole,
};

/// Makes a [`Fallback`]. Its strategies are asked in the order in which they are given here, until one answers.
#[must_use = "nothing is made before `build`"]
pub struct FallbackBuilder<T = Nothing, H = Errors, L = Primary> {
    name: Arc<str>,
    config: Config,
    strategies: T,
    /// What they are called, in metrics and events.
    sources: Vec<Arc<str>>,
    handle: H,
    last_word: L,
    /// Whether there is anything for it to do besides its strategies.
    has_last_word: bool,
    events: Option<Events>,
    registry: Registry,
}

impl FallbackBuilder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            strategies: Nothing,
            sources: Vec::new(),
            handle: Errors,
            last_word: Primary,
            has_last_word: false,
            events: None,
            registry: Registry::global().clone(),
        }
    }
}

impl<T, H, L> FallbackBuilder<T, H, L> {
    /// Answers with a clone of this.
    pub fn value<V>(self, value: V) -> FallbackBuilder<Then<T, Value<V>>, H, L> {
        self.then("default", Value(value))
    }

    /// Answers with what a function makes of the outcome, an error or a response that
    /// [will not do](Self::handle): `Fn(Result<&Response, &Error>) -> Response`. Give the argument of a closure its type, so
    /// that it is one for every lifetime.
    pub fn function<F>(self, make: F) -> FallbackBuilder<Then<T, Function<F>>, H, L> {
        self.then("function", Function(make))
    }

    /// Answers with what a function makes of the request and the outcome. `keep` takes from the request what the function
    /// needs, before the service gets it: `Request::clone`, or less.
    ///
    /// ```
    /// use seaworthy_fallback::Fallback;
    ///
    /// struct Request { language: &'static str, photo: Vec<u8> }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let greeting = Fallback::builder("greeting")
    ///     .function_of(
    ///         |request: &Request| request.language,
    ///         |language, _: Result<&String, &String>| match language {
    ///             "sv" => "hej".to_owned(),
    ///             _ => "hello".to_owned(),
    ///         },
    ///     )
    ///     .build()?;
    ///
    /// let request = Request { language: "sv", photo: vec![0; 1_000_000] };
    /// let answer = greeting.call_for(&request, async { Err("no camera".to_owned()) }).await;
    /// assert_eq!(answer, Ok("hej".to_owned()));
    /// # drop(request.photo);
    /// # Ok(())
    /// # }
    /// ```
    pub fn function_of<K, F>(
        self,
        keep: K,
        make: F,
    ) -> FallbackBuilder<Then<T, FunctionOf<K, F>>, H, L> {
        self.then("function", FunctionOf { keep, make })
    }

    /// As [`function`](Self::function), with a function that returns a future, which may fail:
    /// `Fn(Result<&Response, &Error>) -> impl Future<Output = Result<Response, impl Into<BoxError>>>`. The future cannot
    /// borrow the outcome: take out of it what is needed first.
    pub fn async_function<F>(self, make: F) -> FallbackBuilder<Then<T, AsyncFunction<F>>, H, L> {
        self.then("function", AsyncFunction(make))
    }

    /// As [`function_of`](Self::function_of), with a function that returns a future, which may fail.
    pub fn async_function_of<K, F>(
        self,
        keep: K,
        make: F,
    ) -> FallbackBuilder<Then<T, AsyncFunctionOf<K, F>>, H, L> {
        self.then("function", AsyncFunctionOf { keep, make })
    }

    /// Answers with what another service of this name answers, which gets a clone of the request.
    ///
    /// Each call has a clone of that service, and makes it ready for itself.
    pub fn backup<S>(
        self,
        name: impl Into<Arc<str>>,
        service: S,
    ) -> FallbackBuilder<Then<T, Backup<S, Whole>>, H, L> {
        self.backup_of(name, service, Whole)
    }

    /// As [`backup`](Self::backup), with what `keep` makes of the request, before the first service gets it: for requests
    /// that cannot be cloned, or to ask another question.
    pub fn backup_of<S, K>(
        self,
        name: impl Into<Arc<str>>,
        service: S,
        keep: K,
    ) -> FallbackBuilder<Then<T, Backup<S, K>>, H, L> {
        let name = name.into();
        let backup = Backup::new(name::Kept::new(Arc::clone(&name)), service, keep);
        self.then(name, backup)
    }

    /// Answers with what the service has answered last. What that is, and for how long, says [`LastGood`].
    pub fn last_good<Req, K, Res>(
        self,
        last_good: LastGood<Req, K, Res>,
    ) -> FallbackBuilder<Then<T, LastGood<Req, K, Res>>, H, L> {
        self.then("stale", last_good)
    }

    fn then<S>(
        mut self,
        source: impl Into<Arc<str>>,
        second: S,
    ) -> FallbackBuilder<Then<T, S>, H, L> {
        let number = self.sources.len();
        self.sources.push(source.into());
        FallbackBuilder {
            name: self.name,
            config: self.config,
            strategies: Then {
                first: self.strategies,
                second,
                number,
            },
            sources: self.sources,
            handle: self.handle,
            last_word: self.last_word,
            has_last_word: self.has_last_word,
            events: self.events,
            registry: self.registry,
        }
    }

    /// Which outcomes will not do, so that somebody else is to answer: `Fn(Result<&Response, &Error>) -> bool`. Default:
    /// every error, among them those of making the service ready and [`Rejected`](seaworthy_core::Rejected), whether it was
    /// executed or not.
    ///
    /// What will do is what a [`LastGood`] keeps.
    pub fn handle<G>(self, handle: G) -> FallbackBuilder<T, G, L> {
        FallbackBuilder {
            name: self.name,
            config: self.config,
            strategies: self.strategies,
            sources: self.sources,
            handle,
            last_word: self.last_word,
            has_last_word: self.has_last_word,
            events: self.events,
            registry: self.registry,
        }
    }

    /// If nobody has an answer, the error is made by this of that of the service: `Fn(Error) -> Error`. A panic of it
    /// reaches the caller.
    pub fn map_error<F>(self, map: F) -> FallbackBuilder<T, H, MapError<F>> {
        self.last(MapError(map))
    }

    /// If nobody has an answer, the error is made of both: `Error: From<BothFailed<Error>>`, which a
    /// [`BoxError`](seaworthy_core::BoxError) is. Default: the error of the service.
    pub fn both_errors(self) -> FallbackBuilder<T, H, Both> {
        self.last(Both)
    }

    /// If nobody has an answer to a call that failed with an error, this says what becomes of it. A panic of it reaches
    /// the caller.
    pub fn on_both_failed<F, Res, Err>(self, say: F) -> FallbackBuilder<T, H, OnBothFailed<F>>
    where
        F: Fn(BothFailed<Err>) -> Result<Res, Err>,
    {
        self.last(OnBothFailed(say))
    }

    fn last<M>(self, last_word: M) -> FallbackBuilder<T, H, M> {
        FallbackBuilder {
            name: self.name,
            config: self.config,
            strategies: self.strategies,
            sources: self.sources,
            handle: self.handle,
            last_word,
            has_last_word: true,
            events: self.events,
            registry: self.registry,
        }
    }

    /// All of the configuration at once.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How many backups and async functions may be under way at a time. Default: 100.
    pub fn max_concurrent(mut self, calls: u32) -> Self {
        self.config.max_concurrent = calls;
        self
    }

    /// The bus to which it reports. Default: one of its own.
    pub fn events(mut self, events: &Events) -> Self {
        self.events = Some(events.clone());
        self
    }

    /// The registry in which dashboards find it. Default: that of the process.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// Makes the fallback.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed, or if there is nothing that it could do although it is
    /// [enabled](Config::enabled).
    pub fn build(self) -> Result<Fallback<T, H, L>, ConfigError> {
        self.config.check(&self.name)?;
        let strategies = self.sources.len();
        // One that is off may be made, for a place where there may be one.
        let does_something = strategies > 0 || self.has_last_word || !self.config.enabled;
        let allowed = "at least 1, such as `value`, or `map_error`";
        ConfigError::unless(
            does_something,
            &self.name,
            "strategies",
            strategies,
            allowed,
        )?;
        let events = self.events.unwrap_or_default();
        let desk = Arc::new(Desk::new(self.name, &self.config, &self.sources, events));
        self.registry.register(&desk);
        Ok(Fallback::of(Shared {
            strategies: self.strategies,
            handle: self.handle,
            last_word: self.last_word,
            desk,
        }))
    }
}

impl<T, H, L> fmt::Debug for FallbackBuilder<T, H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackBuilder")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("strategies", &self.sources)
            .finish_non_exhaustive()
    }
}
