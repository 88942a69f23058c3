//! The request to a provider: its head is built from what we know, never from the caller's.

use crate::live::LiveTarget;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use tollgate_domain::Refusal;
use tollgate_providers::Outgoing;

pub fn build(
    target: &LiveTarget,
    outgoing: &mut Outgoing,
) -> Result<Request<Full<Bytes>>, Refusal> {
    let provider = &target.provider;
    let base = &provider.config.base;
    let path = if base.path_prefix.is_empty() {
        Uri::from_static(outgoing.path)
    } else {
        format!("{}{}", base.path_prefix, outgoing.path)
            .parse()
            .map_err(|_| Refusal::Internal)?
    };
    let mut request = Request::new(Full::new(std::mem::take(&mut outgoing.body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = path;
    let headers = request.headers_mut();
    headers.clone_from(&provider.headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in &outgoing.headers {
        let name = HeaderName::from_static(name);
        // What the operator set for the provider stands.
        if let Ok(value) = HeaderValue::from_str(value)
            && !headers.contains_key(&name)
        {
            headers.insert(name, value);
        }
    }
    Ok(request)
}
