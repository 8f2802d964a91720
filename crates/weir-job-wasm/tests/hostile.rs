use fastrand::Rng;
use weir_job_wasm::{Code, CodeError, Jobs, Place, Settings};

use crate::code::binary;
use crate::support::{REPAIRED, SUM};

/// A module with something of everything that a job may use.
const RICH: &str = r#"(module
  (type $binary (func (param i64 i64) (result i64)))
  (memory 1 3) (memory $second 1)
  (table $t 4 8 funcref)
  (global $g (mut i64) (i64.const 7)) (global $h i32 (i32.const 1))
  (elem (i32.const 0) $add $mul) (elem declare func $mul)
  (data (i32.const 8) "hello") (data $passive "world")
  (func $add (type $binary) (i64.add (local.get 0) (local.get 1)))
  (func $mul (type $binary) (i64.mul (local.get 0) (local.get 1)))
  (func $pair (param f32 f64 funcref) (result i64 i64) (i64.const 1) (global.get $g))
  (func $main (export "run") (param $n i64) (result i64) (local $i i32) (local $x f64)
    (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 5))
    (memory.fill (i32.const 100) (i32.const 1) (i32.const 1000))
    (memory.copy (i32.const 0) (i32.const 100) (i32.const 50))
    (drop (table.grow $t (ref.func $mul) (i32.const 1)))
    (drop (memory.grow $second (i32.const 1)))
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (global.set $g (call_indirect (type $binary) (global.get $g) (local.get $n)
        (i32.and (local.get $i) (i32.const 1))))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 20))))
    (call $pair (f32.const 1) (f64.const 2) (ref.null func))
    i64.add
    (return_call $add (global.get $g))))"#;

/// Mutations in a run of the tests; `WEIR_MUTATIONS` sets another number.
const MUTATIONS: usize = 10_000;

/// Changes some bytes, cuts, repeats or joins pieces.
fn mutate(rng: &mut Rng, bytes: &[u8], other: &[u8], text: bool) -> Vec<u8> {
    let mut new = bytes.to_vec();
    for _ in 0..rng.usize(1..4) {
        if new.is_empty() {
            return new;
        }
        let at = rng.usize(..new.len());
        let piece = at..(at + rng.usize(1..16)).min(new.len());
        match rng.u8(..8) {
            0 if text => new[at] = b"() \"$;09azi-._\n"[rng.usize(..15)],
            0 | 1 => new[at] = rng.u8(..),
            2 => new[at] ^= 1 << rng.u8(..8),
            3 => new[at] = new[at].wrapping_add(1),
            4 => drop(new.drain(piece)),
            5 => {
                let copy = new[piece].to_vec();
                let to = rng.usize(..=new.len());
                drop(new.splice(to..to, copy));
            }
            6 => {
                let from = rng.usize(..other.len());
                let copy = other[from..(from + 12).min(other.len())].to_vec();
                drop(new.splice(at..at, copy));
            }
            _ if rng.u8(..4) == 0 => new.truncate(at),
            _ => new[at] = [0x00, 0x0b, 0x20, 0x7f, 0x80, 0xff][rng.usize(..6)],
        }
    }
    new
}

/// The place of an error, which every message begins with.
fn has_place(error: &CodeError) -> bool {
    let known = |at: &Place| at.function.is_some() || at.line.is_some() || at.offset.is_some();
    match error {
        CodeError::Syntax { line, column, .. } => *line > 0 && *column > 0,
        CodeError::Invalid { at, .. }
        | CodeError::Unsupported { at, .. }
        | CodeError::Limit { at, .. }
        | CodeError::Signature { at, .. } => known(at) || error.to_string().starts_with("module: "),
        _ => true,
    }
}

#[tokio::test]
async fn mutated_modules_neither_panic_nor_hang_and_are_refused_with_a_place() {
    let number = std::env::var("WEIR_MUTATIONS").map_or(MUTATIONS, |number| number.parse().unwrap());
    let seeds: Vec<Vec<u8>> = [SUM, REPAIRED, RICH].map(|text| text.as_bytes().to_vec()).into();
    let binaries: Vec<Vec<u8>> = [SUM, REPAIRED, RICH].map(binary).into();
    let settings =
        Settings { slice: 500, max_reductions: Some(5_000), max_memory: 4 << 16, ..Settings::default() };
    let mut rng = Rng::with_seed(1_444);
    let (mut refused, mut ran) = (0, 0);
    for round in 0..number {
        let (of, is_text) = if round % 3 == 0 { (&seeds, true) } else { (&binaries, false) };
        let (seed, other) = (&of[rng.usize(..3)], &of[rng.usize(..3)]);
        let mutant = mutate(&mut rng, seed, other, is_text);
        let code = match Code::new(&mutant) {
            Ok(code) => code,
            Err(error) => {
                assert!(has_place(&error), "round {round}: {error:?}");
                refused += 1;
                continue;
            }
        };
        let Ok(jobs) = Jobs::new(code, settings) else {
            refused += 1;
            continue;
        };
        for input in [13, rng.i64(-2..1_000)] {
            let finished = jobs.submit(input).await;
            assert!(finished.reductions <= 5_000, "round {round}: {finished:?}");
        }
        assert_eq!(jobs.totals().live, 0);
        ran += 1;
    }
    assert!(refused > number / 4 && ran > number / 50, "{refused} refused and {ran} run of {number}");
}

#[tokio::test]
async fn random_bytes_behind_the_magic_number_are_refused() {
    let mut rng = Rng::with_seed(7);
    for _ in 0..1_000 {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend((0..rng.usize(..200)).map(|_| rng.u8(..)));
        let error = Code::new(&bytes).unwrap_err();
        assert!(has_place(&error), "{error:?}");
    }
}

#[test]
fn deeply_nested_text_is_refused_and_deeply_nested_blocks_are_not() {
    let run = "(func (export \"run\") (param i64) (result i64) (local.get 0))";
    let deep = format!("(module {run} (func {}{}))", "(block ".repeat(50_000), ")".repeat(50_000));
    let _ = Code::new(deep.as_bytes());
    let flat = format!("(module {run} (func {}{}))", "block ".repeat(50_000), "end ".repeat(50_000));
    let _ = Code::new(flat.as_bytes());
    let open = "(".repeat(1_000_000);
    assert!(matches!(Code::new(open.as_bytes()), Err(CodeError::Syntax { .. })));
}
