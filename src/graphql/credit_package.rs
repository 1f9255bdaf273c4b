//! Credit packages: the node, its connection, and the mutations that sell and archive them.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::{credits, id::PackageId};
use entity::credit_package;
use futures_util::FutureExt;

use super::{
    errors::ApiError,
    ids::PublicId,
    loaders::{LoadError, Loader, Rows},
    money::{Money, MoneyInput},
    paging::{Nodes, connection, window},
    request::{UserError, id, optional_id, payload, services, viewer, viewer_of},
    scalars::{BigInt, CountryCode, Credits},
    segmentation::Channel,
};
use crate::{
    operations::{
        Path, Services,
        credit_package::{Capacity, CreateCreditPackage, price},
    },
    store::{self, paging::Place},
};

/// Credits for sale.
#[derive(Debug, Clone)]
pub struct CreditPackage(pub credit_package::Model);

impl CreditPackage {
    fn key(&self) -> PackageId {
        PackageId::new(self.0.id)
    }
}

/// Credits for sale: how many, for how much, and how long they can be used.
#[Object]
impl CreditPackage {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        self.key().encode()
    }

    /// Its code; unique among all packages.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name, as people know it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How many credits it has.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.0.credits_units)
    }

    /// What it costs.
    async fn price(&self) -> Result<Money, ApiError> {
        Ok(price(&self.0)?.into())
    }

    /// Days from the day of purchase to the expiration day, on which its credits can't be used any more; null if they
    /// never expire.
    async fn validity_days(&self) -> Option<i32> {
        self.0.validity_days
    }

    /// Whether it is off sale.
    async fn archived(&self) -> bool {
        self.0.archived_at.is_some()
    }

    /// How many one-segment messages it buys, for each destination asked, in the order asked, at the
    /// account's rates.
    async fn capacity(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Whose rates; the viewer's own account where left out, and the default card's for a platform key."
        )]
        account_id: Option<ID>,
        #[graphql(desc = "Where to; at most 300 countries.")] country_codes: Vec<CountryCode>,
        #[graphql(
            desc = "With text alone, or with media.",
            default_with = "Channel::Sms"
        )]
        channel: Channel,
    ) -> Result<Vec<PackageCapacity>, ApiError> {
        let account = optional_id(account_id.as_ref(), &Path::argument("accountId"), "account")?;
        let countries: Vec<String> = country_codes.into_iter().map(|code| code.0).collect();
        let credits = credits::Credits::from_units(self.0.credits_units);
        let found = services(ctx)?
            .capacity(&viewer(ctx)?, account, credits, &countries, channel.into())
            .await?;
        Ok(found.into_iter().map(Into::into).collect())
    }
}

connection!(
    CreditPackage,
    CreditPackageConnection,
    CreditPackageEdge,
    "credit packages"
);

/// How many messages a package buys in a country.
#[derive(Debug, Clone, SimpleObject)]
pub struct PackageCapacity {
    /// Where to.
    country_code: CountryCode,
    /// What one message of one segment costs; null where the country is not served.
    credits_per_message: Option<Credits>,
    /// How many such messages the package buys, rounded down; at most 9,007,199,254,740,991. 0 if the country is not
    /// served, and null if they cost nothing.
    messages: Option<BigInt>,
}

impl From<Capacity> for PackageCapacity {
    fn from(found: Capacity) -> Self {
        Self {
            country_code: CountryCode(found.country.to_string()),
            credits_per_message: found.credits_per_message.map(Into::into),
            messages: found.messages.map(BigInt::at_most),
        }
    }
}

impl Loader<PackageId> for Rows {
    type Value = credit_package::Model;

    /// Archived ones too: what was bought still leads there. Packages are no account's own.
    async fn load(
        &self,
        ids: &[PackageId],
    ) -> Result<HashMap<PackageId, credit_package::Model>, LoadError> {
        let reader = self.services.store.reader();
        let rows = store::credit_package::find_all(reader, ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .map(|row| (PackageId::new(row.id), row))
            .collect())
    }
}

/// The root fields that read packages.
#[derive(Debug, Default)]
pub struct CreditPackageQuery;

#[Object]
impl CreditPackageQuery {
    /// The packages for sale, the smallest first.
    async fn credit_packages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Whether those off sale are listed too.", default = false)]
        include_archived: bool,
    ) -> Result<CreditPackageConnection, ApiError> {
        viewer_of(ctx, "creditPackages")?;
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        let services = services(ctx)?;
        let page = services.credit_packages(include_archived, window).await?;
        let counting = services.clone();
        Ok(CreditPackageConnection(Nodes::new(
            page,
            |row| Place {
                key: row.credits_units,
                id: row.id,
            },
            CreditPackage,
            move || count(counting.clone(), include_archived).boxed(),
        )))
    }
}

async fn count(services: Services, include_archived: bool) -> Result<u64, sea_orm::DbErr> {
    store::credit_package::count(services.store.reader(), include_archived).await
}

/// A new package.
#[derive(Debug, InputObject)]
pub struct CreateCreditPackageInput {
    /// Its code, unique among all packages: 1 to 64 letters of ASCII, digits, `-`, `_` and `.`.
    code: String,
    /// Its name; 1 to 200 characters.
    name: String,
    /// How many credits; more than zero.
    credits: Credits,
    /// What it costs.
    price: MoneyInput,
    /// Days from the day of purchase to the expiration day, on which its credits can't be used any more; 1 to 36500.
    /// Leave it out and they never expire.
    validity_days: Option<i32>,
}

/// What createCreditPackage answers.
#[derive(Debug, SimpleObject)]
pub struct CreateCreditPackagePayload {
    /// The new package; null where it was refused.
    package: Option<CreditPackage>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// Which package to take off sale.
#[derive(Debug, InputObject)]
pub struct ArchiveCreditPackageInput {
    /// Which package.
    package_id: ID,
}

/// What archiveCreditPackage answers.
#[derive(Debug, SimpleObject)]
pub struct ArchiveCreditPackagePayload {
    /// The package, off sale; null where it was refused.
    package: Option<CreditPackage>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that sell and archive packages.
#[derive(Debug, Default)]
pub struct CreditPackageMutation;

#[Object]
impl CreditPackageMutation {
    /// Puts a package up for sale.
    async fn create_credit_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new package.")] input: CreateCreditPackageInput,
    ) -> Result<CreateCreditPackagePayload, ApiError> {
        viewer_of(ctx, "createCreditPackage")?;
        let new = CreateCreditPackage {
            code: input.code,
            name: input.name,
            credits: input.credits.0,
            price: input.price.amount.0,
            currency_code: input.price.currency_code.0,
            validity_days: input.validity_days,
        };
        let (package, user_errors) = payload(services(ctx)?.create_credit_package(new).await)?;
        Ok(CreateCreditPackagePayload {
            package: package.map(CreditPackage),
            user_errors,
        })
    }

    /// Takes a package off sale; what was bought stays as it is. Archiving it again changes nothing.
    async fn archive_credit_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which package.")] input: ArchiveCreditPackageInput,
    ) -> Result<ArchiveCreditPackagePayload, ApiError> {
        viewer_of(ctx, "archiveCreditPackage")?;
        let services = services(ctx)?;
        let done = async {
            let package = id(&input.package_id, &Path::input("packageId"), "package")?;
            services.archive_credit_package(package).await
        };
        let (package, user_errors) = payload(done.await)?;
        Ok(ArchiveCreditPackagePayload {
            package: package.map(CreditPackage),
            user_errors,
        })
    }
}
