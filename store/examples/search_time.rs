//! How long searches take in a store that `drain_rate` filled.
//!
//! ```text
//! cargo run --release -p tollgate-store --example search_time -- /tmp/drain.db
//! ```

#![allow(clippy::disallowed_methods, reason = "a measurement needs the clock")]

use std::time::Instant;
use tollgate_store::Store;
use tollgate_store::search::TraceSearch;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or("drain.db".into());
    let store = Store::open(path)?;
    for (filter, order) in [
        ("", ""),
        ("status = 'OK'", ""),
        ("status = 'ERROR'", ""),
        ("tag.nothing = 'x'", ""),
        ("metadata.mlflow.trace.user = 'user-8'", ""),
        ("metadata.mlflow.trace.user = 'nobody'", ""),
        ("span.name = 'nothing'", ""),
        ("span.attributes.mlflow.llm.model LIKE '%nothing%'", ""),
        ("trace.text ILIKE '%nothing at all%'", ""),
        ("trace.text LIKE '%nothing at all%'", ""),
        ("", "execution_time_ms DESC"),
        ("", "tag.nothing"),
    ] {
        let order_by: Vec<String> = Some(order.to_string())
            .into_iter()
            .filter(|order| !order.is_empty())
            .collect();
        let begin = Instant::now();
        let page = store.search_traces(&TraceSearch {
            experiments: &[0],
            filter,
            order_by: &order_by,
            max_results: 100,
            page_token: None,
        });
        let found = page.map_or_else(
            |error| error.to_string(),
            |page| format!("{} found", page.items.len()),
        );
        println!("{:>10.2?}  {found:<10}  {filter} {order}", begin.elapsed());
    }
    Ok(())
}
