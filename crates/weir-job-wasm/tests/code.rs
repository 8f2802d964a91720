use weir_job_wasm::{Code, CodeError, Jobs, JobsError, Place, Settings};

use crate::support::{SUM, code};

fn refused(text: &str) -> CodeError {
    Code::new(text.as_bytes()).unwrap_err()
}

/// The text format as a binary module.
pub(crate) fn binary(text: &str) -> Vec<u8> {
    let buffer = wast::parser::ParseBuffer::new(text).unwrap();
    wast::parser::parse::<wast::Wat<'_>>(&buffer).unwrap().encode().unwrap()
}

#[test]
fn text_and_binary_give_the_same_functions() {
    assert_eq!(code(SUM).functions().collect::<Vec<_>>(), ["calc_sum", "sum"]);
    let code = Code::new(&binary(SUM)).unwrap();
    assert_eq!(code.functions().collect::<Vec<_>>(), ["calc_sum", "sum"]);
}

#[test]
fn a_function_without_a_name_goes_by_its_export_or_its_index() {
    let code = code("(module (func) (func (export \"run\") (param i64) (result i64) (local.get 0)))");
    assert_eq!(code.functions().collect::<Vec<_>>(), ["func[0]", "run"]);
}

#[test]
fn a_name_is_shown_without_control_characters_and_up_to_64_characters() {
    let long = "x".repeat(100);
    let text = format!(
        "(module (func (export \"a\\1b[31m\")) (func (export \"{long}\"))
           (func (export \"run\") (param i64) (result i64) (local.get 0)))"
    );
    let code = code(&text);
    let names: Vec<&str> = code.functions().collect();
    assert_eq!(names[0], "a\u{fffd}[31m");
    assert_eq!(names[1].chars().count(), 65);
}

#[test]
fn a_syntax_error_has_its_line_and_column() {
    let error = refused("(module\n  (func $f\n    (i64.addd)))");
    assert!(matches!(error, CodeError::Syntax { line: 3, column: 6, .. }), "{error:?}");
    assert_eq!(error.to_string(), "line 3, column 6: unknown operator or unexpected token");
    let unknown = refused("(module (func (export \"run\")\n  (call $nowhere)))");
    assert!(unknown.to_string().starts_with("line 2, column 9: "), "{unknown}");
}

#[test]
fn a_file_that_is_half_written_is_refused_with_the_place_where_it_ends() {
    for length in 1..SUM.trim_end().len() {
        // A prefix may be valid WAT only before the module begins.
        let error = refused(&SUM[..length]);
        assert!(matches!(error, CodeError::Syntax { .. }), "{length}: {error}");
    }
    assert!(matches!(refused(""), CodeError::Syntax { line: 1, .. }));
}

#[test]
fn a_type_error_has_its_function_line_and_column() {
    let error = refused(
        "(module\n  (func $good)\n  (func $bad (export \"run\") (param i64) (result i64)\n    \
         (i64.add\n      (local.get 0)\n      (i32.const 1))))",
    );
    let CodeError::Invalid { at, message } = &error else { panic!("{error:?}") };
    let line = Some((4, 6));
    assert_eq!(*at, Place { function: Some("bad".into()), line, offset: None });
    assert_eq!(message, "type mismatch: expected i64, found i32");
}

#[test]
fn a_type_error_of_a_binary_module_has_its_function_and_offset() {
    let mut wasm = binary(SUM);
    let unreachable = wasm.windows(3).position(|bytes| bytes == [0x04, 0x40, 0x00]).unwrap() + 2;
    // `i32.eqz`, with nothing on the stack.
    wasm[unreachable] = 0x45;
    let error = Code::new(&wasm).unwrap_err();
    let CodeError::Invalid { at, .. } = &error else { panic!("{error:?}") };
    let (function, offset) = (Some("sum".into()), Some(unreachable));
    assert_eq!(*at, Place { function, line: None, offset });
}

#[test]
fn the_entry_must_be_there_with_its_signature() {
    let error = refused("(module (func (export \"walk\")) (func (export \"jump\")))");
    assert_eq!(error.to_string(), "no function is exported as `run`; it exports `walk`, `jump`");
    let error = refused("(module (memory (export \"run\") 1))");
    assert_eq!(error.to_string(), "no function is exported as `run`; it exports no function");
    let error = refused("(module\n\n  (func $f (export \"run\") (param i32 i64)))");
    assert_eq!(
        error.to_string(),
        "function `f`, line 3, column 4: `run` is (i32, i64) -> (); it must be (i64) -> (i64)"
    );
}

#[test]
fn what_jobs_may_not_use_is_refused_by_name() {
    let run = "(func (export \"run\") (param i64) (result i64) (local.get 0))";
    for (field, words) in [
        ("(import \"env\" \"print\" (func))", "`env` `print` is imported; a job may import nothing"),
        ("(start 0)", "a start function; a job begins at `run` alone"),
        ("(global (export \"weir:left\") i32 (i32.const 0))", "names that begin with `weir:` are reserved"),
        ("(memory i64 1)", "memory64 must be enabled"),
        ("(func (drop (v128.const i64x2 0 0)))", "unexpected SIMD opcode"),
        ("(memory 1 (pagesize 1))", "the custom page sizes proposal must be enabled"),
        ("(tag)", "exceptions proposal not enabled"),
    ] {
        let text = if field.starts_with("(import") {
            format!("(module {field} {run})")
        } else {
            format!("(module {run} {field})")
        };
        let error = refused(&text).to_string();
        assert!(error.contains(words), "{field}: {error}");
    }
}

#[test]
fn sizes_and_numbers_are_bounded() {
    let large = " ".repeat(Code::MAX_BYTES + 1);
    assert_eq!(refused(&large).to_string(), "the code has 1048577 bytes; the limit is 1048576");
    let locals = format!(
        "(module (func $f (export \"run\") (param i64) (result i64) (local {}) (local.get 0)))",
        "i64 ".repeat(1_001)
    );
    let error = refused(&locals).to_string();
    assert_eq!(error, "function `f`, line 1, column 10: 1001 locals; the limit is 1000");
    let functions = format!("(module {})", "(func)".repeat(10_001));
    assert_eq!(refused(&functions).to_string(), "module: 10001 functions; the limit is 10000");
    assert_eq!(
        Code::new(b"(module \xff").unwrap_err().to_string(),
        "neither WebAssembly nor text: the byte at offset 0x8 is not UTF-8"
    );
}

#[test]
fn code_that_does_not_fit_the_memory_limit_is_refused_before_any_job() {
    let text = "(module (memory 17) (func (export \"run\") (param i64) (result i64) (local.get 0)))";
    let refused = Jobs::new(code(text), Settings::default()).unwrap_err();
    let JobsError::Code(error) = refused else { panic!("{refused}") };
    let words = "no instance can be made of the module: it needs more memory than allowed";
    assert_eq!(error.to_string(), words);
    let jobs = Jobs::new(code(SUM), Settings::default()).unwrap();
    assert_eq!(jobs.swap(code(text)), Err(error));
    let segment = "(module (memory 1) (data (i32.const 65536) \"x\")
        (func (export \"run\") (param i64) (result i64) (local.get 0)))";
    let error = jobs.swap(code(segment)).unwrap_err().to_string();
    assert!(error.ends_with("memory access out of bounds"), "{error}");
    assert_eq!(jobs.history().len(), 1, "nothing has changed");
}
