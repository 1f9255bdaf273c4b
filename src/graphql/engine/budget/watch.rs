//! The extension of the engine that gives each request a budget and enforces it.
//!
//! Here: what happens when a request is prepared, validated and run, and its cost for a client that
//! asks for it. Not here: the counters ([`super`]).

use std::any::TypeId;
use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextPrepareRequest, NextResolve,
    NextValidation, ResolveInfo,
};
use async_graphql::parser::types::OperationType;
use async_graphql::{
    Name, QueryPathSegment, Request, Response, ServerError, ServerResult, ValidationResult, Value,
    value,
};

use super::{Budget, ERROR_BYTES, Over, done_before, leaf_bytes, measure};
use crate::graphql::engine::allowance::{Allowance, Paid};
use crate::graphql::engine::errors::take_over_budget;
use crate::graphql::engine::introspection::{self, Introspection};
use crate::graphql::engine::limits::Limits;
use crate::graphql::engine::uploads;
use crate::graphql::engine::weight::{self, Judged};

/// Creates the budget of each request and enforces it.
pub(in crate::graphql::engine) struct Budgets {
    limits: Limits,
    introspection: Arc<Introspection>,
}

impl Budgets {
    pub(in crate::graphql::engine) fn new(limits: Limits) -> Self {
        Self {
            limits,
            introspection: Arc::default(),
        }
    }
}

impl ExtensionFactory for Budgets {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Watch {
            budget: Budget::new(self.limits.output),
            limits: self.limits,
            introspection: Arc::clone(&self.introspection),
            judged: OnceLock::new(),
            tells_cost: OnceLock::new(),
            paid: OnceLock::new(),
        })
    }
}

struct Watch {
    budget: Budget,
    limits: Limits,
    introspection: Arc<Introspection>,
    judged: OnceLock<Judged>,
    /// Set if the client asks for the cost.
    tells_cost: OnceLock<()>,
    /// What was taken from the caller's bucket, if it has one.
    paid: OnceLock<Paid>,
}

/// The extension of a request, and of its answer, for the cost.
const COST: &str = "cost";

impl Watch {
    /// Settles what the answer cost, and adds it for a client that asks for it: an answer that
    /// nobody asked to be longer isn't.
    fn settled(&self, mut response: Response) -> Response {
        let used = self.budget.values();
        let paid = self.paid.get();
        if let Some(paid) = paid {
            paid.used(u64::try_from(used).unwrap_or(u64::MAX).max(1));
        }
        if self.tells_cost.get().is_some()
            && let Some(judged) = self.judged.get()
        {
            let mut cost = value!({
                "requested": judged.weight,
                "used": used,
                "limit": self.limits.weight,
            });
            if let (Some(paid), Value::Object(cost)) = (paid, &mut cost) {
                cost.insert(Name::new("throttleStatus"), paid.status());
            }
            response.extensions.insert(COST.to_owned(), cost);
        }
        response
    }
}

/// The bucket that the caller pays from; none on a server without limits.
fn allowance_of(request: &Request) -> Option<&Allowance> {
    let found = request.data.get(&TypeId::of::<Allowance>())?;
    found.downcast_ref()
}

#[async_graphql::async_trait::async_trait]
impl Extension for Watch {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let judged = weight::check(&ctx.schema_env.registry, &mut request, &self.limits)?;
        if let Some(allowance) = allowance_of(&request) {
            let _ = self.paid.set(Paid::pay(allowance, judged.weight)?);
        }
        // The engine prepares a request once.
        let _ = self.judged.set(judged);
        if request.extensions.get(COST) == Some(&Value::Boolean(true)) {
            let _ = self.tells_cost.set(());
        }
        let request = request.data(self.budget.clone());
        next.run(ctx, request).await
    }

    /// Part of this extension, because each further extension costs time on every field.
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let checked = uploads::allowed_in_queries(next.run(ctx).await);
        if let (Err(_), Some(paid)) = (&checked, self.paid.get()) {
            // It won't run.
            paid.used(1);
        }
        checked
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        // A mutation has no deadline: if it were cut, nobody would know what it had done. Its
        // answer is bounded as any other.
        let judged = self.judged.get();
        let has_deadline = judged.is_none_or(|judged| judged.kind != OperationType::Mutation);
        self.budget.begin(has_deadline);
        let asked = judged.and_then(|judged| judged.introspection.as_ref());
        if let Some(known) = asked.and_then(|asked| self.introspection.find(asked)) {
            return self.settled(Response::new(known));
        }
        let run = self.budget.sliced(next.run(ctx, operation_name));
        if !has_deadline {
            let mut response = run.await;
            if let Some(over) = take_over_budget(&mut response.errors) {
                response.errors = vec![done_before(over)];
            }
            return self.settled(response);
        }
        match tokio::time::timeout(self.limits.output.time, run).await {
            Ok(response) => {
                if let Some(asked) = asked
                    && response.errors.is_empty()
                    && measure(&response.data).0 <= introspection::MOST_VALUES
                {
                    let answer = response.data.clone();
                    self.introspection.keep(asked.clone(), answer);
                }
                self.settled(response)
            }
            Err(_) => {
                let over = self.budget.error(Over::Time);
                self.settled(Response::from_errors(vec![over]))
            }
        }
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let budget = &self.budget;
        let name = match info.path_node.segment {
            QueryPathSegment::Name(name) => name.len() + 4,
            // The item's comma.
            QueryPathSegment::Index(_) => 1,
        };
        let ended = |over: Over| budget.error(over);
        budget.take(1, name).map_err(ended)?;
        budget.turn().await.map_err(ended)?;
        match next.run(ctx, info).await {
            Ok(Some(value)) => {
                budget.take(0, leaf_bytes(&value)).map_err(ended)?;
                Ok(Some(value))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                budget.take(0, ERROR_BYTES).map_err(ended)?;
                Err(error)
            }
        }
    }
}
