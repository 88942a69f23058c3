//! The request to a provider: its head is built from what we know, never from the caller's.

use crate::live::LiveTarget;
use crate::upstream;

pub fn build<'a>(
    target: &'a LiveTarget,
    outgoing: &'a mut tollgate_providers::Outgoing,
) -> upstream::Outgoing<'a> {
    let provider = &target.provider;
    let config = &provider.config;
    upstream::Outgoing {
        template: &provider.template,
        path: config.base.path(config.kind, outgoing.path),
        body: std::mem::take(&mut outgoing.body),
        headers: &outgoing.headers,
    }
}
