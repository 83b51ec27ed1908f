//! Who is called when something has changed.
//!
//! Each item that becomes available calls a receiver. That alone would do if whoever is called came at once; since it may
//! be dropped instead, or find nothing, and since room for deliveries comes and goes by itself, what is called is also
//! compared with what is there: as long as there are more items than receivers on their way, another one is called.

use std::task::Waker;

use super::{Inner, Moment, Way};
use crate::wakers::Wakers;

impl Way {
    fn other(self) -> Self {
        match self {
            Self::Take => Self::Board,
            Self::Board => Self::Take,
        }
    }
}

impl<T> Inner<T> {
    #[inline]
    pub(super) fn call(&mut self) -> Wakers {
        if self.one_will_do()
            && let Some(waker) = self.call_receiver(self.store.may_board())
        {
            self.store.take_news();
            return waker.into();
        }
        self.call_all()
    }

    /// The usual case: an item has come, nobody is on the way to it, and nobody waits for anything else.
    #[inline]
    fn one_will_do(&self) -> bool {
        let nobody_else = self.senders.is_empty() && self.mourners.is_empty();
        let one = self.store.len() == 1 && self.store.news() <= 1;
        one && nobody_else && !self.closed && self.on_their_way() == 0
    }

    #[inline(never)]
    fn call_all(&mut self) -> Wakers {
        let mut wakers = Wakers::default();
        let news = self.store.take_news();
        if self.receivers.iter().any(|line| !line.is_empty()) {
            self.call_receivers(news, &mut wakers);
        }
        if !self.senders.is_empty() {
            self.call_senders(&mut wakers);
        }
        if !self.mourners.is_empty() {
            self.call_mourners(&mut wakers);
        }
        if self.closed {
            self.call_watchers(&mut wakers);
        }
        wakers
    }

    fn call_receivers(&mut self, news: usize, wakers: &mut Wakers) {
        if self.is_over() {
            for line in &mut self.receivers {
                while let Some((_, waker)) = line.call() {
                    wakers.push(waker);
                }
            }
            return;
        }
        for _ in 0..news {
            let Some(waker) = self.call_receiver(self.store.may_board()) else {
                break;
            };
            wakers.push(waker);
        }
        while self.on_their_way() < self.store.len() {
            let boarding = self.receivers[Way::Board as usize].called();
            let Some(waker) = self.call_receiver(boarding < self.room_on_board()) else {
                break;
            };
            wakers.push(waker);
        }
        // Whoever is on its way takes care of it.
        if self.on_their_way() == 0 && self.lacks_keeper() {
            self.call_keeper(wakers);
        }
    }

    /// How many receivers were called and have not come yet.
    fn on_their_way(&self) -> usize {
        self.receivers.iter().map(|line| line.called()).sum()
    }

    /// How many more may be delivered.
    fn room_on_board(&self) -> usize {
        let config = self.store.config();
        let most = config.deliveries.max_in_flight.unwrap_or(config.capacity);
        most.saturating_sub(self.store.in_flight())
    }

    /// Calls one who is to take an item, if there is anybody.
    #[inline]
    fn call_receiver(&mut self, may_board: bool) -> Option<Waker> {
        for way in [self.turn, self.turn.other()] {
            if way == Way::Board && !may_board {
                continue;
            }
            // If the keeper goes, another one has to be called to take its place.
            let keeper = self.keeper.filter(|keeper| keeper.way == way);
            let line = &mut self.receivers[way as usize];
            if let Some(waker) = line.call_sparing(keeper.map(|keeper| keeper.place)) {
                self.turn = way.other();
                return Some(waker);
            }
        }
        None
    }

    /// Something is due, and nobody looks when it is.
    fn lacks_keeper(&self) -> bool {
        let kept = self.keeper.map(|keeper| keeper.due);
        match self.store.next_due() {
            Some(due) => kept.is_none_or(|kept| due < kept),
            None => false,
        }
    }

    /// Calls one who is to set a timer: the keeper, who has one that is too late, or anybody.
    fn call_keeper(&mut self, wakers: &mut Wakers) {
        let waker = match self.keeper {
            Some(keeper) => self.receivers[keeper.way as usize].call_at(keeper.place),
            None => {
                let mut lines = self.receivers.iter_mut();
                lines.find_map(|line| line.call()).map(|(_, waker)| waker)
            }
        };
        if let Some(waker) = waker {
            wakers.push(waker);
        }
    }

    /// First come, first served: who needs more than there is room for is not overtaken.
    fn call_senders(&mut self, wakers: &mut Wakers) {
        while let Some(want) = self.senders.first() {
            // Whoever waits in vain is told so.
            let in_vain = self.closed || self.store.is_too_heavy(want.weight);
            let granted = !in_vain && self.store.reserve(want.weight);
            if !granted && !in_vain {
                return;
            }
            if let Some((place, waker)) = self.senders.call() {
                self.senders.note(place).granted = granted;
                wakers.push(waker);
            }
        }
    }

    fn call_watchers(&mut self, wakers: &mut Wakers) {
        for moment in [Moment::Closed, Moment::Over] {
            if self.has_come(moment) {
                while let Some((_, waker)) = self.watchers[moment as usize].call() {
                    wakers.push(waker);
                }
            }
        }
    }
}
