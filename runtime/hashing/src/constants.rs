//! The constants of Keccak-f[1600], computed as FIPS 202 defines them.

/// What step iota adds in each round (section 3.2.5).
pub const ROUNDS: [u64; 24] = rounds();

/// Steps rho and pi as one walk: from lane 1, where the lane goes and by how much it is rotated (sections 3.2.2, 3.2.3).
pub const WALK: [(usize, u32); 24] = walk();

const fn rounds() -> [u64; 24] {
    let mut constants = [0; 24];
    let mut register = 1u8;
    let mut round = 0;
    while round < 24 {
        let mut power = 0;
        while power < 7 {
            if register & 1 == 1 {
                constants[round] |= 1 << ((1u32 << power) - 1);
            }
            register = if register & 0x80 == 0 { register << 1 } else { register << 1 ^ 0x71 };
            power += 1;
        }
        round += 1;
    }
    constants
}

const fn walk() -> [(usize, u32); 24] {
    let mut steps = [(0, 0); 24];
    let (mut x, mut y) = (1, 0);
    let mut step = 0;
    while step < 24 {
        (x, y) = (y, (2 * x + 3 * y) % 5);
        steps[step] = (x + 5 * y, ((step + 1) * (step + 2) / 2 % 64) as u32);
        step += 1;
    }
    steps
}

/// Keccak-f[1600] (FIPS 202, section 3) over words that hold the same lane of several states.
///
/// A macro and not a generic function: what is called within must be inlined into the function that has the processor's
/// feature, and a method of a trait cannot have it.
macro_rules! permutation {
    ($state:ident, xor: $xor:ident, xor3: $xor3:ident, rotate: $rotate:ident, chi: $chi:ident, broadcast: $broadcast:ident) => {
        for constant in crate::constants::ROUNDS {
            let column =
                [0, 1, 2, 3, 4].map(|x| $xor3!($xor3!($state[x], $state[x + 5], $state[x + 10]), $state[x + 15], $state[x + 20]));
            for x in 0..5 {
                let (left, right) = (column[(x + 4) % 5], $rotate!(1, column[(x + 1) % 5]));
                for y in 0..5 {
                    $state[x + 5 * y] = $xor3!($state[x + 5 * y], left, right);
                }
            }
            let carried = $state[1];
            crate::constants::permutation!(@walk $state carried $rotate 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23);
            for y in 0..5 {
                let row = [0, 1, 2, 3, 4].map(|x| $state[5 * y + x]);
                for x in 0..5 {
                    $state[5 * y + x] = $chi!(row[x], row[(x + 1) % 5], row[(x + 2) % 5]);
                }
            }
            $state[0] = $xor!($state[0], $broadcast!(constant));
        }
    };
    (@walk $state:ident $carried:ident $rotate:ident $first:literal $($rest:literal)*) => {
        let next = $state[crate::constants::WALK[$first].0];
        $state[crate::constants::WALK[$first].0] = $rotate!((crate::constants::WALK[$first].1 as i32), $carried);
        crate::constants::permutation!(@walk $state next $rotate $($rest)*);
    };
    (@walk $state:ident $carried:ident $rotate:ident) => {
        // The walk ends where it began.
        let _ = $carried;
    };
}

pub(crate) use permutation;
