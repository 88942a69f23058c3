//! POST /v1/responses. Nothing is stored: what refers to an earlier response is not found.

mod input;
mod reply;
mod request;
mod stream;

use crate::simulated::answer::{Answer, Asked};
use crate::simulated::failure::Failure;

pub(super) fn answer(asked: &mut Asked<'_>) -> Result<Answer, Failure> {
    let request = request::read(asked)?;
    Ok(reply::write(asked, &request))
}
