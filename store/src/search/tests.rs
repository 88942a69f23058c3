use super::*;
use crate::Store;
use crate::error::StoreError;
use crate::tests::temporary;
use crate::traces::tests::{insert, request, trace_id};
use crate::traces::{RequestRow, SpanStatus};
use tempfile::TempDir;

/// Traces 1 to 4, at seconds 1 to 4, that differ in what filters look at.
fn filled() -> (Store, TempDir) {
    let (store, dir) = temporary();
    let mut requests: Vec<RequestRow> = (1..=4)
        .map(|n| request(n, n as u64 * 10, n as u64 * 1_000, "search"))
        .collect();
    let [one, two, three, four] = &mut requests[..] else {
        unreachable!()
    };
    one.spans[0].name = "chat gpt-5".into();
    one.trace
        .metadata
        .insert("mlflow.trace.session".into(), "s1".into());
    one.trace.client_request_id = Some("Req-1".into());
    two.spans[0].status = SpanStatus::Error("upstream broke".into());
    two.spans[0].end_unix_nanos += 5_000_000_000;
    two.spans[1].name = "attempt 2".into();
    two.spans[1].span_type = "LLM".into();
    three.spans[0]
        .attributes
        .set("mlflow.spanOutputs", "Gr\u{fc}\u{df}e \"aus\"\nWien");
    three
        .trace
        .metadata
        .insert("mlflow.sourceRun".into(), "run3".into());
    four.spans[0].usage = None;
    four.spans[0].cost = None;
    insert(&store, &requests);
    store
        .set_trace_tag(trace_id(1), "team tag", "Blue")
        .unwrap();
    store.set_trace_tag(trace_id(2), "team tag", "red").unwrap();
    (store, dir)
}

fn search(store: &Store, filter: &str, order_by: &[&str]) -> Result<Vec<u128>, StoreError> {
    let order_by: Vec<String> = order_by
        .iter()
        .map(|clause| (*clause).to_string())
        .collect();
    let page = store.search_traces(&TraceSearch {
        experiments: &[0],
        filter,
        order_by: &order_by,
        max_results: 100,
        page_token: None,
    })?;
    Ok(page
        .items
        .iter()
        .map(|info| u128::from_be_bytes(*info.trace.as_bytes()))
        .collect())
}

