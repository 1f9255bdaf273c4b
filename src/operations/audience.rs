//! Who a message reaches: a list, telephone numbers, or head-counts; each becomes head-counts by country.

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
    phone_number::{self, NumberFault},
};
use crate::store;

/// The most telephone numbers of one audience.
pub const MAX_NUMBERS: usize = 10_000;

/// Who is to be reached, as it was asked.
#[derive(Debug)]
pub enum Audience {
    /// The contacts of a list.
    List(ListId),
    /// Telephone numbers, in E.164 form.
    Numbers(Vec<String>),
    /// Head-counts by country.
    Destinations(Vec<DestinationRow>),
}

impl Services {
    /// The head-count of a list in use, by country.
    ///
    /// # Errors
    /// A refusal that names `path`, where the account has no such list in use.
    pub(super) async fn list_destinations(
        &self,
        account: AccountId,
        list: ListId,
        path: &Path,
    ) -> Result<Destinations, OperationError> {
        let reader = self.store.reader();
        self.list_in_use(account, list, path).await?;
        let rows = store::contact_list::destinations(reader, [account], [list]).await?;
        let pairs = rows
            .iter()
            .filter_map(|row| Some((row.country_code.parse().ok()?, row.recipients)));
        Destinations::from_pairs(pairs)
            .map_err(|error| OperationError::broken(format!("list {}: {error}", list.uuid())))
    }

    /// That an account has a list, and in use.
    ///
    /// # Errors
    /// A refusal that names `path`.
    pub(super) async fn list_in_use(
        &self,
        account: AccountId,
        list: ListId,
        path: &Path,
    ) -> Result<(), OperationError> {
        let row = store::contact_list::find(self.store.reader(), list).await?;
        let row = row.filter(|row| row.account_id == account.uuid() && row.archived_at.is_none());
        row.map(|_| ()).ok_or_else(|| path.not_found("list").into())
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

/// Telephone numbers as head-counts by country; a number that comes twice counts once (rule Q4). Reading
/// ten thousand takes a tenth of a second, so that is done beside the other requests.
///
/// # Errors
/// A refusal that names the position below `path`.
pub async fn numbers(numbers: Vec<String>, path: &Path) -> Result<Destinations, OperationError> {
    if numbers.len() > MAX_NUMBERS {
        return Err(path
            .invalid(format!("Must be at most {MAX_NUMBERS} numbers."))
            .into());
    }
    let path = path.clone();
    let counted = tokio::task::spawn_blocking(move || count(&numbers, &path)).await;
    let counted = counted
        .map_err(|cause| OperationError::broken(format!("numbers were not read: {cause}")))?;
    Ok(counted?)
}

fn count(numbers: &[String], path: &Path) -> Result<Destinations, Refusal> {
    let mut seen = BTreeSet::new();
    let mut countries = Vec::with_capacity(numbers.len());
    for (index, text) in numbers.iter().enumerate() {
        let (number, country) = number(text, &path.at(index))?;
        if seen.insert(number) {
            countries.push((country, 1));
        }
    }
    // Far fewer than a country may have.
    Destinations::from_pairs(countries).map_err(|_| path.invalid("Are too many."))
}

/// The digits of a telephone number in E.164 form, and its country.
pub(super) fn number(text: &str, path: &Path) -> Result<(i64, CountryCode), Refusal> {
    let number = phone_number::read(text, None).map_err(|fault| match fault {
        NumberFault::Malformed | NumberFault::WithoutPrefix => {
            path.invalid("Must be a telephone number in E.164 form such as \"+393401234567\".")
        }
        fault => path.invalid(fault.to_string()),
    })?;
    Ok((number.digits, number.country))
}

#[cfg(test)]
mod tests {
    use super::{Path, count};

    fn counted(numbers: &[&str]) -> Result<Vec<(String, u64)>, Vec<String>> {
        let numbers: Vec<String> = numbers.iter().map(|&number| number.to_owned()).collect();
        let counted = count(&numbers, &Path::argument("recipients"));
        counted
            .map(|found| {
                found
                    .iter()
                    .map(|(code, many)| (code.to_string(), many))
                    .collect()
            })
            .map_err(|refusal| refusal.field)
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
            "+39\u{0663}401234567",
            "tel:+393401234567",
        ] {
            let refused = counted(&["+393401234567", bad]);
            assert_eq!(
                refused,
                Err(vec!["recipients".to_owned(), "1".to_owned()]),
                "{bad:?}"
            );
        }
    }
}
