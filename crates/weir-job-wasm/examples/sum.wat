;; The sum of the numbers from 1 to n, as a server might have it on a bad day: 13 traps,
;; a large n keeps a core busy for seconds, and n < 1 never ends.
(module
  (func $calc_sum (param $from i64) (param $to i64) (param $sum i64) (result i64)
    (if (i64.eq (local.get $from) (local.get $to))
      (then (return (i64.add (local.get $sum) (local.get $from)))))
    (return_call $calc_sum
      (i64.add (local.get $from) (i64.const 1))
      (local.get $to)
      (i64.add (local.get $sum) (local.get $from))))

  (func $sum (export "run") (param $n i64) (result i64)
    (if (i64.eq (local.get $n) (i64.const 13)) (then unreachable))
    (call $calc_sum (i64.const 1) (local.get $n) (i64.const 0))))
