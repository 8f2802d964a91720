//! Reads the part of TypeScript that the page's declarations use, and holds JSON values
//! against it: interfaces, aliases, arrays, tuples, unions, literals and records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// The types that some files declare, and which of their fields values have had.
pub(crate) struct Declared {
    /// The interfaces of the file that is checked, without those that it imports.
    own: BTreeSet<String>,
    interfaces: BTreeMap<String, Vec<Field>>,
    aliases: BTreeMap<String, (Vec<String>, Type)>,
    /// Fields that had a value, and fields that had another one than null.
    seen: BTreeSet<(String, String)>,
    full: BTreeSet<(String, String)>,
    complaints: Vec<String>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    is_optional: bool,
    kind: Type,
}

#[derive(Debug, Clone)]
enum Type {
    Name(String, Vec<Type>),
    Text(String),
    Array(Box<Type>),
    Tuple(Vec<Type>),
    Union(Vec<Type>),
}

/// Whether a value may have fields that are not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    Refused,
    Allowed,
}

impl Declared {
    /// Reads `src/http/page/NAME.d.ts`, and those that it imports.
    pub(crate) fn read(name: &str, imported: &[&str]) -> Self {
        let mut declared = Self {
            own: BTreeSet::new(),
            interfaces: BTreeMap::new(),
            aliases: BTreeMap::new(),
            seen: BTreeSet::new(),
            full: BTreeSet::new(),
            complaints: Vec::new(),
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page");
        for name in std::iter::once(&name).chain(imported) {
            let text = std::fs::read_to_string(folder.join(format!("{name}.d.ts"))).unwrap();
            Reader { tokens: tokens(&text), at: 0 }.declarations(&mut declared);
            if declared.own.is_empty() {
                declared.own = declared.interfaces.keys().cloned().collect();
            }
        }
        declared
    }

    /// Holds a value against a declared type. What differs is kept for [`end`](Self::end).
    pub(crate) fn check(&mut self, name: &str, value: &Value, extra: Extra) {
        let kind = Type::Name(name.to_owned(), Vec::new());
        if let Err(complaint) = self.fits(&kind, value, name, extra) {
            self.complaints.push(complaint);
        }
    }

    /// Fails with everything that differed; if nothing did, with every field that is
    /// declared and that no value had or that was always null. `unseen` names the fields
    /// of which that is known, as `Interface.field`, or whole interfaces.
    #[track_caller]
    pub(crate) fn end(mut self, unseen: &[&str]) {
        if self.complaints.is_empty() {
            let missing = self.own.iter().flat_map(|name| self.missing(name, unseen)).collect();
            self.complaints = missing;
        }
        self.complaints.sort();
        self.complaints.dedup();
        assert!(self.complaints.is_empty(), "\n{}\n", self.complaints.join("\n"));
    }

    /// The fields of an interface that no value had.
    fn missing(&self, interface: &str, unseen: &[&str]) -> Vec<String> {
        let mut missing = Vec::new();
        for Field { name, .. } in &self.interfaces[interface] {
            let key = (interface.to_owned(), name.clone());
            let path = format!("{interface}.{name}");
            if !self.full.contains(&key) && !unseen.contains(&interface) && !unseen.contains(&path.as_str())
            {
                let what =
                    if self.seen.contains(&key) { "is null in every answer" } else { "is in no answer" };
                missing.push(format!("{path} is declared and {what}"));
            }
        }
        missing
    }

    fn fits(&mut self, kind: &Type, value: &Value, at: &str, extra: Extra) -> Result<(), String> {
        let differs = |expected: &str| {
            let found: String = value.to_string().chars().take(60).collect();
            Err(format!("{at}: {found} is declared as {expected}"))
        };
        match (kind, value) {
            (Type::Union(kinds), _) => {
                let is_null = |kind: &&Type| matches!(kind, Type::Name(name, _) if name == "null");
                let kinds = kinds.iter().filter(|kind| value.is_null() || !is_null(kind));
                let mut why = Vec::new();
                for kind in kinds {
                    match self.fits(kind, value, at, extra) {
                        Ok(()) => return Ok(()),
                        Err(complaint) => why.push(complaint),
                    }
                }
                Err(why.join("; or "))
            }
            (Type::Text(text), Value::String(found)) if found == text => Ok(()),
            (Type::Text(text), _) => differs(&format!("'{text}'")),
            (Type::Array(of), Value::Array(values)) => {
                values.iter().try_for_each(|value| self.fits(of, value, &format!("{at}[]"), extra))
            }
            (Type::Tuple(kinds), Value::Array(values)) if kinds.len() == values.len() => kinds
                .iter()
                .zip(values)
                .try_for_each(|(kind, value)| self.fits(kind, value, &format!("{at}[]"), extra)),
            (Type::Array(_) | Type::Tuple(_), _) => differs("an array"),
            (Type::Name(name, of), _) => match (name.as_str(), value) {
                ("number", Value::Number(_))
                | ("string", Value::String(_))
                | ("boolean", Value::Bool(_))
                | ("null", Value::Null) => Ok(()),
                ("number" | "string" | "boolean" | "null", _) => differs(name),
                ("Record", Value::Object(fields)) => fields
                    .iter()
                    .try_for_each(|(key, value)| self.fits(&of[1], value, &format!("{at}.{key}"), extra)),
                ("Record", _) => differs("an object"),
                _ => self.fits_name(name, of, value, at, extra),
            },
        }
    }

    fn fits_name(
        &mut self,
        name: &str,
        of: &[Type],
        value: &Value,
        at: &str,
        extra: Extra,
    ) -> Result<(), String> {
        if let Some((parameters, kind)) = self.aliases.get(name) {
            let kind = kind.with(parameters, of);
            return self.fits(&kind, value, at, extra);
        }
        let fields = self.interfaces.get(name).unwrap_or_else(|| panic!("{name} is not declared")).clone();
        let Value::Object(found) = value else {
            return Err(format!("{at}: {value} is declared as {name}"));
        };
        for Field { name: field, is_optional, kind } in &fields {
            let Some(value) = found.get(field) else {
                if *is_optional {
                    continue;
                }
                return Err(format!("{name}.{field} is declared, and {at} has no such field"));
            };
            self.fits(kind, value, &format!("{at}.{field}"), extra)?;
            let key = (name.to_owned(), field.clone());
            if !value.is_null() {
                self.full.insert(key.clone());
            }
            self.seen.insert(key);
        }
        let undeclared = found.keys().find(|key| !fields.iter().any(|field| field.name == **key));
        match undeclared {
            Some(key) if extra == Extra::Refused => {
                Err(format!("{at}.{key} is in the answer and not declared in {name}"))
            }
            _ => Ok(()),
        }
    }
}

impl Type {
    /// The type with its parameters filled in.
    fn with(&self, parameters: &[String], of: &[Self]) -> Self {
        let all = |kinds: &[Self]| kinds.iter().map(|kind| kind.with(parameters, of)).collect();
        match self {
            Self::Name(name, inner) => match parameters.iter().position(|parameter| parameter == name) {
                Some(at) => of[at].clone(),
                None => Self::Name(name.clone(), all(inner)),
            },
            Self::Text(text) => Self::Text(text.clone()),
            Self::Array(kind) => Self::Array(Box::new(kind.with(parameters, of))),
            Self::Tuple(kinds) => Self::Tuple(all(kinds)),
            Self::Union(kinds) => Self::Union(all(kinds)),
        }
    }
}

/// Words, texts in quotes (with the first quote) and signs; no comments.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '\'' => rest[1..].find('\'').unwrap() + 2,
            _ if first.is_alphanumeric() => {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if !token.starts_with('/') {
            tokens.push(token.trim_end_matches('\'').to_owned());
        }
        rest = after.trim_start();
    }
    tokens
}

