//! Who a message reaches: a list, telephone numbers, or head-counts; each becomes head-counts by country.

use std::collections::BTreeSet;

use domain::{
    country::CountryCode,
    destination::Destinations,
    id::{AccountId, ListId},
};
use entity::contact_list;

use super::{
    OperationError, Path, Refusal, Services,
    contact_list::{DestinationRow, MAX_DESTINATIONS},
    input,
    phone_number::{self, Accept, NumberFault},
};

/// The most telephone numbers of one audience.
pub const MAX_NUMBERS: usize = 10_000;
/// The most numbers that are refused by name at once: who sees a hundred has seen what is wrong.
const MAX_REFUSED: usize = 100;
/// The most repetitions that are told by their place.
pub const MAX_DUPLICATES: usize = 1_000;

/// Who is to be reached, as it was asked.
#[derive(Debug, Clone)]
pub enum Audience {
    /// The contacts of a list.
    List(ListId),
    /// Telephone numbers, in E.164 form.
    Numbers(Vec<String>),
    /// Head-counts by country.
    Destinations(Vec<DestinationRow>),
}

/// A point of the history of a list's contacts: those who are there came in with this revision or before it, and
/// nobody was removed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The last revision that is counted.
    pub revision: i64,
    /// How often contacts had been removed.
    pub removals: i64,
}

/// Telephone numbers, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// Each number once, by country.
    pub destinations: Destinations,
    /// The places of numbers that came before; the first [`MAX_DUPLICATES`].
    pub duplicates: Vec<usize>,
}

impl Services {
    /// The head-count of a list, by country, and the point of the list's history that it is of; `None` if the list
    /// has no stored contacts, who could leave.
    ///
    /// # Errors
    /// A fault.
    pub(super) async fn list_destinations(
        &self,
        account: AccountId,
        list: ListId,
    ) -> Result<(Destinations, Option<AsOf>), OperationError> {
        let heads = self.0.reads.heads.load((account, list)).await?;
        let heads = heads.unwrap_or_default();
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

    /// A list that an account has, and in use.
    ///
    /// # Errors
    /// A refusal that names `path`.
    pub(super) async fn list_in_use(
        &self,
        account: AccountId,
        list: ListId,
        path: &Path,
    ) -> Result<contact_list::Model, OperationError> {
        let row = self.0.reads.lists.load(list).await?;
        let row = row.filter(|row| row.account_id == account.uuid() && row.archived_at.is_none());
        row.ok_or_else(|| path.not_found("list").into())
    }
}

/// Head-counts as they were given.
///
/// # Errors
/// A refusal that names the position below `path`.
pub fn destinations(rows: &[DestinationRow], path: &Path) -> Result<Destinations, Refusal> {
    if rows.len() > MAX_DESTINATIONS {
        return Err(path.invalid(format!("Must be at most {MAX_DESTINATIONS} countries.")));
    }
    let rows = rows
        .iter()
        .map(|(country, recipients)| (country.as_str(), *recipients));
    input::destinations(rows, path)
}

/// Telephone numbers as head-counts by country; a number that comes twice counts once (law Q4). Reading
/// ten thousand takes a tenth of a second, so that is done beside the other requests.
///
/// # Errors
/// Refusals that name the positions below `path` of numbers that are none, the first hundred.
pub async fn numbers(
    numbers: Vec<String>,
    accept: Accept,
    path: &Path,
) -> Result<Counted, OperationError> {
    if numbers.len() > MAX_NUMBERS {
        return Err(path
            .invalid(format!("Must be at most {MAX_NUMBERS} numbers."))
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
    // Far fewer than a country may have.
    let destinations = Destinations::from_pairs(countries);
    Ok(Counted {
        destinations: destinations
            .map_err(|_| vec![path.invalid(format!("Must be at most {MAX_NUMBERS} numbers."))])?,
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
        NumberFault::Malformed | NumberFault::WithoutPrefix => {
            path.invalid("Must be a telephone number in E.164 form such as \"+393401234567\".")
        }
        fault => path.invalid(fault.to_string()),
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
    fn repetitions_and_mistakes_are_told_by_their_place() {
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
        // Italian landlines keep their zero; one country code serves several countries.
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
    fn what_is_no_number_of_a_country_is_named() {
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
