//! Credit packages: the node, its connection, and the mutations that create, change, order and
//! archive them.

use async_graphql::{
    ComplexObject, Context, ID, InputObject, MaybeUndefined, Object, SimpleObject,
};
use domain::{credits, id::PackageId};
use entity::credit_package;

use super::{
    engine::{
        errors::ApiError,
        ids::PublicId,
        new_edges::edge,
        paging::{Nodes, connection, sorted},
        request::{UserError, id, optional_id, payload, reader, services, viewer, viewer_of},
    },
    last_change::CreditPackageFilterInput,
    money::{Money, MoneyInput},
    scalars::{BigInt, CountryCode, Credits, CurrencyCode, DateTime},
    segmentation::Channel,
    sorting::CreditPackageSortKey,
};
use crate::operations::credit_package::{
    AskedPackages, Capacity, CreateCreditPackage, UpdateCreditPackage, price, updated_at,
};

/// Credits for sale.
#[derive(Debug, Clone)]
pub struct CreditPackage(pub credit_package::Model);

impl CreditPackage {
    fn key(&self) -> PackageId {
        PackageId::new(self.0.id)
    }
}

/// Credits for sale, with their price and validity.
#[Object]
impl CreditPackage {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        self.key().encode()
    }

    /// The package's code, unique among all packages.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The name that people see.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The number of credits that the package has.
    async fn credits(&self) -> Credits {
        Credits::from_units(self.0.credits_units)
    }

    /// The price of the package.
    async fn price(&self) -> Result<Money, ApiError> {
        Ok(price(&self.0)?.into())
    }

    /// The days from the day of purchase to the expiration day, on which the credits can no longer
    /// be used; null if they never expire.
    async fn validity_days(&self) -> Option<i32> {
        self.0.validity_days
    }

    /// Whether the package is no longer for sale.
    async fn archived(&self) -> bool {
        self.0.archived_at.is_some()
    }

    /// The instant of the package's last change: of its name, price or validity, of its place among
    /// the packages by reorderCreditPackages, or when it was archived.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(updated_at(&self.0))
    }

    /// The number of one-segment messages that the package buys at the account's rates, for each
    /// given country in the order given.
    async fn capacity(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The account whose rates apply. If it is left out, the viewer's own account is used, and the default card for platform keys."
        )]
        account_id: Option<ID>,
        #[graphql(desc = "The destination countries, at most 300.")] country_codes: Vec<
            CountryCode,
        >,
        #[graphql(desc = "The channel of the messages.", default_with = "Channel::Sms")]
        channel: Channel,
    ) -> Result<Vec<PackageCapacity>, ApiError> {
        let account = optional_id(account_id.as_ref());
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

/// The number of messages that a package buys in one country.
#[derive(Debug, Clone, SimpleObject)]
pub struct PackageCapacity {
    /// The destination country.
    country_code: CountryCode,
    /// The credits for a message of one segment; null if the country is not served.
    credits_per_message: Option<Credits>,
    /// How many such messages the package buys, rounded down; at most 9,007,199,254,740,991. 0 if
    /// the country is not served, and null if they cost nothing.
    message_count: Option<BigInt>,
}

impl From<Capacity> for PackageCapacity {
    fn from(found: Capacity) -> Self {
        Self {
            country_code: CountryCode(found.country.to_string()),
            credits_per_message: found.credits_per_message.map(Into::into),
            message_count: found.messages.map(BigInt::at_most),
        }
    }
}

/// The root fields that read packages.
#[derive(Debug, Default)]
pub struct CreditPackageQuery;

#[Object]
impl CreditPackageQuery {
    /// The packages for sale: those in the account's currency, unless another currency is asked
    /// for. Platform keys get the packages of all currencies if they name neither an account nor a
    /// currency.
    async fn credit_packages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The account that would buy. If it is left out, the viewer's own account is used."
        )]
        account_id: Option<ID>,
        #[graphql(
            desc = "Returns packages with prices in this currency, an ISO 4217 code, instead of the account's."
        )]
        currency_code: Option<CurrencyCode>,
        #[graphql(desc = "Whether archived packages are included.", default = false)]
        include_archived: bool,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<CreditPackageFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: CreditPackageSortKey,
    ) -> Result<CreditPackageConnection, ApiError> {
        viewer_of(ctx, "creditPackages")?;
        let window = sorted(ctx, None, &sort_key)?;
        let asked = AskedPackages {
            account: optional_id(account_id.as_ref()),
            currency_code: currency_code.map(|code| code.0),
            include_archived,
            changed: filter.into(),
            sort: sort_key.into(),
        };
        let packages = reader(ctx)?.credit_packages(asked, window).await?;
        Ok(CreditPackageConnection(Nodes::new(packages, CreditPackage)))
    }
}

/// The settings of a new credit package.
#[derive(Debug, InputObject)]
pub struct CreateCreditPackageInput {
    /// The package's code, unique among all packages: 1 to 64 ASCII letters, digits, `-`, `_` or
    /// `.`.
    code: String,
    /// The name that people see, of 1 to 200 characters.
    name: String,
    /// The number of credits, greater than 0.
    credits: Credits,
    /// The price of the package.
    price: MoneyInput,
    /// The days from the day of purchase to the expiration day, on which the credits can no longer
    /// be used; 1 to 36,500. If it is left out, they never expire.
    validity_days: Option<i32>,
}

