;; The code of the jobs on the page /jobs: the sum of the numbers from 1 to n.
;;
;; The code has three mistakes. Submit these numbers, and read each job's stack and trace:
;;
;;          13   traps; only its own job fails
;;   999999999   gets the right answer, but keeps a core busy for about six seconds
;;     -1 or 0   never ends, until an operator kills the job
;;
;; Weir watches this file. A saved change does not run at once: `weir jobs rehearse` tries
;; it on the latest inputs, and `weir jobs swap` puts it in force for new jobs.
;;
;; Reading the text format: each instruction is in parentheses, followed by its operands, so
;; `(i64.add (local.get $a) (local.get $b))` is a + b. The module exports the function `run`,
;; which takes a 64-bit integer and returns one. It imports nothing: a job can compute, but
;; has no access to files, sockets or clocks.
(module

  ;; Adds the numbers from $next to $n to $sum. A call adds up to 100 of them in a loop and
  ;; passes the rest to the next call. `return_call` replaces the current call with the new
  ;; one, so the stack does not grow: calc_sum < sum.
  ;;
  ;; Each call appears in a trace with its arguments:
  ;;
  ;;   calc_sum(1, 1000, 0), calc_sum(101, 1000, 5050), calc_sum(201, 1000, 20100), …
  ;;
  ;; The mistake: the loop ends only when $next = $n. If $n is less than 1, $next starts above
  ;; $n and moves away from it.
  (func $calc_sum (param $next i64) (param $n i64) (param $sum i64) (result i64)
    (local $left i32)
    (local.set $left (i32.const 100))
    (loop $add
      (local.set $sum (i64.add (local.get $sum) (local.get $next)))
      (if (i64.eq (local.get $next) (local.get $n))
        (then (return (local.get $sum))))
      (local.set $next (i64.add (local.get $next) (i64.const 1)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      ;; Repeats the loop unless $left is 0.
      (br_if $add (local.get $left)))
    (return_call $calc_sum (local.get $next) (local.get $n) (local.get $sum)))

  ;; `unreachable` is a trap: it ends the job at once, and the submitter gets an error with
  ;; the stack: fail_on_13 < sum.
  (func $fail_on_13
    (unreachable))

  ;; The entry point. A job calls `run` with the submitted number.
  (func $sum (export "run") (param $n i64) (result i64)
    (if (i64.eq (local.get $n) (i64.const 13))
      (then (call $fail_on_13)))
    (call $calc_sum (i64.const 1) (local.get $n) (i64.const 0))))
