//! The recipients of a message: a list, telephone numbers, or head-counts. Each becomes head-counts
//! by country.

use crate::localization::Text;
use std::collections::BTreeSet;

use domain::{
    country::CountryCode,
    destination::Destinations,
    id::{AccountId, ListId},
};

use super::{
    OperationError, Path, Refusal, Services,
    contact_list::{DestinationRow, MAX_DESTINATIONS},
    input,
    phone_number::{self, Accept, NumberFault},
};
use crate::store::contact_list::Heads;

/// The most telephone numbers of one audience.
pub const MAX_NUMBERS: usize = 10_000;
/// The most invalid numbers reported at once. The first 100 show what is wrong.
const MAX_REFUSED: usize = 100;
/// The most duplicates that are reported by position.
pub const MAX_DUPLICATES: usize = 1_000;

/// The requested recipients.
#[derive(Debug, Clone)]
pub enum Audience {
    /// The contacts of a list.
    List(ListId),
    /// Telephone numbers, in E.164 form.
    Numbers(Vec<String>),
    /// Head-counts by country.
    Destinations(Vec<DestinationRow>),
}

/// A point in the history of a list's contacts. It covers the contacts that were added in this
/// revision or an earlier one, and is valid while none has been removed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The last revision that counts.
    pub revision: i64,
    /// The number of removals up to this point.
    pub removals: i64,
}

/// Telephone numbers, counted by country.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// Head-counts by country, each number counted once.
    pub destinations: Destinations,
    /// The positions of repeated numbers, at most [`MAX_DUPLICATES`].
    pub duplicates: Vec<usize>,
}

impl Services {
    /// The head-counts of a list that isn't archived, by country, and the point in its history at
    /// which they hold. The point is `None` for a list without stored contacts, which nobody can
    /// leave.
    ///
    /// # Errors
    /// `NotFound` at `path` if the list is unknown, archived or another account's. A fault if the
    /// stored head-counts are too large to add up.
    pub(super) async fn list_destinations(
        &self,
        account: AccountId,
        list: ListId,
        path: &Path,
    ) -> Result<(Destinations, Option<AsOf>), OperationError> {
        let heads = self.list_heads(account, list, path).await?;
        let pairs = heads
            .rows
            .iter()
            .filter_map(|(country, recipients)| Some((country.parse().ok()?, *recipients)));
        let destinations = Destinations::from_pairs(pairs)
            .map_err(|error| OperationError::broken(format!("list {}: {error}", list.uuid())))?;
        let as_of = (heads.contacts > 0).then_some(AsOf {
            revision: heads.revision,
            removals: heads.removals,
        });
        Ok((destinations, as_of))
    }

    /// The head-counts of a list that isn't archived, as they are stored.
    ///
    /// # Errors
    /// `NotFound` at `path` if the list is unknown, archived or another account's.
    pub(super) async fn list_heads(
        &self,
        account: AccountId,
        list: ListId,
        path: &Path,
    ) -> Result<Heads, OperationError> {
        let heads = self.0.reads.heads.load((account, list)).await?;
        let heads = heads.filter(|heads| !heads.is_archived);
        heads.ok_or_else(|| path.not_found(text!("list")).into())
    }
}

/// Head-counts by country, as given.
///
/// # Errors
/// Too many rows at `path`. An unknown country, a negative count or too many recipients, by
/// position below it.
pub fn destinations(rows: &[DestinationRow], path: &Path) -> Result<Destinations, OperationError> {
    if rows.len() > MAX_DESTINATIONS {
        let text = text!(
            "Must be at most {limit} countries.",
            limit = MAX_DESTINATIONS
        );
        return Err(path.invalid(text).into());
    }
    let rows = rows
        .iter()
        .map(|(country, recipients)| (country.as_str(), *recipients));
    input::destinations(rows, path)
}

/// Telephone numbers as head-counts by country. A repeated number counts once (law Q4). Reading
/// 10,000 numbers takes 0.1 s, so it runs on a blocking thread.
///
/// # Errors
/// Invalid numbers by position below `path`, the first 100.
pub async fn numbers(
    numbers: Vec<String>,
    accept: Accept,
    path: &Path,
) -> Result<Counted, OperationError> {
    if numbers.len() > MAX_NUMBERS {
        return Err(path
            .invalid(text!(
                "Must be at most {limit} numbers.",
                limit = MAX_NUMBERS
            ))
            .into());
    }
    let path = path.clone();
    let counted = tokio::task::spawn_blocking(move || count(&numbers, accept, &path)).await;
    let counted = counted
        .map_err(|cause| OperationError::broken(format!("numbers were not read: {cause}")))?;
    counted.map_err(OperationError::Refused)
}

