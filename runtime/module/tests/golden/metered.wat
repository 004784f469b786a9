(module
  (type (;0;) (func (result i64)))
  (type (;1;) (func))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i64 i64) (result i64 i64)))
  (type (;4;) (func (param i64 i64) (result i64)))
  (type (;5;) (func (param i32 i64 i64) (result i32 i64)))
  (import "counterpart" "chain_id" (func (;0;) (type 0)))
  (memory (;0;) 1 256)
  (global (;0;) (mut i32) i32.const 7)
  (global (;1;) (mut i64) i64.const 0)
  (global (;2;) (mut i64) i64.const 0)
  (export "memory" (memory 0))
  (export "call" (func 3))
  (export "counterpart.gas" (global 1))
  (export "counterpart.stack" (global 2))
  (func (;1;) (type 4) (param i64 i64) (result i64)
    (local i32)
    local.get 0
    local.get 1
    i64.const -7
    i64.add
    local.tee 1
    i64.or
    i64.const 0
    i64.lt_s
    if ;; label = @1
      local.get 0
      global.set 1
      local.get 1
      global.set 2
      unreachable
    end
    local.get 0
    i64.const -26
    i64.add
    local.set 0
    block ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          local.get 0
          i64.const -13
          i64.add
          local.set 0
          global.get 0
          i32.eqz
          if ;; label = @4
            local.get 0
            i64.const 7
            i64.add
            local.set 0
            br 2 (;@2;)
          end
          global.get 0
          i32.const 1
          i32.sub
          global.set 0
          local.get 0
          i64.const 0
          i64.lt_s
          if ;; label = @4
            local.get 0
            global.set 1
            unreachable
          end
          br 0 (;@3;)
        end
      end
      local.get 0
      global.set 1
      call 0
      global.get 1
      local.set 0
      drop
      i32.const 3
      local.get 0
      local.get 1
      call 2
      local.set 0
      drop
    end
    local.get 0
  )
  (func (;2;) (type 5) (param i32 i64 i64) (result i32 i64)
    (local i32)
    local.get 1
    local.get 2
    i64.const -8
    i64.add
    local.tee 2
    i64.or
    i64.const 0
    i64.lt_s
    if ;; label = @1
      local.get 1
      global.set 1
      local.get 2
      global.set 2
      unreachable
    end
    local.get 1
    i64.const -62
    i64.add
    local.set 1
    block (result i32) ;; label = @1
      i32.const 0
      i32.const 1
      local.get 0
      local.set 3
      local.get 1
      local.get 3
      i64.extend_i32_u
      i64.const 3
      i64.shr_u
      i64.sub
      local.set 1
      local.get 1
      i64.const 0
      i64.lt_s
      if ;; label = @2
        local.get 1
        global.set 1
        unreachable
      end
      local.get 3
      local.get 1
      global.set 1
      memory.fill
      local.get 0
      if ;; label = @2
        local.get 1
        i64.const -1003
        i64.add
        local.set 1
        i32.const 1
        local.set 3
        local.get 1
        local.get 3
        i64.extend_i32_u
        i64.const 4096
        i64.mul
        i64.sub
        local.set 1
        local.get 1
        i64.const 0
        i64.lt_s
        if ;; label = @3
          local.get 1
          global.set 1
          unreachable
        end
        local.get 3
        memory.grow
        br 1 (;@1;)
      end
      local.get 1
      i64.const -1
      i64.add
      local.set 1
      i32.const 5
    end
    local.get 1
  )
  (func (;3;) (type 1)
    global.get 1
    global.get 2
    call 1
    global.set 1
  )
)
