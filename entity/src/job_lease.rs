//! The process that runs the jobs for all processes of an installation, until its lease ends.

use sea_orm::entity::prelude::*;

/// A lease. Its holder renews it while it lives.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_leases")]
pub struct Model {
    /// What the lease is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The process, by a random id of its own.
    pub holder: Uuid,
    /// When the lease ends, in microseconds by the database's clock.
    pub until: i64,
}

impl ActiveModelBehavior for ActiveModel {}
