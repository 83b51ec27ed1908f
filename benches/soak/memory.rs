//! Whether memory stays where it was.

use std::io::{self, Write};

use seaworthy_benches::Failure;

/// How much the second half may take over the first.
const GROWTH: f64 = 1.1;

/// What the process takes, in pages, in each half.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    first: u64,
    second: u64,
}

/// As the kernel tells; `None` elsewhere.
fn pages() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split_whitespace().nth(1)?.parse().ok()
}

impl Memory {
    pub(crate) fn look(&mut self, done: u64, of: u64) {
        let Some(pages) = pages() else {
            return;
        };
        let half = if done < of / 2 {
            &mut self.first
        } else {
            &mut self.second
        };
        *half = pages.max(*half);
    }

    /// The peak of the second half is that of the first.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.first == 0 || self.second == 0 {
            return writeln!(io::stdout(), "memory: cannot be told").map_err(|it| it.to_string());
        }
        let growth = self.second as f64 / self.first as f64;
        writeln!(
            io::stdout(),
            "memory: at most {} pages in the first half, {} in the second",
            self.first,
            self.second
        )
        .map_err(|error| error.to_string())?;
        if growth > GROWTH {
            return Err(format!(
                "memory has grown by {:.0} %",
                100.0 * (growth - 1.0)
            ));
        }
        Ok(())
    }
}
