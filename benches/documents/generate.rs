//! Random documents from the schema: deep, wide, aliased, with variables, as no well-meaning client
//! writes them.
//!
//! Here: one seed makes one sequence of documents, which are valid for the schema. Not here: who
//! sends them and what is measured.

use std::collections::BTreeMap;
use std::fmt::Write;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

/// The built-in introspection types, as far as documents use them; a printed schema doesn't have
/// them.
const INTROSPECTION: &str = "
type __Schema { types: [__Type!]! queryType: __Type! directives: [__Directive!]! }
type __Type { name: String fields: [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
    enumValues: [__EnumValue!] inputFields: [__InputValue!] ofType: __Type description: String }
type __Field { name: String! description: String args: [__InputValue!]! type: __Type! }
type __InputValue { name: String! type: __Type! defaultValue: String }
type __EnumValue { name: String! description: String }
type __Directive { name: String! args: [__InputValue!]! }
extend type Query { __schema: __Schema! __type(name: String!): __Type }
";

/// The longest generated document; the server reads 64 KiB.
const MOST_BYTES: usize = 60_000;

/// An operation with its variables.
pub struct Asked {
    /// The text.
    pub query: String,
    /// The variables' values.
    pub variables: Value,
}

/// Generates documents, one after the other.
pub struct Generator {
    types: BTreeMap<String, TypeKind>,
    roots: Vec<FieldDefinition>,
    /// Existing ids, of any kind.
    pub ids: Vec<String>,
    random: StdRng,
    /// Bytes of the texts in this document's variables.
    texts: usize,
}

/// The shape of one document.
struct Shape {
    depth: usize,
    width: usize,
    fields: usize,
    query: String,
    variables: Map<String, Value>,
    declared: String,
    made: usize,
}

impl Generator {
    /// A generator over a schema in the schema language.
    pub fn new(sdl: &str, ids: Vec<String>, seed: u64) -> Self {
        let parsed = parse_schema(format!("{sdl}\n{INTROSPECTION}")).unwrap();
        let mut types = BTreeMap::new();
        let mut roots = Vec::new();
        for definition in parsed.definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let (name, kind) = (definition.node.name.node, definition.node.kind);
            if name == "Query"
                && let TypeKind::Object(object) = &kind
            {
                roots.extend(object.fields.iter().map(|field| field.node.clone()));
            }
            types.entry(name.to_string()).or_insert(kind);
        }
        Self {
            types,
            roots,
            ids,
            random: StdRng::seed_from_u64(seed),
            texts: 0,
        }
    }

    /// The next document.
    pub fn next(&mut self) -> Asked {
        self.texts = 0;
        let mut shape = Shape {
            depth: self.pick(&[3, 5, 8, 12, 18]),
            width: self.pick(&[1, 2, 4, 8, 40]),
            fields: self.pick(&[10, 100, 1_000, 4_000]),
            query: String::new(),
            variables: Map::new(),
            declared: String::new(),
            made: 0,
        };
        let roots = self.pick(&[1, 1, 2, 10, 50]);
        // Now and then one root field alone, under many aliases.
        let alone = self.random.random_bool(0.3).then(|| self.root());
        for _ in 0..roots {
            let root = alone.clone().unwrap_or_else(|| self.root());
            self.field(&root, 1, &mut shape);
        }
        let declared = match shape.declared.as_str() {
            "" => String::new(),
            declared => format!("({declared})"),
        };
        Asked {
            query: format!("query{declared} {{ {} }}", shape.query),
            variables: Value::Object(shape.variables),
        }
    }

    fn root(&mut self) -> FieldDefinition {
        let place = self.random.random_range(0..self.roots.len());
        self.roots[place].clone()
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.random.random_range(0..among.len())]
    }

    /// Writes a field under its own alias, with all that it needs.
    fn field(&mut self, field: &FieldDefinition, depth: usize, shape: &mut Shape) {
        let kind = name_of(&field.ty.node);
        let composite = self.fields(&kind).is_some();
        shape.made += 1;
        let alias = shape.made;
        write!(shape.query, "f{alias}:{}", field.name.node).unwrap();
        let mut arguments = Vec::new();
        for argument in &field.arguments {
            let argument = &argument.node;
            let required = !argument.ty.node.nullable && argument.default_value.is_none();
            if required || self.random.random_bool(0.5) {
                arguments.push(self.argument(argument, shape));
            }
        }
        // Both would be refused, and nothing else of the document would be reached.
        if arguments.iter().any(|one| one.starts_with("first:")) {
            arguments.retain(|one| !one.starts_with("last:"));
        }
        if !arguments.is_empty() {
            write!(shape.query, "({})", arguments.join(",")).unwrap();
        }
        if composite {
            shape.query.push('{');
            self.set(&kind, depth + 1, shape);
            shape.query.push('}');
        }
        shape.query.push(' ');
    }

    fn set(&mut self, kind: &str, depth: usize, shape: &mut Shape) {
        let fields = self.fields(kind).unwrap_or_default();
        let (leaves, inner): (Vec<_>, Vec<_>) = fields
            .into_iter()
            .partition(|field| self.fields(&name_of(&field.ty.node)).is_none());
        if kind == "Node" && depth < shape.depth {
            let kinds: Vec<String> = self.nodes();
            for _ in 0..1 + shape.width.min(4) {
                let place = self.random.random_range(0..kinds.len());
                write!(shape.query, "...on {}{{", kinds[place]).unwrap();
                self.set(&kinds[place], depth + 1, shape);
                shape.query.push('}');
            }
        }
        let width = 1 + self.random.random_range(0..shape.width);
        let mut written = false;
        for _ in 0..width {
            if shape.made >= shape.fields || shape.query.len() > MOST_BYTES {
                break;
            }
            let deeper = depth < shape.depth && !inner.is_empty();
            let from = if deeper && (leaves.is_empty() || self.random.random_bool(0.6)) {
                &inner
            } else {
                &leaves
            };
            if from.is_empty() {
                break;
            }
            let place = self.random.random_range(0..from.len());
            let field = from[place].clone();
            self.field(&field, depth, shape);
            written = true;
        }
        if !written {
            shape.query.push_str("__typename");
        }
    }

    fn fields(&self, kind: &str) -> Option<Vec<FieldDefinition>> {
        let fields = match self.types.get(kind)? {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => return None,
        };
        Some(fields.iter().map(|field| field.node.clone()).collect())
    }

    fn nodes(&self) -> Vec<String> {
        let implements = |kind: &TypeKind| match kind {
            TypeKind::Object(object) => object.implements.iter().any(|name| name.node == "Node"),
            _ => false,
        };
        let nodes = self.types.iter().filter(|(_, kind)| implements(kind));
        nodes.map(|(name, _)| name.clone()).collect()
    }

    /// An argument with its value: written out if it is small, otherwise as a variable.
    fn argument(&mut self, argument: &InputValueDefinition, shape: &mut Shape) -> String {
        let name = argument.name.node.as_str();
        let value = self.value(&argument.ty.node, name, 0);
        if value.is_i64() || value.is_boolean() || self.random.random_bool(0.1) {
            let literal = matches!(value, Value::Number(_) | Value::Bool(_));
            if literal {
                return format!("{name}:{value}");
            }
        }
        let variable = format!("v{}", shape.variables.len());
        write!(shape.declared, "${variable}:{} ", argument.ty.node).unwrap();
        shape.variables.insert(variable.clone(), value);
        format!("{name}:${variable}")
    }

    fn value(&mut self, of: &Type, name: &str, depth: usize) -> Value {
        if of.nullable && self.random.random_bool(0.1) {
            return Value::Null;
        }
        let kind = match &of.base {
            BaseType::List(item) => {
                let most = match name {
                    "ids" => self.pick(&[1, 10, 100, 1_000]),
                    "recipientCount" => self.pick(&[1, 10, 1_000]),
                    "countryCodes" => self.pick(&[1, 10, 300]),
                    _ => self.pick(&[0, 1, 3]),
                };
                let items = (0..most).map(|_| self.value(item, name, depth + 1));
                return Value::Array(items.collect());
            }
            BaseType::Named(kind) => kind.to_string(),
        };
        match self.types.get(&kind).cloned() {
            Some(TypeKind::Enum(values)) => {
                let place = self.random.random_range(0..values.values.len());
                json!(values.values[place].node.value.node.as_str())
            }
            Some(TypeKind::InputObject(input)) => {
                let one_of = kind == "AudienceInput";
                let only = self.random.random_range(0..input.fields.len());
                let mut object = Map::new();
                for (place, field) in input.fields.iter().enumerate() {
                    let field = &field.node;
                    let given = if one_of {
                        place == only
                    } else {
                        !field.ty.node.nullable && field.default_value.is_none()
                            || depth < 3 && self.random.random_bool(0.4)
                    };
                    let of = Type {
                        nullable: field.ty.node.nullable && !one_of,
                        ..field.ty.node.clone()
                    };
                    if given {
                        let name = field.name.node.as_str();
                        object.insert(name.to_owned(), self.value(&of, name, depth + 1));
                    }
                }
                Value::Object(object)
            }
            _ => self.scalar(&kind, name),
        }
    }

    fn scalar(&mut self, kind: &str, name: &str) -> Value {
        match (kind, name) {
            ("Int", "first" | "last") => json!(self.pick(&[1, 5, 50, 200, 1_000])),
            ("Int", _) => json!(self.random.random_range(1..100)),
            ("Boolean", _) => json!(self.random.random_bool(0.5)),
            ("ID", _) => {
                let place = self.random.random_range(0..self.ids.len());
                json!(self.ids[place])
            }
            ("DateTime", "to") => json!("2026-12-01T00:00:00Z"),
            ("DateTime", _) => json!(self.pick(&[
                "2017-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
                "2026-11-25T00:00:00Z",
            ])),
            ("Date", _) => json!("2026-11-22"),
            ("TimeZone", _) => json!("Europe/Rome"),
            ("CountryCode", _) => json!(self.pick(&["IT", "FR", "DE", "US", "JP"])),
            ("PhoneNumber", _) => {
                json!(format!(
                    "+3934012{:05}",
                    self.random.random_range(0..100_000)
                ))
            }
            ("Credits" | "Decimal", _) => json!("10"),
            ("String", "text") => {
                // A body has at most 1 MiB.
                let long = if self.texts < 600_000 {
                    [1_000, 17_000, 39_000]
                } else {
                    [10; 3]
                };
                let characters = self.pick(&[10, long[0], long[1], long[2]]);
                let one = self.pick(&["a", "’", "é", "€", "{{name|x}} "]);
                let text = one.repeat(characters / one.chars().count());
                self.texts += text.len();
                json!(text)
            }
            ("String", "name") if self.random.random_bool(0.5) => json!("Node"),
            ("String", "after" | "before") => Value::Null,
            _ => json!("a"),
        }
    }
}

fn name_of(of: &Type) -> String {
    match &of.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(item) => name_of(item),
    }
}
