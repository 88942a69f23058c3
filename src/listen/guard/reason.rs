//! Why a request is refused before anything reads it.

/// One way in which a request head is wrong. Codes are told to the caller, and name a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    BareLineFeed,
    LeadingLines,
    RequestLine,
    Target,
    TargetTooLong,
    Version,
    Connect,
    Upgrade,
    Http2,
    FieldName,
    SpaceBeforeColon,
    FoldedLine,
    FieldValue,
    NoHost,
    TwoHosts,
    Host,
    OtherHost,
    Length,
    TwoLengths,
    LengthAndChunked,
    TransferEncoding,
    DisguisedName,
    Connection,
    TooManyFields,
    HeadTooLarge,
    HeadTooSlow,
}

impl Reason {
    /// Code, status and what the caller is told.
    const fn parts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::BareLineFeed => (
                "bare_line_feed",
                400,
                "a line of the request's head ends without CR",
            ),
            Self::LeadingLines => ("leading_lines", 400, "the request begins with empty lines"),
            Self::RequestLine => ("request_line", 400, "the request line is malformed"),
            Self::Target => ("target", 400, "the request's target is malformed"),
            Self::TargetTooLong => ("target_too_long", 414, "the request's target is too long"),
            Self::Version => (
                "version",
                400,
                "only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here",
            ),
            Self::Connect => (
                "connect",
                400,
                "this server is no proxy: CONNECT is refused",
            ),
            Self::Upgrade => ("upgrade", 400, "this server does not switch protocols"),
            Self::Http2 => ("http2", 400, "HTTP/2 is not spoken on this port"),
            Self::FieldName => ("field_name", 400, "a header's name is malformed"),
            Self::SpaceBeforeColon => (
                "space_before_colon",
                400,
                "a header's name ends with a space",
            ),
            Self::FoldedLine => ("folded_line", 400, "a header is folded over several lines"),
            Self::FieldValue => (
                "field_value",
                400,
                "a header's value has control characters",
            ),
            Self::NoHost => ("no_host", 400, "the request has no Host header"),
            Self::TwoHosts => (
                "two_hosts",
                400,
                "the request has more than one Host header",
            ),
            Self::Host => ("host", 400, "the Host header is malformed"),
            Self::OtherHost => (
                "other_host",
                400,
                "the request's target names another host than its Host header",
            ),
            Self::Length => ("length", 400, "Content-Length is malformed"),
            Self::TwoLengths => (
                "two_lengths",
                400,
                "the request has more than one Content-Length header",
            ),
            Self::LengthAndChunked => (
                "length_and_chunked",
                400,
                "the request has both Content-Length and Transfer-Encoding",
            ),
            Self::TransferEncoding => (
                "transfer_encoding",
                400,
                "the only Transfer-Encoding is chunked, and once",
            ),
            Self::DisguisedName => (
                "disguised_name",
                400,
                "a header's name looks like one that frames the request",
            ),
            Self::Connection => (
                "connection",
                400,
                "Connection names a header that is not its own",
            ),
            Self::TooManyFields => ("too_many_fields", 431, "the request has too many headers"),
            Self::HeadTooLarge => ("head_too_large", 431, "the request's head is too large"),
            Self::HeadTooSlow => ("head_too_slow", 408, "the request's head took too long"),
        }
    }

    pub const fn code(self) -> &'static str {
        self.parts().0
    }

    /// The status to answer with: 400, 408, 414 or 431.
    pub const fn status(self) -> u16 {
        self.parts().1
    }

    pub const fn message(self) -> &'static str {
        self.parts().2
    }
}
