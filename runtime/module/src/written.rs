//! Where the gas counter is up to date, so that it need not be written again.

use wasmparser::Operator;

/// Where the gas counter is known to hold what the local holds.
pub(crate) struct Written {
    /// Here, on every way that leads here.
    pub now: bool,
    frames: Vec<Joined>,
}

/// A structure that is open.
struct Joined {
    is_loop: bool,
    is_if: bool,
    /// At its beginning.
    begun: bool,
    /// On every way to its end so far.
    end: bool,
}

impl Written {
    /// At a function's entry, where the first charge is not written yet.
    pub fn new() -> Self {
        Self { now: false, frames: vec![Joined { is_loop: false, is_if: false, begun: false, end: true }] }
    }

    /// How many labels lie between here and the function's own.
    pub fn depth(&self) -> u32 {
        self.frames.len() as u32 - 1
    }

    /// Follows control over one instruction; `gives_back` is whether its branch changes the gas.
    pub fn pass(&mut self, operator: &Operator<'_>, gives_back: bool) {
        match operator {
            Operator::Block { .. } | Operator::If { .. } => self.open(operator),
            // Of the ways back to a loop's head nothing is known yet.
            Operator::Loop { .. } => {
                self.now = false;
                self.open(operator);
            }
            Operator::Else => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.end &= self.now;
                    frame.is_if = false;
                    self.now = frame.begun;
                }
            }
            Operator::End => {
                if let Some(frame) = self.frames.pop() {
                    // Without `else`, one way leads past the branch.
                    self.now &= frame.end && (!frame.is_if || frame.begun);
                }
            }
            Operator::BrIf { relative_depth } => self.leave(*relative_depth, self.now && !gives_back),
            Operator::Br { relative_depth } => self.leave(*relative_depth, self.now),
            Operator::BrTable { targets } => {
                targets.targets().flatten().for_each(|depth| self.leave(depth, self.now));
                self.leave(targets.default(), self.now);
            }
            Operator::Return => self.leave(self.depth(), self.now),
            _ => {}
        }
        if matches!(operator, Operator::Br { .. } | Operator::BrTable { .. } | Operator::Return | Operator::Unreachable)
        {
            // Nothing gets past it, so that it takes nothing away from where ways meet.
            self.now = true;
        }
    }

    fn open(&mut self, operator: &Operator<'_>) {
        let (is_loop, is_if) = (matches!(operator, Operator::Loop { .. }), matches!(operator, Operator::If { .. }));
        self.frames.push(Joined { is_loop, is_if, begun: self.now, end: true });
    }

    pub fn leave(&mut self, depth: u32, now: bool) {
        let target = self.frames.len().checked_sub(depth as usize + 1);
        if let Some(frame) = target.and_then(|index| self.frames.get_mut(index)).filter(|frame| !frame.is_loop) {
            frame.end &= now;
        }
    }
}