/// The result of createCreditPackage.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct CreateCreditPackagePayload {
    /// The new package; null if the mutation was refused.
    package: Option<CreditPackage>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl CreateCreditPackagePayload {
    /// The new package as an edge of `Query.creditPackages`, with a cursor of the default order;
    /// null if the mutation was refused.
    async fn package_edge(&self) -> Option<CreditPackageEdge<'_>> {
        let package = self.package.as_ref()?;
        Some(edge("creditPackages", None, package, &package.0))
    }
}

/// The credit package to change. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateCreditPackageInput {
    /// The credit package, which must be for sale.
    package_id: ID,
    /// The name that people see, of 1 to 200 characters.
    name: Option<String>,
    /// The price, in the currency in which the package is sold.
    price: Option<MoneyInput>,
    /// The days from the day of purchase to the expiration day, on which the credits can no longer
    /// be used; 1 to 36,500. With null they never expire.
    validity_days: MaybeUndefined<i32>,
}

/// The result of updateCreditPackage.
#[derive(Debug, SimpleObject)]
pub struct UpdateCreditPackagePayload {
    /// The package as it is now; null if the mutation was refused.
    package: Option<CreditPackage>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The package to take off sale.
#[derive(Debug, InputObject)]
pub struct ArchiveCreditPackageInput {
    /// The credit package.
    package_id: ID,
}

/// The result of archiveCreditPackage.
#[derive(Debug, SimpleObject)]
pub struct ArchiveCreditPackagePayload {
    /// The archived package; null if the mutation was refused.
    package: Option<CreditPackage>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The packages to bring into another order.
#[derive(Debug, InputObject)]
pub struct ReorderCreditPackagesInput {
    /// Packages in their new order, 1 to 1,000, each once. They take each other's places, and
    /// packages that aren't named keep theirs. Archived packages have places too.
    package_ids: Vec<ID>,
}

/// The result of reorderCreditPackages.
#[derive(Debug, SimpleObject)]
pub struct ReorderCreditPackagesPayload {
    /// The packages that moved, in their new order: empty if all had this order already. Null if
    /// the mutation was refused.
    packages: Option<Vec<CreditPackage>>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that create, change, order and archive packages.
#[derive(Debug, Default)]
pub struct CreditPackageMutation;

#[Object]
impl CreditPackageMutation {
    /// Creates a credit package for sale. Requires PLATFORM_ADMIN.
    async fn create_credit_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new package.")] input: CreateCreditPackageInput,
    ) -> Result<CreateCreditPackagePayload, ApiError> {
        let by = viewer_of(ctx, "createCreditPackage")?.actor();
        let new = CreateCreditPackage {
            code: input.code,
            name: input.name,
            credits: input.credits.0,
            price: input.price.amount.0,
            currency_code: input.price.currency_code.0,
            validity_days: input.validity_days,
        };
        let (package, user_errors) = payload(services(ctx)?.create_credit_package(&by, new).await)?;
        Ok(CreateCreditPackagePayload {
            package: package.map(CreditPackage),
            user_errors,
        })
    }

    /// Changes the name, the price or the validity of a package for sale. Purchases that were begun
    /// and credits that were bought stay as they are; automatic recharges buy it at the new price.
    /// Requires PLATFORM_ADMIN.
    async fn update_credit_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The package, and what to change of it.")] input: UpdateCreditPackageInput,
    ) -> Result<UpdateCreditPackagePayload, ApiError> {
        let by = viewer_of(ctx, "updateCreditPackage")?.actor();
        let services = services(ctx)?;
        let done = async {
            let change = UpdateCreditPackage {
                package: id(&input.package_id),
                name: input.name,
                price: (input.price).map(|price| (price.amount.0, price.currency_code.0)),
                validity_days: match input.validity_days {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(None),
                    MaybeUndefined::Value(days) => Some(Some(days)),
                },
            };
            services.update_credit_package(&by, change).await
        };
        let (package, user_errors) = payload(done.await)?;
        Ok(UpdateCreditPackagePayload {
            package: package.map(CreditPackage),
            user_errors,
        })
    }

    /// Brings packages into another order, in which everybody sees them unless another sort key is
    /// asked for. Of two at the same time, the later one reorders what the earlier one left.
    /// Requires PLATFORM_ADMIN.
    async fn reorder_credit_packages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The packages, in their new order.")] input: ReorderCreditPackagesInput,
    ) -> Result<ReorderCreditPackagesPayload, ApiError> {
        let by = viewer_of(ctx, "reorderCreditPackages")?.actor();
        let services = services(ctx)?;
        let done = async {
            let ids: Vec<PackageId> = input.package_ids.iter().map(id).collect();
            services.reorder_credit_packages(&by, &ids).await
        };
        let (packages, user_errors) = payload(done.await)?;
        Ok(ReorderCreditPackagesPayload {
            packages: packages.map(|rows| rows.into_iter().map(CreditPackage).collect()),
            user_errors,
        })
    }

    /// Takes a package off sale. Credits that were bought stay as they are. Archiving it again
    /// changes nothing. Requires PLATFORM_ADMIN.
    async fn archive_credit_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credit package.")] input: ArchiveCreditPackageInput,
    ) -> Result<ArchiveCreditPackagePayload, ApiError> {
        let by = viewer_of(ctx, "archiveCreditPackage")?.actor();
        let services = services(ctx)?;
        let done = async {
            let package = id(&input.package_id);
            services.archive_credit_package(&by, package).await
        };
        let (package, user_errors) = payload(done.await)?;
        Ok(ArchiveCreditPackagePayload {
            package: package.map(CreditPackage),
            user_errors,
        })
    }
}
