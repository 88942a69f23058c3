//! Images and documents.

use crate::canonical::{At, Document, Image, Losses, Source, Text, unsupported};
use crate::wire::json::Writer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tollgate_domain::Refusal;

pub(super) fn write_image(
    at: At,
    image: &Image<'_>,
    w: &mut Writer,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    if image
        .detail
        .as_ref()
        .is_some_and(|detail| detail.escaped() != "auto")
    {
        losses.dropped(format!("{at}.image_url.detail"));
    }
    w.field("type", "image");
    match &image.source {
        Source::Base64 { media, data } => {
            let Some(media) = image_type(&media.decode().to_ascii_lowercase()) else {
                let why = "the target takes images in JPEG, PNG, GIF and WebP only";
                return Err(unsupported(at, why));
            };
            base64_source(media, data, w);
            Ok(())
        }
        Source::Url(url) if url.escaped().starts_with("http") => {
            url_source(url, w);
            Ok(())
        }
        _ => Err(unsupported(at, "not a URL of `http`, `https` or `data`")),
    }
}

pub(super) fn write_document(
    at: At,
    document: &Document<'_>,
    w: &mut Writer,
) -> Result<(), Refusal> {
    let media = match &document.source {
        Source::Base64 { media, .. } => media.decode().to_ascii_lowercase(),
        _ => String::new(),
    };
    if let (Source::Base64 { data, .. }, Some(media)) = (&document.source, image_type(&media)) {
        w.field("type", "image");
        base64_source(media, data, w);
        return Ok(());
    }
    w.field("type", "document");
    match &document.source {
        Source::Base64 { data, .. } if media == "application/pdf" => {
            base64_source("application/pdf", data, w);
        }
        Source::Base64 { data, .. } if is_plain(&media) => {
            let text = STANDARD.decode(data.decode().as_bytes()).ok();
            let Some(text) = text.and_then(|bytes| String::from_utf8(bytes).ok()) else {
                return Err(unsupported(at, "not a text in UTF-8 and base64"));
            };
            plain_source(&Text::new(&text), w);
        }
        Source::Base64 { .. } => {
            let why = format!("the target takes PDF and plain text, not `{media}`");
            return Err(unsupported(at, why));
        }
        Source::Plain(text) => plain_source(text, w),
        Source::Url(url) => url_source(url, w),
        Source::Blocks(_) => return Err(unsupported(at, "not a document of this dialect")),
    }
    if let Some(title) = document.title.as_ref().filter(|title| !title.is_blank()) {
        title.field(w, "title");
    }
    if let Some(context) = &document.context {
        context.field(w, "context");
    }
    Ok(())
}

fn image_type(media: &str) -> Option<&'static str> {
    match media {
        "image/jpeg" | "image/jpg" => Some("image/jpeg"),
        "image/png" => Some("image/png"),
        "image/gif" => Some("image/gif"),
        "image/webp" => Some("image/webp"),
        _ => None,
    }
}

/// Whether a document is text that can be read as it is.
fn is_plain(media: &str) -> bool {
    media.starts_with("text/") || matches!(media, "application/json" | "application/xml")
}

fn base64_source(media: &str, data: &Text<'_>, w: &mut Writer) {
    w.key("source");
    w.object(|w| {
        w.field("type", "base64");
        w.field("media_type", media);
        data.field(w, "data");
    });
}

fn plain_source(text: &Text<'_>, w: &mut Writer) {
    w.key("source");
    w.object(|w| {
        w.field("type", "text");
        w.field("media_type", "text/plain");
        text.field(w, "data");
    });
}

fn url_source(url: &Text<'_>, w: &mut Writer) {
    w.key("source");
    w.object(|w| {
        w.field("type", "url");
        url.field(w, "url");
    });
}
