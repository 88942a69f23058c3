//! POST /v1/chat/completions.

mod messages;
mod options;
mod reply;
mod request;
mod stream;
mod tools;

use crate::simulated::answer::{Answer, Asked};
use crate::simulated::failure::Failure;

pub(super) use messages::image;
pub(super) use options::{metadata, strict_schema};
pub(super) use tools::check_name;

pub(super) fn answer(asked: &mut Asked<'_>) -> Result<Answer, Failure> {
    let request = request::read(asked)?;
    Ok(reply::write(asked, &request))
}
