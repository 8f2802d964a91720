//! Work that another part does in place of the mock, and the error of work that failed.

use std::fmt;

use futures::future::BoxFuture;
use thiserror::Error;

/// Does the work of a resource. The resource still has the places and the policy of
/// [`Mock`](super::Mock); only the time that work takes, and whether it fails, come from here.
///
/// ```
/// use futures::future::{BoxFuture, FutureExt};
/// use weir_parts::resource::{Failed, Mock, MockSettings, Work};
///
/// #[derive(Debug)]
/// struct Division;
///
/// impl Work for Division {
///     fn work(&self, input: i64) -> BoxFuture<'static, Result<(), Failed>> {
///         let result = 100_i64.checked_div(input).map(drop);
///         async move { result.ok_or_else(|| Failed::Work("division by zero".into())) }.boxed()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), weir_parts::resource::Full> {
/// let resource = Mock::new(MockSettings::default());
/// let admission = resource.reserve()?.admission().await;
/// assert_eq!(resource.usage().in_use, 1);
/// assert!(admission.work_by(&Division, 0).await.is_err());
/// assert_eq!((resource.usage().in_use, resource.usage().failed), (0, 1));
/// # Ok(()) }
/// ```
pub trait Work: fmt::Debug + Send + Sync {
    /// Begins one piece of work. Dropping the future abandons it.
    fn work(&self, input: i64) -> BoxFuture<'static, Result<(), Failed>>;
}

/// The error of work that the resource did and that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failed {
    /// The mock failed, as often as its failure rate says.
    #[error("the resource failed (resource.failure_rate)")]
    ByRate,
    /// The work itself failed, for this reason.
    #[error("the work failed: {0}")]
    Work(Box<str>),
}
