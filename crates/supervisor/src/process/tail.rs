//! The last lines of what a process says.

use std::collections::VecDeque;

/// How many lines are kept,
const LINES: usize = 20;
/// and how many bytes. A longer line is cut into pieces of this length.
const BYTES: usize = 4096;

/// Cuts a stream of bytes into lines and keeps the last, in bounded memory, whatever comes.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
    /// A line that has not ended yet, shorter than `BYTES`.
    partial: Vec<u8>,
}

impl Tail {
    /// Takes in what was read, and shows each line that it completes.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut show: impl FnMut(&str)) {
        while !bytes.is_empty() {
            let room = &bytes[..bytes.len().min(BYTES - self.partial.len())];
            let (piece, rest) = match room.iter().position(|&byte| byte == b'\n') {
                Some(end) => (&room[..end], &bytes[end + 1..]),
                None => (room, &bytes[room.len()..]),
            };
            let ended = piece.len() + rest.len() < bytes.len();
            self.partial.extend_from_slice(piece);
            if ended || self.partial.len() == BYTES {
                self.end(&mut show);
            }
            bytes = rest;
        }
    }

    /// Ends the line that has not ended.
    pub(super) fn end(&mut self, mut show: impl FnMut(&str)) {
        let raw = std::mem::take(&mut self.partial);
        let line = legible(raw.strip_suffix(b"\r").unwrap_or(&raw));
        if line.is_empty() {
            return;
        }
        show(&line);
        self.push(line);
    }

    fn push(&mut self, mut line: String) {
        if line.len() > BYTES {
            // Its end says more than its beginning.
            let from = (line.len() - BYTES..).find(|&at| line.is_char_boundary(at));
            line.drain(..from.unwrap_or_default());
        }
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > LINES || self.bytes > BYTES {
            let Some(oldest) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= oldest.len();
        }
    }

    pub(super) fn take(&mut self) -> Vec<String> {
        self.bytes = 0;
        std::mem::take(&mut self.lines).into()
    }
}

/// What may be shown in a log: text without control characters, which could forge lines there.
fn legible(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let harmless = |c: char| {
        if c.is_control() && c != '\t' {
            '\u{FFFD}'
        } else {
            c
        }
    };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail_of(chunks: &[&[u8]]) -> (Vec<String>, Vec<String>) {
        let (mut tail, mut shown) = (Tail::default(), Vec::new());
        for chunk in chunks {
            tail.feed(chunk, |line| shown.push(line.to_owned()));
            assert!(tail.partial.len() < BYTES);
            assert!(tail.bytes <= BYTES && tail.lines.len() <= LINES);
            assert_eq!(
                tail.bytes,
                tail.lines.iter().map(String::len).sum::<usize>()
            );
        }
        tail.end(|line| shown.push(line.to_owned()));
        (tail.take(), shown)
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let (tail, shown) = tail_of(&[b"one\ntw", b"", b"o\r\n\n", b"\nthree"]);
        assert_eq!(tail, ["one", "two", "three"]);
        assert_eq!(shown, tail);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let text: String = (0..1000).map(|n| format!("line {n}\n")).collect();
        let (tail, shown) = tail_of(&[text.as_bytes()]);
        assert_eq!((tail.len(), shown.len()), (LINES, 1000));
        assert_eq!((&*tail[0], &*tail[LINES - 1]), ("line 980", "line 999"));
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let endless = [b'x'; 10_000];
        let (tail, shown) = tail_of(&[&endless, &endless]);
        assert_eq!(
            shown.iter().map(String::len).collect::<Vec<_>>(),
            [4096, 4096, 4096, 4096, 3616]
        );
        assert_eq!(tail.iter().map(String::len).collect::<Vec<_>>(), [3616]);
    }

    #[test]
    fn what_is_not_text_is_replaced() {
        let (tail, _) = tail_of(&[b"\x1b[31mred\xff\x00\ttab\n"]);
        assert_eq!(tail, ["\u{FFFD}[31mred\u{FFFD}\u{FFFD}\ttab"]);
        // Each byte becomes three: the bound is that of what is kept.
        let (tail, _) = tail_of(&[&[0xff; 4096]]);
        assert_eq!(tail, ["\u{FFFD}".repeat(1365)]);
    }
}
