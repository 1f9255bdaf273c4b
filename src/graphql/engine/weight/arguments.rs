//! What the arguments of a field say about the lists in it.
//!
//! Here: page sizes, numbers of ids and of intervals, lengths of texts, with variables and defaults,
//! and selections that are left out. Not here: what they are multiplied with ([`super`]).

use std::borrow::Cow;
use std::collections::HashSet;

use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::MetaField;
use async_graphql::{Name, Value};
use async_graphql_value::Value as Given;
use jiff::Timestamp;

use super::Scales;
use crate::graphql::engine::paging::{DEFAULT_PAGE, MAX_PAGE};

impl<'a> Scales<'a> {
    /// The requested page size, if the field has paging arguments.
    pub(super) fn page(&self, meta: &MetaField, field: &'a Field) -> Option<u64> {
        let default = meta.args.get("first")?.default_value.as_deref();
        let asked = |name| match self.argument(field, name)?.as_ref() {
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        let asked = asked("first").or_else(|| asked("last"));
        let size = asked.or_else(|| default?.parse().ok());
        let size = size.unwrap_or(i64::from(DEFAULT_PAGE));
        // A size out of bounds is refused by the resolver.
        u64::try_from(size.clamp(1, i64::from(MAX_PAGE))).ok()
    }

    /// The number of intervals that a field's arguments, or its input, divide time into.
    pub(super) fn intervals(&self, meta: &MetaField, field: &'a Field) -> Option<u64> {
        let (from, to, interval) = if meta.args.contains_key("interval") {
            (
                self.argument(field, "from"),
                self.argument(field, "to"),
                self.argument(field, "interval"),
            )
        } else {
            let input = self.argument(field, "input")?;
            let Value::Object(input) = input.as_ref() else {
                return None;
            };
            let part = |name: &str| input.get(name).cloned().map(Cow::Owned);
            (part("from"), part("to"), part("interval"))
        };
        let instant = |value: Option<Cow<'_, Value>>| match value?.as_ref() {
            Value::String(text) => text.parse::<Timestamp>().ok(),
            _ => None,
        };
        let seconds = instant(to)?.duration_since(instant(from)?).as_secs();
        let interval = interval.as_deref().and_then(|interval| match interval {
            Value::Enum(name) => Some(name.as_str()),
            Value::String(name) => Some(name.as_str()),
            _ => None,
        });
        let length = match interval {
            Some("HOUR") => 3_600,
            Some("WEEK") => 7 * 86_400,
            Some("MONTH") => 28 * 86_400,
            _ => 86_400,
        };
        // The partial intervals at both ends count too. The report refuses more intervals than its
        // own limit.
        u64::try_from((seconds / length + 2).clamp(1, 5_000)).ok()
    }

    /// The number of characters of the text in a field's input.
    pub(super) fn characters(&self, meta: &MetaField, field: &'a Field) -> Option<u64> {
        meta.args.get("input")?;
        let input = self.argument(field, "input")?;
        let Value::Object(input) = input.as_ref() else {
            return None;
        };
        match input.get("text")? {
            Value::String(text) => u64::try_from(text.chars().count()).ok(),
            _ => None,
        }
    }

    /// The number of distinct values of a list argument.
    pub(super) fn length(&self, field: &'a Field, name: &str) -> Option<u64> {
        let value = self.argument(field, name)?;
        match value.as_ref() {
            Value::List(items) => {
                let mut seen = HashSet::new();
                let different = items.iter().filter(|item| match item {
                    Value::String(text) => seen.insert(text.as_str()),
                    _ => true,
                });
                u64::try_from(different.count()).ok()
            }
            Value::Null => None,
            // A list of one item may be written without brackets.
            _ => Some(1),
        }
    }

    /// The value of an argument: literal, variable, or the variable's default.
    fn argument(&self, field: &'a Field, name: &str) -> Option<Cow<'a, Value>> {
        match field.get_argument(name).map(|value| &value.node)? {
            Given::Variable(name) => self.variable(name).map(Cow::Borrowed),
            given => {
                let all = |name: Name| {
                    let value = self.variable(&name).cloned();
                    Ok::<_, std::convert::Infallible>(value.unwrap_or(Value::Null))
                };
                given.clone().into_const_with(all).ok().map(Cow::Owned)
            }
        }
    }

    fn variable(&self, name: &Name) -> Option<&'a Value> {
        self.variables.get(name).or_else(|| {
            let mut definitions = self.operation.variable_definitions.iter();
            let definition = definitions.find(|one| one.node.name.node == *name)?;
            Some(&definition.node.default_value.as_ref()?.node)
        })
    }

    /// Whether `@skip` or `@include` excludes a selection.
    pub(super) fn is_left_out(&self, selection: &'a Selection) -> bool {
        selection.directives().iter().any(|directive| {
            let name = directive.node.name.node.as_str();
            let wanted = match name {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            // As in the engine, which ignores a variable's default here.
            let value = match directive.node.get_argument("if").map(|value| &value.node) {
                Some(Given::Boolean(value)) => *value,
                Some(Given::Variable(name)) => {
                    self.variables.get(name) == Some(&Value::Boolean(true))
                }
                _ => false,
            };
            value == wanted
        })
    }
}
