//! The mutations `update…`: everything that they can change can be left out.
//!
//! Here: the schema says so. Not here: that what is left out stays as it is, which each noun's
//! tests show.

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use message_credits::graphql::schema::sdl;

#[test]
fn every_setting_of_an_update_can_be_left_out() {
    let mut updates = Vec::new();
    let mut wrong = Vec::new();
    for definition in parse_schema(sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(found) = definition else {
            continue;
        };
        let name = found.node.name.node.to_string();
        let TypeKind::InputObject(input) = &found.node.kind else {
            continue;
        };
        if !name.starts_with("Update") {
            continue;
        }
        let description = found.node.description.map(|text| text.node);
        if !description.is_some_and(|text| text.contains("left out")) {
            wrong.push(format!(
                "{name} does not say what happens to what is left out"
            ));
        }
        // The first field names the object; a default would set what is left out. A key is no
        // setting.
        let fields = input.fields.iter().skip(1).map(|field| &field.node);
        for field in fields.filter(|field| field.name.node != "idempotencyKey") {
            if !field.ty.node.nullable || field.default_value.is_some() {
                wrong.push(format!("{name}.{} can't be left out", field.name.node));
            }
        }
        updates.push(name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(
        updates,
        [
            "UpdateAccountInput",
            "UpdateAutoRechargeInput",
            "UpdateContactInput",
            "UpdateContactListInput",
            "UpdateCreditPackageInput",
            "UpdateMessageInput",
            "UpdateMonthlyReportsInput",
        ]
    );
}
