(module
  (type (;0;) (func (result i64)))
  (type (;1;) (func))
  (type (;2;) (func (param i32) (result i32)))
  (import "counterpart" "chain_id" (func (;0;) (type 0)))
  (memory (;0;) 1 256)
  (global (;0;) (mut i32) i32.const 7)
  (global (;1;) (mut i64) i64.const 0)
  (global (;2;) (mut i64) i64.const 0)
  (export "memory" (memory 0))
  (export "call" (func 1))
  (export "counterpart.gas" (global 1))
  (export "counterpart.stack" (global 2))
  (func (;1;) (type 1)
    (local i32)
    global.get 1
    i64.const 7
    i64.sub
    global.set 1
    global.get 1
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
    global.get 2
    i64.const 7
    i64.sub
    global.set 2
    global.get 2
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
    block ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          global.get 1
          i64.const 6
          i64.sub
          global.set 1
          global.get 1
          i64.const 0
          i64.lt_s
          if ;; label = @4
            unreachable
          end
          global.get 0
          i32.eqz
          br_if 1 (;@2;)
          global.get 1
          i64.const 7
          i64.sub
          global.set 1
          global.get 0
          i32.const 1
          i32.sub
          global.set 0
          br 0 (;@3;)
        end
      end
      global.get 1
      i64.const 19
      i64.sub
      global.set 1
      call 0
      drop
      i32.const 3
      call 2
      drop
    end
    global.get 2
    i64.const 7
    i64.add
    global.set 2
  )
  (func (;2;) (type 2) (param i32) (result i32)
    (local i32)
    global.get 1
    i64.const 62
    i64.sub
    global.set 1
    global.get 1
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
    global.get 2
    i64.const 8
    i64.sub
    global.set 2
    global.get 2
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
    block (result i32) ;; label = @1
      i32.const 0
      i32.const 1
      local.get 0
      local.set 1
      global.get 1
      local.get 1
      i64.extend_i32_u
      i64.const 3
      i64.shr_u
      i64.sub
      global.set 1
      global.get 1
      i64.const 0
      i64.lt_s
      if ;; label = @2
        unreachable
      end
      local.get 1
      memory.fill
      local.get 0
      if ;; label = @2
        global.get 1
        i64.const 1003
        i64.sub
        global.set 1
        i32.const 1
        local.set 1
        global.get 1
        local.get 1
        i64.extend_i32_u
        i64.const 4096
        i64.mul
        i64.sub
        global.set 1
        global.get 1
        i64.const 0
        i64.lt_s
        if ;; label = @3
          unreachable
        end
        local.get 1
        memory.grow
        br 1 (;@1;)
      end
      global.get 1
      i64.const 1
      i64.sub
      global.set 1
      i32.const 5
    end
    global.get 2
    i64.const 8
    i64.add
    global.set 2
  )
)
