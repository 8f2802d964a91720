;; The same sum in closed form. It halves the even one of n and n + 1, so that nothing
;; overflows up to 4,294,967,295, and refuses n < 1 and larger n.
(module
  (func $sum (export "run") (param $n i64) (result i64)
    (if (i64.lt_s (local.get $n) (i64.const 1)) (then unreachable))
    (if (i64.gt_s (local.get $n) (i64.const 4294967295)) (then unreachable))
    (i64.mul
      (i64.div_s (i64.add (local.get $n) (i64.and (local.get $n) (i64.const 1))) (i64.const 2))
      (i64.sub
        (i64.add (local.get $n) (i64.const 1))
        (i64.and (local.get $n) (i64.const 1))))))
