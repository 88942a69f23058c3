//! Time limits for what is mostly there already.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// As tokio's `timeout`, but no clock is read and no timer made for what is ready at once; `limit` is asked for the
/// rest.
pub(super) async fn within<F: Future>(
    limit: impl FnOnce() -> Duration,
    mut future: Pin<&mut F>,
) -> Result<F::Output, Elapsed> {
    let at_once = poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    });
    match at_once.await {
        Some(output) => Ok(output),
        None => timeout(limit(), future).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_is_taken_and_what_is_late_is_not() {
        let limit = || Duration::from_secs(1);
        assert_eq!(within(|| Duration::ZERO, pin!(async { 1 })).await, Ok(1));
        let late = |seconds| async move { tokio::time::sleep(Duration::from_secs(seconds)).await };
        assert!(within(limit, pin!(late(0))).await.is_ok());
        let longer = || Duration::from_secs(3);
        assert!(within(longer, pin!(late(2))).await.is_ok());
        assert!(within(limit, pin!(late(2))).await.is_err());
    }
}
