//! Metered blocks: which instructions are charged together, where, and what a branch out of a block gives back.

use crate::cost::operator_cost;
use wasmparser::{BlockType, Operator};

/// The metered blocks of one function.
pub(crate) struct Blocks {
    blocks: Vec<Block>,
    /// The block that begins after an instruction.
    begins: Vec<Option<usize>>,
    /// The block that an instruction is charged with.
    of: Vec<usize>,
    branches: Vec<Branch>,
}

/// What is special about an instruction that branches.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Branch {
    /// Gas that is given back when the branch is taken: that of the block's instructions from here up to `until`.
    pub back: u64,
    /// The end of the structure that the branch leaves, when it gives back.
    pub until: usize,
    /// Whether it may lead back to the head of a loop; the counter is compared then.
    pub repeats: bool,
}

struct Block {
    gas: u64,
    /// The instruction before its beginning, counted from 1.
    begun: usize,
}

/// A structure (`block`, `loop`, `if`, or the function itself) that is open.
struct Open {
    is_loop: bool,
    /// Whether a branch to its label carries values.
    carries: bool,
    /// The block in which it began.
    begun_in: usize,
    /// The outermost structure, by index, whose label is branched to from inside.
    reaches: usize,
    /// Branches to its label that give back: the instruction, its block, and the block's gas up to it.
    branches: Vec<(usize, usize, u64)>,
}

impl Blocks {
    /// Divides a function's instructions; `bare` is whether it has no result.
    ///
    /// What follows a structure out of which no branch leads is executed exactly when what stands before it is, unless
    /// a frame ends inside; it belongs to the block in which the structure began.
    pub(crate) fn of(operators: &[Operator<'_>], bare: bool) -> Self {
        let mut divider = Divider {
            result: Self {
                blocks: vec![Block { gas: 0, begun: 0 }],
                begins: Vec::with_capacity(operators.len()),
                of: Vec::with_capacity(operators.len()),
                branches: vec![Branch::default(); operators.len()],
            },
            open: vec![Open { is_loop: false, carries: !bare, begun_in: 0, reaches: 0, branches: Vec::new() }],
            current: 0,
            seen_at: 0,
        };
        operators.iter().enumerate().for_each(|(index, operator)| divider.pass(index, operator));
        divider.result
    }

    /// Gas of the block at the function's entry.
    pub(crate) fn first(&self) -> u64 {
        self.blocks.first().map_or(0, |block| block.gas)
    }

    /// Gas of the block that begins after an instruction; 0 if none does.
    pub(crate) fn after(&self, instruction: usize) -> u64 {
        let block = self.begins(instruction);
        block.and_then(|block| self.blocks.get(block)).map_or(0, |block| block.gas)
    }

    /// The block that begins after an instruction, if one does.
    pub(crate) fn begins(&self, instruction: usize) -> Option<usize> {
        self.begins.get(instruction).copied().flatten()
    }

    /// The block that an instruction is charged with.
    pub(crate) fn block_of(&self, instruction: usize) -> usize {
        self.of.get(instruction).copied().unwrap_or_default()
    }

    /// What is special about an instruction.
    pub(crate) fn branch(&self, instruction: usize) -> Branch {
        self.branches.get(instruction).copied().unwrap_or_default()
    }
}

struct Divider {
    result: Blocks,
    open: Vec<Open>,
    current: usize,
    /// The last instruction at which the counter is compared or seen, counted from 1.
    seen_at: usize,
}

impl Divider {
    fn pass(&mut self, index: usize, operator: &Operator<'_>) {
        self.result.blocks[self.current].gas += operator_cost(operator).unwrap_or(0);
        self.result.of.push(self.current);
        if sees_gas(operator) {
            self.seen_at = index + 1;
        }
        let begins = match operator {
            Operator::Block { blockty } => {
                self.begin_structure(blockty, false);
                false
            }
            Operator::If { blockty } => {
                self.begin_structure(blockty, false);
                true
            }
            Operator::Loop { blockty } => {
                self.begin_structure(blockty, true);
                true
            }
            Operator::End => self.end_structure(index),
            Operator::BrIf { relative_depth } => !self.stays(index, *relative_depth),
            Operator::Br { relative_depth } => self.leave(index, [*relative_depth]),
            Operator::BrTable { targets } => self.leave(index, targets.targets().flatten().chain([targets.default()])),
            Operator::Return => self.leave(index, [self.open.len() as u32 - 1]),
            Operator::Unreachable | Operator::Else => true,
            _ => false,
        };
        if begins {
            self.current = self.result.blocks.len();
            self.result.blocks.push(Block { gas: 0, begun: index + 1 });
        }
        self.result.begins.push(begins.then_some(self.current));
    }

    fn begin_structure(&mut self, ty: &BlockType, is_loop: bool) {
        let (begun_in, reaches) = (self.current, self.open.len());
        self.open.push(Open { is_loop, carries: *ty != BlockType::Empty, begun_in, reaches, branches: Vec::new() });
    }

    /// Whether what follows the end is a block of its own.
    fn end_structure(&mut self, index: usize) -> bool {
        let Some(closed) = self.open.pop() else { return false };
        for (branch, block, gas) in closed.branches {
            self.result.branches[branch].back = self.result.blocks[block].gas - gas;
            self.result.branches[branch].until = index;
        }
        if closed.reaches < self.open.len() {
            self.reach(closed.reaches);
            return true;
        }
        self.current = closed.begun_in;
        false
    }

    /// Whether what follows a conditional branch belongs to its block, because the branch gives its gas back.
    ///
    /// Nobody may compare or see the counter between the block's beginning and the branch.
    fn stays(&mut self, index: usize, depth: u32) -> bool {
        self.leave(index, [depth]);
        let (current, target) = (self.current, self.label(depth));
        let block = &self.result.blocks[current];
        let open = &mut self.open[target];
        if open.is_loop || open.carries || self.seen_at > block.begun {
            return false;
        }
        open.branches.push((index, current, block.gas));
        true
    }

    fn label(&self, depth: u32) -> usize {
        (self.open.len() - 1).saturating_sub(depth as usize)
    }

    /// Notes the branches of an instruction.
    fn leave(&mut self, index: usize, depths: impl IntoIterator<Item = u32>) -> bool {
        for depth in depths {
            let label = self.label(depth);
            if self.open[label].is_loop {
                self.result.branches[index].repeats = true;
                self.seen_at = index + 1;
            }
            self.reach(label);
        }
        true
    }

    fn reach(&mut self, label: usize) {
        if let Some(innermost) = self.open.last_mut() {
            innermost.reaches = innermost.reaches.min(label);
        }
    }
}

/// Whether the counter is compared, or seen by the host, while the instruction runs.
fn sees_gas(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(
        operator,
        Call { .. }
            | CallIndirect { .. }
            | MemoryCopy { .. }
            | MemoryFill { .. }
            | MemoryInit { .. }
            | MemoryGrow { .. }
    )
}