#[test]
fn a_filter_finds_what_it_says() {
    let (store, _dir) = filled();
    let check = |filter: &str, expected: &[u128]| {
        assert_eq!(search(&store, filter, &[]).unwrap(), expected, "{filter}");
    };
    check("", &[4, 3, 2, 1]);
    check("trace.status = 'ERROR'", &[2]);
    check("status != 'ERROR'", &[4, 3, 1]);
    check("status = 'error'", &[]);
    check(
        "attributes.status IN ('OK', 'ERROR') AND timestamp_ms < 3000",
        &[2, 1],
    );
    check("trace.timestamp_ms >= 2000 AND timestamp <= 3000", &[3, 2]);
    check("timestamp_ms > '2000'", &[4, 3]);
    check("execution_time_ms > 1000", &[2]);
    check("execution_time = 100", &[4, 3, 1]);
    check("end_time_ms = 7100", &[2]);
    check("trace.name = 'chat gpt-5'", &[1]);
    check("name ILIKE '%GPT%'", &[1]);
    check("name LIKE '%GPT%'", &[]);
    check("name RLIKE '^chat [0-9]+$'", &[4, 3, 2]);
    check("tag.mlflow.traceName = 'chat gpt-5'", &[1]);
    check("request_id = 'tr-00000000000000000000000000000003'", &[3]);
    check(
        "request_id != 'tr-00000000000000000000000000000003'",
        &[4, 2, 1],
    );
    check(
        "request_id IN ('tr-00000000000000000000000000000003', 'x')",
        &[3],
    );
    check("request_id LIKE 'tr-%4'", &[4]);
    check("client_request_id = 'Req-1'", &[1]);
    check("client_request_id ILIKE 'req%'", &[1]);
    check("run_id = 'run3'", &[3]);
    check("tag.`team tag` = 'Blue'", &[1]);
    check("tags.`team tag` != 'Blue'", &[2]);
    check("tag.`team tag` ILIKE 'b%'", &[1]);
    check("tag.`team tag` IS NULL", &[4, 3]);
    check("tag.`team tag` IS NOT NULL", &[2, 1]);
    check(
        "tag.mlflow.trace.spansLocation = 'TRACKING_STORE'",
        &[4, 3, 2, 1],
    );
    check("metadata.mlflow.trace.session = 's1'", &[1]);
    check(
        "request_metadata.`mlflow.trace.session` IS NULL",
        &[4, 3, 2],
    );
    check("metadata.`meta 20` = 'x'", &[2]);
    check("metadata.mlflow.trace_schema.version = '3'", &[4, 3, 2, 1]);
    check("metadata.mlflow.trace.tokenUsage IS NULL", &[4]);
    check("metadata.mlflow.trace.cost IS NOT NULL", &[3, 2, 1]);
    check("span.name = 'attempt 2'", &[2]);
    check("span.type = 'LLM'", &[2]);
    check("span.type != 'CHAT_MODEL'", &[2]);
    check("span.status = 'ERROR'", &[2]);
    check("span.type = 'LLM' AND span.status = 'ERROR'", &[]);
    check(
        "span.attributes.mlflow.llm.model LIKE '%gpt%'",
        &[4, 3, 2, 1],
    );
    check("span.attributes.mlflow.llm.model = 'gpt-5'", &[]);
    check("span.attributes.mlflow.spanType LIKE '%LLM%'", &[2]);
    check("span.attributes.nothing LIKE '%'", &[]);
    check("span.content LIKE '%question 30%'", &[3]);
    check("span.content ILIKE '%GRÜSSE%'", &[]);
    check("span.content ILIKE '%grüße \"AUS\"%'", &[3]);
    check("trace.text ILIKE '%upstream BROKE%'", &[2]);
    check("text LIKE '%gpt-5%' AND name = 'chat gpt-5'", &[1]);
    check("feedback.good = 'yes'", &[]);
    check("feedback.good IS NULL AND status = 'OK'", &[4, 3, 1]);
    check("expectation.score > 0.5", &[]);
    check("prompt = 'a/1'", &[]);
    check("issue.id = 'x'", &[]);
}

#[test]
fn a_wrong_filter_is_refused_and_the_mistake_named() {
    let (store, _dir) = temporary();
    for (filter, part) in [
        ("statuss = 'OK'", "statuss"),
        ("foo.bar = 'x'", "'foo'"),
        ("status > 'OK'", "'>'"),
        ("status = 5", "5"),
        ("timestamp_ms = 'yesterday'", "timestamp_ms"),
        ("timestamp_ms LIKE '5'", "'LIKE'"),
        ("timestamp_ms IN ('5')", "'IN'"),
        ("name IN ('a')", "'IN'"),
        ("tag.x > 'a'", "'>'"),
        ("tag.x = 5", "tag.x"),
        ("metadata.x IN ('a')", "'IN'"),
        ("span.foo = 'a'", "'foo'"),
        ("span.content = 'a'", "'='"),
        ("span.name IS NULL", "IS NULL"),
        ("feedback.x > 'a'", "numeric"),
        ("feedback.x = 1", "quoted string"),
        ("prompt = 'a'", "name/version"),
        ("issue.name = 'x'", "'name'"),
        ("name RLIKE '('", "regular expression"),
        ("metadata.mlflow.trace.cost = '1'", "reserved"),
    ] {
        match search(&store, filter, &[]) {
            Err(StoreError::Invalid(message)) => {
                assert!(message.contains(part), "{filter}: {message}")
            }
            other => panic!("{filter}: {other:?}"),
        }
    }
}