struct Reader {
    tokens: Vec<String>,
    at: usize,
}

impl Reader {
    fn declarations(&mut self, declared: &mut Declared) {
        while self.at < self.tokens.len() {
            match self.next().as_str() {
                "import" => while self.next() != ";" {},
                "export" => {}
                "interface" => {
                    let (name, fields) = (self.next(), self.fields());
                    declared.interfaces.insert(name, fields);
                }
                "type" => {
                    let name = self.next();
                    let parameters = if self.takes("<") { self.parameters() } else { Vec::new() };
                    self.expect("=");
                    let kind = self.kind();
                    self.expect(";");
                    declared.aliases.insert(name, (parameters, kind));
                }
                other => panic!("{other}: expected an interface or a type"),
            }
        }
    }

    fn parameters(&mut self) -> Vec<String> {
        let mut parameters = vec![self.next()];
        while self.takes(",") {
            parameters.push(self.next());
        }
        self.expect(">");
        parameters
    }

    fn fields(&mut self) -> Vec<Field> {
        let mut fields = Vec::new();
        self.expect("{");
        while !self.takes("}") {
            let name = self.next();
            let is_optional = self.takes("?");
            self.expect(":");
            let kind = self.kind();
            self.expect(";");
            fields.push(Field { name, is_optional, kind });
        }
        fields
    }

    fn kind(&mut self) -> Type {
        self.takes("|");
        let mut kinds = vec![self.one()];
        while self.takes("|") {
            kinds.push(self.one());
        }
        if kinds.len() == 1 { kinds.remove(0) } else { Type::Union(kinds) }
    }

    fn one(&mut self) -> Type {
        let mut kind = match self.next().as_str() {
            "(" => {
                let kind = self.kind();
                self.expect(")");
                kind
            }
            "[" => Type::Tuple(self.list("]")),
            text if text.starts_with('\'') => Type::Text(text[1..].to_owned()),
            name => {
                let of = if self.takes("<") { self.list(">") } else { Vec::new() };
                Type::Name(name.to_owned(), of)
            }
        };
        while self.takes("[") {
            self.expect("]");
            kind = Type::Array(Box::new(kind));
        }
        kind
    }

    fn list(&mut self, end: &str) -> Vec<Type> {
        let mut kinds = vec![self.kind()];
        while self.takes(",") {
            kinds.push(self.kind());
        }
        self.expect(end);
        kinds
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.tokens[self.at - 1].clone()
    }

    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.tokens.get(self.at).is_some_and(|next| next == token);
        self.at += usize::from(is_next);
        is_next
    }

    #[track_caller]
    fn expect(&mut self, token: &str) {
        assert!(self.takes(token), "expected {token}, found {:?}", self.tokens.get(self.at));
    }
}
