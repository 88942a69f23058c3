//! The parts of a user's message: text and media.

use super::message::Pen;
use crate::canonical::{Block, Document, Kind, Source, Text, unsupported};
use crate::wire::json::Writer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tollgate_domain::Refusal;

impl Pen<'_> {
    /// Writes a part.
    pub(super) fn part(&mut self, block: &Block<'_>, w: &mut Writer) -> Result<(), Refusal> {
        let mark = self.mark(block.cache);
        match &block.kind {
            Kind::Text(text) | Kind::Refusal(text) => {
                text_part(text, mark, w);
                Ok(())
            }
            Kind::Image(image) => {
                let mut result = Ok(());
                part("image_url", mark, w, |w| {
                    w.key("url");
                    match &image.source {
                        Source::Base64 { media, data } => {
                            data_url(media.escaped(), data.escaped(), w)
                        }
                        Source::Url(url) => url.write(w),
                        _ => result = Err(unsupported(block.at, "not an image of this dialect")),
                    }
                    if let Some(detail) = &image.detail {
                        detail.field(w, "detail");
                    }
                });
                result
            }
            Kind::Document(document) => self.document(block, document, mark, w),
            Kind::Audio { data, format } => {
                part("input_audio", mark, w, |w| {
                    data.field(w, "data");
                    format.field(w, "format");
                });
                Ok(())
            }
            _ => Err(unsupported(block.at, "can't be said by the user")),
        }
    }

    fn document(
        &mut self,
        block: &Block<'_>,
        document: &Document<'_>,
        mark: Option<&'static str>,
        w: &mut Writer,
    ) -> Result<(), Refusal> {
        if document.context.is_some() {
            self.losses.dropped(format!("{}.context", block.at));
        }
        let default_name = match &document.source {
            Source::Plain(_) => "document.txt",
            _ => "document.pdf",
        };
        let write_name = |w: &mut Writer| match &document.title {
            Some(title) => title.field(w, "filename"),
            None => w.field("filename", default_name),
        };
        match &document.source {
            Source::Base64 { media, data } => part("file", mark, w, |w| {
                write_name(w);
                w.key("file_data");
                data_url(media.escaped(), data.escaped(), w);
            }),
            Source::Plain(text) => part("file", mark, w, |w| {
                write_name(w);
                w.key("file_data");
                data_url("text/plain", &STANDARD.encode(text.decode().as_bytes()), w);
            }),
            Source::Blocks(blocks) => {
                for block in blocks {
                    self.part(block, w)?;
                }
            }
            Source::Url(_) => {
                let why = "the target takes documents by their bytes, not by URL";
                return Err(unsupported(block.at, why));
            }
        }
        Ok(())
    }
}

pub(super) fn text_part(text: &Text<'_>, mark: Option<&str>, w: &mut Writer) {
    w.object(|w| {
        w.field("type", "text");
        text.field(w, "text");
        if let Some(mark) = mark {
            w.field_raw("prompt_cache_breakpoint", mark);
        }
    });
}

fn part(kind: &str, mark: Option<&str>, w: &mut Writer, fields: impl FnOnce(&mut Writer)) {
    w.object(|w| {
        w.field("type", kind);
        w.key(kind);
        w.object(fields);
        if let Some(mark) = mark {
            w.field_raw("prompt_cache_breakpoint", mark);
        }
    });
}

fn data_url(media: &str, data: &str, w: &mut Writer) {
    w.escaped(["data:", media, ";base64,", data]);
}