fn count(numbers: &[String], accept: Accept, path: &Path) -> Result<Counted, Vec<Refusal>> {
    let mut seen = BTreeSet::new();
    let mut countries = Vec::with_capacity(numbers.len());
    let (mut duplicates, mut refused) = (Vec::new(), Vec::new());
    for (index, text) in numbers.iter().enumerate() {
        match number(text, accept, &path.at(index)) {
            Ok((number, country)) => {
                if seen.insert(number) {
                    countries.push((country, 1));
                } else if duplicates.len() < MAX_DUPLICATES {
                    duplicates.push(index);
                }
            }
            Err(refusal) => refused.push(refusal),
        }
        if refused.len() == MAX_REFUSED {
            break;
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    // Far below the most that a country may have.
    let destinations = Destinations::from_pairs(countries);
    Ok(Counted {
        destinations: destinations.map_err(|_| {
            vec![path.invalid(text!(
                "Must be at most {limit} numbers.",
                limit = MAX_NUMBERS
            ))]
        })?,
        duplicates,
    })
}

/// The digits of a telephone number in E.164 form, and its country.
pub(super) fn number(
    text: &str,
    accept: Accept,
    path: &Path,
) -> Result<(i64, CountryCode), Refusal> {
    let number = phone_number::read(text, None, accept).map_err(|fault| match fault {
        NumberFault::Malformed | NumberFault::WithoutPrefix => path.invalid(text!(
            "Must be a telephone number in E.164 form such as \"+393401234567\"."
        )),
        fault => path.invalid(Text::written(&fault.to_string())),
    })?;
    Ok((number.digits, number.country))
}

#[cfg(test)]
mod tests {
    use super::{Accept, Path, count};

    fn counted(numbers: &[&str]) -> Result<Vec<(String, u64)>, Vec<Vec<String>>> {
        let numbers: Vec<String> = numbers.iter().map(|&number| number.to_owned()).collect();
        let counted = count(&numbers, Accept::Landlines, &Path::argument("recipients"));
        counted
            .map(|found| {
                let found = found.destinations;
                let found = found.iter();
                found.map(|(code, many)| (code.to_string(), many)).collect()
            })
            .map_err(|refused| refused.into_iter().map(|refusal| refusal.field).collect())
    }

    #[test]
    fn duplicates_and_invalid_numbers_are_reported_by_position() {
        let path = Path::argument("recipients");
        let numbers =
            |texts: &[&str]| -> Vec<String> { texts.iter().map(|&text| text.to_owned()).collect() };
        let one = "+393401234567";
        let found = count(
            &numbers(&[one, "+39 340 1234567", "+12015550123", one]),
            Accept::Mobiles,
            &path,
        );
        assert_eq!(found.unwrap().duplicates, [1, 3]);
        let refused = counted(&["x", one, "", one]);
        let at = |place: &str| vec!["recipients".to_owned(), place.to_owned()];
        assert_eq!(refused, Err(vec![at("0"), at("2")]));
        let many = vec![String::new(); 300];
        assert_eq!(count(&many, Accept::Mobiles, &path).unwrap_err().len(), 100);
        let many = vec![one.to_owned(); 5_000];
        assert_eq!(
            count(&many, Accept::Mobiles, &path)
                .unwrap()
                .duplicates
                .len(),
            1_000
        );
    }

    #[test]
    fn numbers_count_once_in_their_country() {
        let check = |numbers: &[&str], expected: &[(&str, u64)]| {
            let expected = expected
                .iter()
                .map(|(code, many)| ((*code).to_owned(), *many))
                .collect();
            assert_eq!(counted(numbers), Ok(expected), "{numbers:?}");
        };
        check(&[], &[]);
        check(&["+393401234567"], &[("IT", 1)]);
        check(&["+393401234567", "+39 340 123-4567"], &[("IT", 1)]);
        // Italian landlines keep their leading zero, and several countries can share a calling
        // code.
        check(
            &[
                "+390612345678",
                "+12015550123",
                "+14165550123",
                "+447400123456",
                "+441534456789",
            ],
            &[("CA", 1), ("GB", 1), ("IT", 1), ("JE", 1), ("US", 1)],
        );
    }

    #[test]
    fn invalid_numbers_are_refused_with_a_reason() {
        for bad in [
            "",
            "+",
            "393401234567",
            "3401234567",
            "+39",
            "+3934",
            "+39340123456789012345",
            "+99912345678",
            "+80012345678",
            "+393401234567;ext=5",
            "+39340ABCDEF",
            "tel:+393401234567",
        ] {
            let refused = counted(&["+393401234567", bad]);
            assert_eq!(
                refused,
                Err(vec![vec!["recipients".to_owned(), "1".to_owned()]]),
                "{bad:?}"
            );
        }
    }
}
