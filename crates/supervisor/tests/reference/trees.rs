//! Random trees.

use fastrand::Rng;

use crate::replay::scenario::{
    AutoShutdown, ChildSpec, Item, NamedShutdown, OnShutdown, Restart, Shutdown, Strategy, SupSpec,
    WorkerSpec,
};

/// Makes specifications, all with one period.
#[derive(Debug)]
pub(crate) struct Trees<'a> {
    pub(crate) rng: &'a mut Rng,
    pub(crate) period_s: u64,
    /// How many workers may still be made that refuse to stop. Their shutdown takes time, and
    /// with a short period a scenario must not take so long that a restart falls out of the window.
    pub(crate) refusing: u32,
    /// Workers often fail to start, and supervisors are patient with them.
    pub(crate) flaky: bool,
}

impl Trees<'_> {
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    /// A supervisor with at most `depth` levels of supervisors below it.
    pub(crate) fn sup(&mut self, id: &str, depth: usize, start: bool) -> SupSpec {
        let simple = self.chance(if start { 8 } else { 18 });
        let auto_shutdown = self.auto_shutdown();
        let strategy = if simple {
            Strategy::SimpleOneForOne
        } else {
            self.pick(&[
                Strategy::OneForOne,
                Strategy::OneForOne,
                Strategy::OneForAll,
                Strategy::RestForOne,
            ])
        };
        let children = if simple {
            let templates = if self.chance(3) {
                self.pick(&[0, 2])
            } else {
                1
            };
            let mut template = |k| ChildSpec::Worker(self.worker(["w", "v"][k], auto_shutdown));
            (0..templates).map(&mut template).collect()
        } else {
            let many = self.pick(&[if start { 1 } else { 0 }, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5]);
            (0..many)
                .map(|at| self.child(at, depth, auto_shutdown))
                .collect()
        };
        SupSpec {
            id: id.to_owned(),
            strategy,
            intensity: if self.flaky {
                self.pick(&[2, 3, 5, 10])
            } else {
                self.pick(&[0, 1, 1, 2, 2, 3, 3, 5, 10])
            },
            period_s: self.period_s,
            auto_shutdown,
            restart: self.restart(),
            significant: false,
            children,
        }
    }

    fn child(&mut self, at: usize, depth: usize, auto: AutoShutdown) -> ChildSpec {
        // Now and then two children have the same id, which the supervisor must refuse.
        let at = if at > 0 && self.chance(1) { at - 1 } else { at };
        if depth > 0 && self.chance(35) {
            ChildSpec::Supervisor(self.child_sup(&format!("s{at}"), depth - 1, auto))
        } else {
            ChildSpec::Worker(self.worker(&format!("w{at}"), auto))
        }
    }

    pub(crate) fn child_sup(&mut self, id: &str, depth: usize, parent: AutoShutdown) -> SupSpec {
        let mut sup = self.sup(id, depth, false);
        sup.significant = self.significant(sup.restart, parent);
        sup
    }

    pub(crate) fn worker(&mut self, id: &str, parent: AutoShutdown) -> WorkerSpec {
        let restart = self.restart();
        let refuses = self.refusing > 0 && self.chance(12);
        let (shutdown, on_shutdown) = if refuses {
            self.refusing -= 1;
            let named = Shutdown::Named(NamedShutdown::BrutalKill);
            let ms = [
                Shutdown::Ms(20),
                Shutdown::Ms(20),
                Shutdown::Ms(30),
                Shutdown::Ms(0),
                named,
            ];
            (self.pick(&ms), OnShutdown::Ignore)
        } else {
            let shutdowns = [
                Shutdown::Ms(5000),
                Shutdown::Ms(5000),
                Shutdown::Named(NamedShutdown::BrutalKill),
                Shutdown::Named(NamedShutdown::Infinity),
            ];
            let how = if self.chance(12) {
                OnShutdown::Error
            } else {
                OnShutdown::Normal
            };
            (self.pick(&shutdowns), how)
        };
        WorkerSpec {
            id: id.to_owned(),
            restart,
            shutdown,
            significant: self.significant(restart, parent),
            init: self.init(1),
            on_shutdown,
        }
    }

    /// An init list; its first item is other than `ok` with about that many percent.
    pub(crate) fn init(&mut self, first: u32) -> Vec<Item> {
        if self.chance(if self.flaky { 10 } else { 50 }) {
            return Vec::new();
        }
        let items = [
            Item::Ok,
            Item::Ok,
            Item::Error,
            Item::Error,
            Item::Crash,
            Item::Ignore,
        ];
        let mut init: Vec<Item> = (0..self.rng.usize(1..=5))
            .map(|_| self.pick(&items))
            .collect();
        if !self.chance(first * 3) {
            init[0] = Item::Ok;
        }
        init
    }

    fn restart(&mut self) -> Restart {
        let kinds = [Restart::Permanent, Restart::Transient, Restart::Temporary];
        if self.chance(30) {
            Restart::Permanent
        } else {
            self.pick(&kinds)
        }
    }

    fn auto_shutdown(&mut self) -> AutoShutdown {
        let other = [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant];
        if self.chance(60) {
            AutoShutdown::Never
        } else {
            self.pick(&other)
        }
    }

    fn significant(&mut self, restart: Restart, parent: AutoShutdown) -> bool {
        let allowed = restart != Restart::Permanent && parent != AutoShutdown::Never;
        self.chance(if allowed { 50 } else { 1 })
    }
}