#[test]
fn traces_come_in_the_order_asked_for() {
    let (store, _dir) = filled();
    let check = |order: &[&str], expected: [u128; 4]| {
        assert_eq!(search(&store, "", order).unwrap(), expected, "{order:?}");
    };
    check(&[], [4, 3, 2, 1]);
    check(&["timestamp_ms DESC"], [4, 3, 2, 1]);
    check(&["timestamp ASC"], [1, 2, 3, 4]);
    check(&["trace.execution_time_ms desc"], [2, 4, 3, 1]);
    check(&["status", "timestamp_ms ASC"], [2, 1, 3, 4]);
    check(&["tag.`team tag` ASC"], [1, 2, 4, 3]);
    check(&["tag.`team tag` DESC"], [2, 1, 4, 3]);
    check(&["metadata.mlflow.sourceRun"], [3, 4, 2, 1]);
    check(&["request_id"], [1, 2, 3, 4]);
    for wrong in [
        "text",
        "metadata.mlflow.trace.cost",
        "foo.x",
        "timestamp_ms sideways",
    ] {
        assert!(search(&store, "", &[wrong]).is_err(), "{wrong}");
    }
    assert!(search(&store, "", &["status", "status DESC"]).is_err());
}

#[test]
fn pages_follow_each_other_without_a_gap_also_while_traces_arrive() {
    let (store, _dir) = filled();
    for order in [&[][..], &["execution_time_ms ASC".to_string()]] {
        let mut search = TraceSearch {
            experiments: &[0, 1],
            filter: "",
            order_by: order,
            max_results: 3,
            page_token: None,
        };
        let first = store.search_traces(&search).unwrap();
        assert_eq!(first.items.len(), 3);
        let token = first.next.unwrap();
        if order.is_empty() {
            insert(&store, &[request(9, 90, 9_000, "search")]);
        }
        search.page_token = Some(&token);
        let second = store.search_traces(&search).unwrap();
        assert!(
            second
                .items
                .iter()
                .all(|info| !first.items.iter().any(|seen| seen.trace == info.trace))
        );
        assert!(second.items.len() < 3 && second.next.is_none());
        search.page_token = Some("zz");
        assert!(store.search_traces(&search).is_err());
    }
}

#[test]
fn a_search_that_takes_too_long_is_given_up() {
    let (store, _dir) = filled();
    let reader = store.read().unwrap();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let run = |connection: &rusqlite::Connection| {
        Ok(connection.query_row(endless, [], |row| row.get::<_, i64>(0))?)
    };
    let outcome = crate::deadline::within(&reader, std::time::Duration::ZERO, run);
    assert!(
        matches!(outcome, Err(StoreError::TooSlow(0))),
        "{outcome:?}"
    );
    assert_eq!(search(&store, "", &[]).unwrap().len(), 4);
}

#[test]
fn a_page_of_the_newest_is_read_from_the_index_without_sorting() {
    let (store, _dir) = filled();
    let reader = store.read().unwrap();
    for (experiments, token) in [
        (&[0][..], None),
        (&[0, 1, 2][..], None),
        (&[0, 1][..], Some("t1f4.00000000000000000000000000000001")),
    ] {
        let search = TraceSearch {
            experiments,
            filter: "status = 'OK'",
            order_by: &[],
            max_results: 10,
            page_token: token,
        };
        let plan = super::traces::plan(&reader, &search).unwrap();
        assert!(plan.contains("traces_by_time (experiment=?"), "{plan}");
        assert!(
            !plan.contains("TEMP B-TREE") && !plan.contains("SCAN t"),
            "{plan}"
        );
    }
}

#[test]
fn a_search_over_many_experiments_finds_the_same() {
    let (store, _dir) = filled();
    let many: Vec<i64> = (0..60).collect();
    for experiments in [&many[..], &many[..3], &[]] {
        let search = TraceSearch {
            experiments,
            filter: "",
            order_by: &[],
            max_results: 2,
            page_token: None,
        };
        let found = store.search_traces(&search).unwrap().items;
        let found: Vec<_> = found.iter().map(|info| info.trace).collect();
        let expected = if experiments.is_empty() {
            vec![]
        } else {
            vec![trace_id(4), trace_id(3)]
        };
        assert_eq!(found, expected);
    }
}
