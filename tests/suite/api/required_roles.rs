//! The roles that may use a field stand in its description: "Requires OWNER or MEMBER."
//!
//! Here: each such sentence agrees with the policy's rows, and none is missing. A type's sentence is
//! about its fields without one. A field that every role may use has none. Not here: that the rows
//! are enforced, which `authorization` and `edges` show.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use entity::sql_enums::Role;
use message_credits::{
    graphql::schema::sdl,
    operations::policy::{Access, USES, Use, access, edges::EDGES, role_name, row},
};

const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];
const ROLES: usize = 6;

/// The descriptions of types and their fields: of `Account.debt`, and of `Account` itself.
fn descriptions() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for definition in parse_schema(sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(of) = definition else {
            continue;
        };
        let name = of.node.name.node.to_string();
        let text = of.node.description.map(|text| text.node);
        found.insert(name.clone(), text.unwrap_or_default());
        let fields: Vec<(String, Option<String>)> = match of.node.kind {
            TypeKind::Object(object) => {
                let fields = object.fields.into_iter().map(|field| field.node);
                fields
                    .map(|field| (field.name.node.to_string(), field.description))
                    .map(|(name, text)| (name, text.map(|text| text.node)))
                    .collect()
            }
            TypeKind::InputObject(input) => {
                let fields = input.fields.into_iter().map(|field| field.node);
                fields
                    .map(|field| (field.name.node.to_string(), field.description))
                    .map(|(name, text)| (name, text.map(|text| text.node)))
                    .collect()
            }
            _ => Vec::new(),
        };
        for (field, text) in fields {
            found.insert(format!("{name}.{field}"), text.unwrap_or_default());
        }
    }
    found
}

/// The sentence of a description that names roles.
fn said(description: &str) -> Option<String> {
    let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut sentences = text.match_indices("Requires ").map(|(begin, _)| {
        let sentence = &text[begin..];
        sentence.split_inclusive('.').next().unwrap().to_owned()
    });
    let first = sentences.next();
    assert_eq!(sentences.next(), None, "two sentences in: {text}");
    first
}

/// The sentence that names these roles; `None` if they are all.
fn sentence(roles: &[Role]) -> Option<String> {
    let names: Vec<&str> = roles.iter().copied().map(role_name).collect();
    match names.as_slice() {
        all if all.len() == ROLES => None,
        [only] => Some(format!("Requires {only}.")),
        [first @ .., last] => Some(format!("Requires {} or {last}.", first.join(", "))),
        [] => panic!("nobody may"),
    }
}

fn complain(wrong: &mut Vec<String>, what: &str, found: Option<&str>, access: Access) {
    let expected = sentence(access.roles());
    if found != expected.as_deref() {
        wrong.push(format!("{what} says {found:?} and not {expected:?}"));
    }
}

#[test]
fn descriptions_name_the_roles_that_may() {
    let descriptions = descriptions();
    let mut wrong = Vec::new();
    for (what, text) in &descriptions {
        let Some((root, field)) = what.split_once('.') else {
            continue;
        };
        if ROOTS.contains(&root) {
            complain(&mut wrong, what, said(text).as_deref(), access(field));
        }
    }
    for (name, rows) in EDGES {
        let of_type = said(&descriptions[*name]);
        for field in rows.iter().flat_map(|(_, fields)| *fields) {
            let what = format!("{name}.{field}");
            let own = said(&descriptions[&what]);
            let found = own.as_deref().or(of_type.as_deref());
            complain(&mut wrong, &what, found, row(rows, field));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Input fields that some of the mutation's roles may not set.
#[test]
fn inputs_name_the_roles_that_may_set_them() {
    let descriptions = descriptions();
    for (what, root, used) in [
        (
            "UpdateAccountInput.settlement",
            "updateAccount",
            Use::SetSettlement,
        ),
        (
            "UpdateAccountInput.rateCardId",
            "updateAccount",
            Use::SetRateCard,
        ),
        (
            "UpdateAccountInput.subscriptionFee",
            "updateAccount",
            Use::SetSubscriptionFee,
        ),
        (
            "UpdateAccountInput.retentionMonths",
            "updateAccount",
            Use::SetRetention,
        ),
    ] {
        let (_, of_use, _) = USES.iter().find(|(found, _, _)| *found == used).unwrap();
        let both: Vec<Role> = of_use
            .roles()
            .iter()
            .copied()
            .filter(|role| access(root).admits(*role))
            .collect();
        assert_eq!(said(&descriptions[what]), sentence(&both), "{what}");
    }
}
