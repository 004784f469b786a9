//! Memory of a contract: a pointer that only moves up. A frame lives for one call, so nothing is worth giving back.
#![allow(unsafe_code, reason = "an allocator hands out raw memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::Cell;

const PAGE: usize = 65_536;

struct Bump {
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: contracts have one thread.
unsafe impl Sync for Bump {}

unsafe extern "C" {
    /// Where what the linker placed ends; its address is the value.
    static __heap_base: u8;
}

#[global_allocator]
static ALLOCATOR: Bump = Bump { next: Cell::new(0), end: Cell::new(0) };

// SAFETY: every block lies above all blocks handed out before and within memory that was grown for it.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.end.get() == 0 {
            // The rest of the first pages is enough for most calls: growing costs gas and a node its instance.
            self.next.set((&raw const __heap_base) as usize);
            self.end.set(wasm32::memory_size(0) * PAGE);
        }
        // Sums of addresses and sizes below 2^31 cannot overflow.
        let start = self.next.get().wrapping_add(layout.align().wrapping_sub(1)) & layout.align().wrapping_neg();
        let Some(next) = start.checked_add(layout.size()) else { return core::ptr::null_mut() };
        if next > self.end.get() {
            let pages = (next - self.end.get()).div_ceil(PAGE);
            if wasm32::memory_grow(0, pages) == usize::MAX {
                return core::ptr::null_mut();
            }
            self.end.set(self.end.get() + pages * PAGE);
        }
        self.next.set(next);
        start as *mut u8
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // The last block can be given back, which keeps loops with one buffer flat.
        if pointer as usize + layout.size() == self.next.get() {
            self.next.set(pointer as usize);
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if pointer as usize + layout.size() == self.next.get() && size <= layout.size() {
            self.next.set(pointer as usize + size);
            return pointer;
        }
        if pointer as usize + layout.size() == self.next.get() && pointer as usize + size <= self.end.get() {
            self.next.set(pointer as usize + size);
            return pointer;
        }
        // SAFETY: the caller's promises about `layout` and `size` hold for a fresh block too.
        unsafe {
            let fresh = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !fresh.is_null() {
                core::ptr::copy_nonoverlapping(pointer, fresh, layout.size().min(size));
            }
            fresh
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}
