//! Any filter and any order is SQL that SQLite takes, or is refused in words for the caller.

use std::sync::LazyLock;
use tempfile::TempDir;
use tollgate_store::search::{ExperimentSearch, TraceSearch, ViewType};
use tollgate_store::{Result, Store, StoreError};

static STORE: LazyLock<(Store, TempDir)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for a while");
    let store = Store::open(folder.path().join("tollgate.db")).expect("a new store");
    (store, folder)
});

/// The first line is the filter, further ones the clauses of the order.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n').map(str::to_owned);
    let filter = lines.next().unwrap_or_default();
    let order_by: Vec<String> = lines.collect();
    let (store, _) = &*STORE;
    for (filter, order_by) in [(filter.as_str(), &order_by), (&text, &Vec::new())] {
        check_outcome(store.search_traces(&TraceSearch {
            experiments: &[0],
            filter,
            order_by,
            max_results: 10,
            page_token: None,
        }));
        check_outcome(store.search_experiments(&ExperimentSearch {
            view: ViewType::All,
            filter,
            order_by,
            max_results: 10,
            page_token: None,
        }));
    }
    check_outcome(store.search_traces(&TraceSearch {
        experiments: &[0],
        filter: "",
        order_by: &[],
        max_results: 10,
        page_token: Some(&text),
    }));
}

fn check_outcome<T>(outcome: Result<T>) {
    if let Err(error) = outcome {
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    }
}
