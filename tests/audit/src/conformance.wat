;; What a contract can do, one way for each first byte of the input. `call` answers what it did where there is something
;; to answer.
(module
  (import "counterpart" "input" (func $input (param i32 i32 i32) (result i64)))
  (import "counterpart" "finish" (func $finish (param i32 i32) (result i64)))
  (import "counterpart" "revert" (func $revert (param i32 i32 i32) (result i64)))
  (import "counterpart" "storage_get" (func $get (param i32 i32 i32 i32) (result i64)))
  (import "counterpart" "storage_set" (func $set (param i32 i32 i32 i32) (result i64)))
  (import "counterpart" "storage_remove" (func $remove (param i32 i32) (result i64)))
  (import "counterpart" "storage_range" (func $range (param i32 i32 i32 i32 i32) (result i64)))
  (import "counterpart" "storage_next" (func $next (param i32 i32 i32 i32 i32 i32) (result i64)))
  (import "counterpart" "storage_close" (func $close (param i32) (result i64)))
  (import "counterpart" "storage_add" (func $add (param i32 i32 i32 i32 i32) (result i64)))
  (import "counterpart" "emit" (func $emit (param i32 i32 i32 i32) (result i64)))
  (import "counterpart" "call" (func $call (param i32 i32 i32 i32 i64 i32) (result i64)))
  (import "counterpart" "call_result" (func $result (param i32 i32 i32) (result i64)))
  (import "counterpart" "sha3_256" (func $sha3 (param i32 i32 i32) (result i64)))
  (import "counterpart" "gas_left" (func $gas (result i64)))
  (import "counterpart" "debug_log" (func $log (param i32 i32) (result i64)))
  (import "counterpart" "block_height" (func $height (result i64)))
  (memory (export "memory") 2 16)
  (table 2 2 funcref)
  (elem (i32.const 0) $double $square)
  (data (i32.const 1000) "key")
  (data (i32.const 1010) "value of the key")
  (data (i32.const 1040) "why not")
  (data (i32.const 1100) "\05\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 1120) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 1140) "\ff\ff\ff\ff\00\00\00\00\00\00\00\00\00\00\00\00")
  (type $number (func (param i64) (result i64)))
  (func $double (type $number) (i64.add (local.get 0) (local.get 0)))
  (func $square (type $number) (i64.mul (local.get 0) (local.get 0)))
  (func $forever (local $i i32) (loop $again (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $again)))
  (func $deep (param i32) (result i32) (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  ;; Sums numbers up to one, leaving out those that seven divides: branches that give gas back.
  (func $sum (param $to i64) (result i64) (local $i i64) (local $sum i64)
    (loop $again
      (block $left_out
        (br_if $left_out (i64.eqz (i64.rem_u (local.get $i) (i64.const 7))))
        (local.set $sum (i64.add (local.get $sum) (local.get $i)))
        (br_if $left_out (i64.eq (local.get $i) (i64.const 5)))
        (local.set $sum (i64.add (local.get $sum) (i64.const 1))))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $again (i64.le_u (local.get $i) (local.get $to))))
    (local.get $sum))
  (func $answer (param i64) (i64.store (i32.const 2000) (local.get 0)) (drop (call $finish (i32.const 2000) (i32.const 8))))
  (func (export "deploy")
    (drop (call $set (i32.const 1000) (i32.const 3) (i32.const 1010) (i32.const 5))))
  (func (export "call") (local $handle i32)
    (drop (call $input (i32.const 0) (i32.const 0) (i32.const 256)))
    (block $15 (block $14 (block $13 (block $12 (block $11 (block $10 (block $9 (block $8
    (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $11 $12 $13 $14 $15 (i32.load8_u (i32.const 0))))
      ;; 0: nothing
      return)
      ;; 1: write and read
      (drop (call $set (i32.const 1000) (i32.const 3) (i32.const 1010) (i32.const 16)))
      (call $answer (call $get (i32.const 1000) (i32.const 3) (i32.const 3000) (i32.const 64)))
      return)
      ;; 2: revert with data, after a write that is undone
      (drop (call $set (i32.const 1010) (i32.const 5) (i32.const 1000) (i32.const 3)))
      (drop (call $revert (i32.const 7) (i32.const 1040) (i32.const 7)))
      return)
      ;; 3: trap
      unreachable)
      ;; 4: out of gas
      (call $forever)
      return)
      ;; 5: stack exhausted
      (drop (call $deep (i32.const 0)))
      return)
      ;; 6: event
      (drop (call $sha3 (i32.const 1000) (i32.const 3) (i32.const 3000)))
      (drop (call $emit (i32.const 3000) (i32.const 1) (i32.const 1010) (i32.const 16)))
      return)
      ;; 7: call the contract at the address behind the first byte, with what stands behind it, and take its failure
      (call $answer (call $call (i32.const 1) (i32.const 33) (i32.const 1) (i32.const 0) (i64.const 0) (i32.const 2)))
      return)
      ;; 8: the same, and fail with it
      (drop (call $call (i32.const 1) (i32.const 33) (i32.const 1) (i32.const 0) (i64.const 0) (i32.const 0)))
      (call $answer (call $result (i32.const 3000) (i32.const 0) (i32.const 64)))
      return)
      ;; 9: bulk memory
      (drop (memory.grow (i32.const 1)))
      (memory.fill (i32.const 70000) (i32.const 42) (i32.const 5000))
      (memory.copy (i32.const 80000) (i32.const 70000) (i32.const 3000))
      (call $answer (i64.load (i32.const 82000)))
      return)
      ;; 10: a range
      (local.set $handle (i32.wrap_i64 (call $range (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
      (call $answer (call $next (local.get $handle) (i32.const 3000) (i32.const 64) (i32.const 3100) (i32.const 64) (i32.const 3200)))
      return)
      ;; 11: branches
      (call $answer (call $sum (i64.load8_u (i32.const 1))))
      return)
      ;; 12: through the table
      (call $answer (call_indirect (type $number) (i64.const 12) (i32.load8_u (i32.const 1))))
      return)
      ;; 13: bounded addition
      (drop (call $remove (i32.const 1000) (i32.const 3)))
      (call $answer (call $add (i32.const 1000) (i32.const 3) (i32.const 1100) (i32.const 1120) (i32.const 1140)))
      return)
      ;; 14: what the host knows
      (drop (call $log (i32.const 1010) (i32.const 16)))
      (call $answer (i64.add (call $gas) (call $height)))
      return)
    ;; 15 and more: a pointer that lies outside
    (drop (call $set (i32.const -1) (i32.const 3) (i32.const 1010) (i32.const 16)))))
