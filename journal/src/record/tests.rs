use super::*;
use proptest::prelude::*;
use tollgate_domain::{Cost, Dialect, Endpoint, NanoUsd, ProviderKind, SpanId, TraceId, Usage};

const REQUEST: RequestId = RequestId::from_bytes([1; 16]);
const USAGE: Usage = Usage {
    input: 1,
    cache_read: 200,
    cache_write: 3,
    cache_write_1h: 4,
    audio_input: 5,
    output: u64::MAX,
    reasoning: 7,
    audio_output: 8,
    estimated: true,
};
const COST: Cost = Cost {
    input: NanoUsd(12),
    output: NanoUsd(-34),
};

fn open() -> Record<'static> {
    Record::Open(Open {
        request: REQUEST,
        trace: TraceId::from_bytes([2; 16]),
        span: SpanId::from_bytes([3; 8]),
        parent: Some(SpanId::from_bytes([4; 8])),
        started_unix_nanos: 1_764_000_000_000_000_000,
        endpoint: Endpoint::Messages,
        dialect: Dialect::Anthropic,
        streamed: true,
        capture: Capture::Full,
        key: "quickstart",
        team: "search",
        route: "chat",
        experiment: "0",
        model: "claude-sonnet-4-5",
        session: "s-1",
        user: "",
        input: b"{\"model\":\"chat\"}",
        input_bytes: 70_000,
        attributes: Pairs::new(&[("a", "1"), ("b", "")]),
    })
}

fn attempt_end() -> Record<'static> {
    Record::AttemptEnd(AttemptEnd {
        request: REQUEST,
        number: 2,
        ended_unix_nanos: 9,
        status: 529,
        error: "overloaded",
        usage: Some(USAGE),
        cost: Some(COST),
        unpriced: false,
        finish: "stop",
        response_id: "msg_1",
        response_model: "claude",
        first_token_nanos: Some(300),
        input: Some(b"{}"),
        output: b"data: {}\n\n",
    })
}

fn closed() -> Record<'static> {
    Record::Closed(Closed {
        request: REQUEST,
        ended_unix_nanos: 10,
        outcome: Outcome::ClientGone,
        status: 200,
        error_type: "",
        error_message: "",
        usage: USAGE,
        cost: COST,
        unpriced: true,
        first_token_nanos: None,
        output: &[0xff; 300],
        output_bytes: 1 << 40,
        losses: "seed,logit_bias",
        attributes: Pairs::EMPTY,
    })
}

fn all() -> [Record<'static>; 5] {
    [
        open(),
        Record::Attempt(Attempt {
            request: REQUEST,
            number: 1,
            span: SpanId::from_bytes([5; 8]),
            started_unix_nanos: 5,
            kind: ProviderKind::OpenAi,
            provider: "local",
            model: "qwen3",
            server: "127.0.0.1:8000",
        }),
        Record::Progress(Progress {
            request: REQUEST,
            attempt: 1,
            at_unix_nanos: 1_764_000_000_000_000_000,
            usage: None,
            is_usage_final: true,
            output: b"Hel",
            output_bytes: 70_000,
        }),
        attempt_end(),
        closed(),
    ]
}

fn encoded(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

#[test]
fn every_record_is_read_as_it_was_written() {
    for record in all() {
        let (kind, version) = record.kind();
        let bytes = encoded(&record);
        assert_eq!(Record::decode(kind, version, &bytes), Ok(record));
    }
}

#[test]
fn a_record_cut_anywhere_is_an_error() {
    for record in all() {
        let (kind, version) = record.kind();
        let bytes = encoded(&record);
        for length in 0..bytes.len() {
            assert!(Record::decode(kind, version, &bytes[..length]).is_err());
        }
    }
}

#[test]
fn an_unknown_kind_or_version_is_named() {
    let unknown = |kind, version| Err(Malformed::UnknownKind { kind, version });
    assert_eq!(Record::decode(99, 1, b""), unknown(99, 1));
    let bytes = encoded(&closed());
    assert_eq!(Record::decode(5, 2, &bytes), unknown(5, 2));
}

#[test]
fn progress_of_the_first_layout_has_neither_time_nor_size() {
    let mut bytes = Vec::new();
    let mut to = Encoder::new(&mut bytes);
    to.request(REQUEST);
    to.varint(1);
    to.option(None, Encoder::usage);
    to.bytes(b"Hel");
    let Ok(Record::Progress(progress)) = Record::decode(3, 1, &bytes) else {
        panic!("it is not read");
    };
    assert_eq!((progress.at_unix_nanos, progress.output_bytes), (0, 0));
    assert_eq!((progress.attempt, progress.output), (1, &b"Hel"[..]));
}

#[test]
fn what_follows_a_record_is_an_error() {
    let mut bytes = encoded(&open());
    bytes.push(0);
    assert_eq!(
        Record::decode(1, VERSION, &bytes),
        Err(Malformed::Trailing(1))
    );
}

proptest! {
    #[test]
    fn any_bytes_are_safe_to_decode(kind in 0u8..7, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check_decode((kind, 1), &bytes);
        check_decode((kind, 2), &bytes);
    }

    #[test]
    fn a_damaged_record_is_safe_to_decode(
        which in 0usize..5,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let record = &all()[which];
        let mut bytes = encoded(record);
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        check_decode(record.kind(), &bytes);
    }

    #[test]
    fn any_texts_and_numbers_round_trip(
        texts in proptest::collection::vec(".{0,40}", 3),
        output in proptest::collection::vec(any::<u8>(), 0..3_000),
        numbers in any::<[u64; 3]>(),
        status in any::<u16>(),
    ) {
        let pairs = [(texts[0].as_str(), texts[1].as_str()), (texts[2].as_str(), "")];
        let record = Record::Closed(Closed {
            ended_unix_nanos: numbers[0],
            output_bytes: numbers[1],
            first_token_nanos: Some(numbers[2]),
            status,
            error_message: &texts[1],
            output: &output,
            attributes: Pairs::new(&pairs),
            ..match closed() { Record::Closed(closed) => closed, _ => unreachable!() }
        });
        let bytes = encoded(&record);
        prop_assert_eq!(Record::decode(5, VERSION, &bytes), Ok(record));
    }
}

/// What decodes encodes to the same record again, and its pairs can be walked.
fn check_decode((kind, version): (u8, u8), bytes: &[u8]) {
    if let Ok(record) = Record::decode(kind, version, bytes) {
        if let Record::Open(open) = &record {
            assert_eq!(open.attributes.iter().count(), open.attributes.len());
        }
        let again = encoded(&record);
        let (kind, version) = record.kind();
        assert_eq!(Record::decode(kind, version, &again), Ok(record));
    }
}
