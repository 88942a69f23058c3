//! What others rely on: the names.

use super::metrics::Metrics;
use tollgate_governance::health::Breakers;

#[test]
fn every_alert_watches_a_metric_that_there_is() {
    let metrics = Metrics::new().unwrap();
    let source = concat!(
        include_str!("metrics.rs"),
        include_str!("backlog.rs"),
        include_str!("export_metrics.rs"),
    );
    let alerts = include_str!("../../deploy/alerts.yml");
    let mut seen = 0;
    for part in alerts.split("tollgate_").skip(1) {
        let end = part.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let name = format!("tollgate_{}", &part[..end.unwrap_or(part.len())]);
        let base = name.trim_end_matches("_bucket").trim_end_matches("_count");
        assert!(
            source.contains(&format!("\"{base}\"")),
            "no metric is named {name}"
        );
        seen += 1;
    }
    assert!(seen > 0);
    let text = metrics.render(&Breakers::default());
    assert!(
        String::from_utf8(text)
            .unwrap()
            .contains("tollgate_journal_skipped_records 0")
    );
}
