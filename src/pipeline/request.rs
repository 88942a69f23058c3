//! The request to a provider: its head is built from what we know, never from the caller's.

use crate::live::LiveTarget;
use crate::upstream;
use std::borrow::Cow;

pub fn build<'a>(
    target: &'a LiveTarget,
    outgoing: &'a mut tollgate_providers::Outgoing,
) -> upstream::Outgoing<'a> {
    let provider = &target.provider;
    let prefix = &provider.config.base.path_prefix;
    upstream::Outgoing {
        template: &provider.template,
        path: if prefix.is_empty() {
            Cow::Borrowed(outgoing.path)
        } else {
            Cow::Owned(format!("{prefix}{}", outgoing.path))
        },
        body: std::mem::take(&mut outgoing.body),
        headers: &outgoing.headers,
    }
}
