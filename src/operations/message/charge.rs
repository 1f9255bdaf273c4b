//! The charge for a scheduled message that its sending service reports on.
//!
//! Here: the head-counts of the report, priced by the card and the segments that the message was
//! scheduled with. Not here: the mutation ([`super`]), and booking the charge ([`crate::ledger`]).

use domain::{
    channel::Channel,
    country::CountryCode,
    destination::Destinations,
    distribution,
    id::{ListId, MessageId, RateCardId},
    quote::{self, Share},
    rate::RateCard,
};
use entity::message;

use super::price;
use crate::{
    ledger::{End, MessageCharge, Plan, RequestKind},
    operations::{
        OperationError, Path, RefusalCode, Services, Viewer, audience,
        contact_list::DestinationRow,
        input,
        policy::{self, Use},
        pricing::no_price,
    },
    store,
};

impl Services {
    /// The command that settles a message: in full, or at the charge for the head-counts in `rows`.
    pub(super) async fn settlement(
        &self,
        viewer: &Viewer,
        row: &message::Model,
        rows: Option<Vec<DestinationRow>>,
    ) -> Result<RequestKind, OperationError> {
        let path = Path::input("sent");
        let end = match rows {
            None => End::InFull,
            Some(_) if !policy::may(viewer, Use::ReportSent) => {
                return Err(path
                    .invalid(
                        text!("Only the platform and its sending service (a SENDER key) report what was sent; \
                         leave it out to charge everything that was planned."),
                    )
                    .into());
            }
            Some(rows) => {
                let destinations = audience::destinations(&rows, &path)?;
                let id = RateCardId::new(row.rate_card_id);
                let card = self.rate_card_version(id).await?;
                refuse_not_served(&rows, &card, row.channel.into(), &path)?;
                let planned = planned(row)?;
                {
                    let charge = reported_charge(row, &planned, &destinations, &card, &path)?;
                    End::Reported(charge, Some(Plan::of(row)))
                }
            }
        };
        Ok(RequestKind::End {
            message: MessageId::new(row.id),
            list: row.list_id.map(ListId::new),
            end,
        })
    }
}

/// The recipients and segments that the message was scheduled for, by country. They are read from
/// the same row as the rest of its plan.
fn planned(row: &message::Model) -> Result<Vec<Share>, OperationError> {
    let share = |line: &entity::message_line::Model| {
        Some(Share {
            country: line.country_code.parse::<CountryCode>().ok()?,
            segment_count: u32::try_from(line.segment_count).ok()?,
            recipients: u64::try_from(line.recipients).ok()?,
        })
    };
    let broken = || OperationError::broken(format!("message {} has an unsound line", row.id));
    let lines = store::message_line::of(row).map_err(|_| broken())?;
    lines
        .iter()
        .map(share)
        .collect::<Option<_>>()
        .ok_or_else(broken)
}

fn refuse_not_served(
    rows: &[DestinationRow],
    card: &RateCard,
    channel: Channel,
    path: &Path,
) -> Result<(), OperationError> {
    for (index, (code, recipients)) in rows.iter().enumerate() {
        let path = path.at(index).at("countryCode");
        let country = input::country(code, &path)?;
        if *recipients > 0 && card.rate(country, channel).is_none() {
            return Err(path
                .refuse(
                    RefusalCode::UnsupportedDestination,
                    text!("The message's rate card does not serve this country."),
                )
                .into());
        }
    }
    Ok(())
}

/// The charge for the reported head-counts. The recipients of a country are split over the segments
/// planned there in proportion; a country that was not planned counts the most segments of the
/// message.
fn reported_charge(
    row: &message::Model,
    planned: &[Share],
    sent: &Destinations,
    card: &RateCard,
    path: &Path,
) -> Result<MessageCharge, OperationError> {
    let most = u32::try_from(row.segment_count).map_err(|_| {
        OperationError::broken(format!("message {} has a negative segment count", row.id))
    })?;
    let shares = distribution::of_reported(planned, sent, most);
    let priced = quote::price_shares(row.channel.into(), shares, card)
        .map_err(|error| no_price(error, path))?;
    Ok(price(priced))
}
