//! The search of experiments.

use crate::Store;
use crate::error::{Result, StoreError};
use crate::experiments::{COLUMNS, Experiment, read, with_tags};
use crate::search::grammar::Operator::*;
use crate::search::grammar::{Comparison, Value, comparisons, order};
use crate::search::page::{Page, Start};
use crate::search::sql::{Parameters, require_operator};

/// Which experiments are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ViewType {
    #[default]
    ActiveOnly,
    DeletedOnly,
    All,
}

/// What to look for.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ExperimentSearch<'a> {
    pub view: ViewType,
    /// On `name`, `experiment_id`, `creation_time`, `last_update_time` and `tag.…`.
    pub filter: &'a str,
    pub order_by: &'a [String],
    /// 1 to 50,000.
    pub max_results: u32,
    pub page_token: Option<&'a str>,
}

impl Store {
    /// A page of experiments, the newest first where no order is asked for. A token comes where more follow.
    pub fn search_experiments(&self, search: &ExperimentSearch<'_>) -> Result<Page<Experiment>> {
        if !(1..=50_000).contains(&search.max_results) {
            return Err(StoreError::Invalid(format!(
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive integer of at most 50000",
                search.max_results
            )));
        }
        let Start::Offset(offset) = Start::from_token(search.page_token)? else {
            return Err(StoreError::Invalid(
                "Invalid page token: it comes from another search".into(),
            ));
        };
        let mut parameters = Parameters::default();
        let mut conditions = vec![
            match search.view {
                ViewType::ActiveOnly => "NOT deleted",
                ViewType::DeletedOnly => "deleted",
                ViewType::All => "1",
            }
            .to_string(),
        ];
        for comparison in comparisons(search.filter)? {
            conditions.push(condition(&comparison, &mut parameters)?);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM experiments AS e WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
            conditions.join(" AND "),
            order_sql(search.order_by)?,
            parameters.bind(i64::from(search.max_results) + 1),
            parameters.bind(i64::try_from(offset).unwrap_or(i64::MAX)),
        );
        let reader = self.read()?;
        let tx = reader.unchecked_transaction()?;
        let mut statement = tx.prepare(&sql)?;
        let mut items = statement
            .query_map(rusqlite::params_from_iter(parameters.values()), read)?
            .map(|row| with_tags(&tx, row?))
            .collect::<Result<Vec<_>>>()?;
        let limit = search.max_results as usize;
        let next = (items.len() > limit).then(|| {
            items.truncate(limit);
            Start::Offset(offset.saturating_add(u64::from(search.max_results))).to_token()
        });
        Ok(Page { items, next })
    }
}

fn condition(comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    let key = comparison.name.key.as_str();
    match (comparison.name.entity.as_deref(), key) {
        (Some("tag" | "tags"), _) => {
            require_operator(
                comparison,
                &[Equal, NotEqual, Like, ILike, IsNull, IsNotNull],
            )?;
            let column = format!(
                "(SELECT g.value FROM experiment_tags AS g WHERE g.experiment = e.id AND g.key = {})",
                parameters.bind(key.to_string())
            );
            parameters.text_condition(&column, comparison)
        }
        (None | Some("attribute"), "name") => {
            require_operator(comparison, &[Equal, NotEqual, Like, ILike])?;
            parameters.text_condition("e.name", comparison)
        }
        (None | Some("attribute"), "experiment_id") => {
            require_operator(comparison, &[Equal, NotEqual, In, NotIn])?;
            if let Value::Number(number) = &comparison.value {
                return Err(StoreError::Invalid(format!(
                    "Expected a quoted string value for attributes. Got value {number}"
                )));
            }
            parameters.text_condition("CAST(e.id AS TEXT)", comparison)
        }
        (None | Some("attribute"), "creation_time" | "last_update_time") => {
            require_operator(
                comparison,
                &[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual],
            )?;
            parameters.number_condition(column(key)?, comparison)
        }
        (None | Some("attribute"), _) => column(key).map(str::to_string),
        (Some(other), _) => Err(StoreError::Invalid(format!(
            "Invalid entity type '{other}'. Valid entity types are ('attribute', 'tag', 'tags')"
        ))),
    }
}

fn column(key: &str) -> Result<&'static str> {
    match key {
        "name" => Ok("e.name"),
        "experiment_id" => Ok("e.id"),
        "creation_time" => Ok("e.created_ms"),
        "last_update_time" => Ok("e.updated_ms"),
        _ => Err(StoreError::Invalid(format!(
            "Invalid attribute key '{key}' specified. Valid keys are 'name', 'experiment_id', 'creation_time', \
             'last_update_time'"
        ))),
    }
}

fn order_sql(clauses: &[String]) -> Result<String> {
    if clauses.is_empty() {
        return Ok("e.created_ms DESC, e.id ASC".into());
    }
    let mut terms = Vec::new();
    for clause in clauses {
        let (name, ascends) = order(clause)?;
        match name.entity.as_deref() {
            None | Some("attribute") => {}
            Some(other) => {
                return Err(StoreError::Invalid(format!(
                    "Invalid order_by entity: {other}"
                )));
            }
        }
        let direction = if ascends { "ASC" } else { "DESC" };
        terms.push(format!("{} {direction}", column(&name.key)?));
    }
    terms.push("e.id DESC".into());
    Ok(terms.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::temporary;
    use std::collections::BTreeMap;

    #[test]
    fn experiments_are_found_by_name_tag_and_time() {
        let (store, _dir) = temporary();
        let tags = |team: &str| BTreeMap::from([("team".to_string(), team.to_string())]);
        store
            .create_experiment("Chat one", None, &tags("a"), 10)
            .unwrap();
        store
            .create_experiment("chat two", None, &tags("b"), 20)
            .unwrap();
        store
            .create_experiment("gone", None, &BTreeMap::new(), 30)
            .unwrap();
        store.set_experiment_deleted(3, true, 40).unwrap();
        let check = |filter: &str, view, expected: &[i64]| {
            let order = ["creation_time".to_string()];
            let page = store.search_experiments(&ExperimentSearch {
                view,
                filter,
                order_by: &order,
                max_results: 10,
                page_token: None,
            });
            let ids: Vec<i64> = page.unwrap().items.iter().map(|found| found.id).collect();
            assert_eq!(ids, expected, "{filter}");
        };
        use ViewType::*;
        check("", ActiveOnly, &[1, 2, 0]);
        check("", DeletedOnly, &[3]);
        check("", All, &[1, 2, 3, 0]);
        check("name LIKE 'chat%'", ActiveOnly, &[2]);
        check("name ILIKE 'chat%'", ActiveOnly, &[1, 2]);
        check("tags.team = 'a'", ActiveOnly, &[1]);
        check("tags.team != 'a'", ActiveOnly, &[2]);
        check("tag.team IS NULL", ActiveOnly, &[0]);
        check(
            "creation_time > 10 AND creation_time <= 30",
            ActiveOnly,
            &[2],
        );
        check("attribute.experiment_id IN ('1', '2')", ActiveOnly, &[1, 2]);
    }

    #[test]
    fn a_page_has_a_token_only_where_more_follow() {
        let (store, _dir) = temporary();
        store
            .create_experiment("one", None, &BTreeMap::new(), 10)
            .unwrap();
        let mut search = ExperimentSearch {
            view: ViewType::ActiveOnly,
            filter: "",
            order_by: &[],
            max_results: 1,
            page_token: None,
        };
        let first = store.search_experiments(&search).unwrap();
        assert_eq!(first.items[0].id, 0);
        search.page_token = first.next.as_deref();
        let second = store.search_experiments(&search).unwrap();
        assert_eq!((second.items[0].id, second.next), (1, None));
        for wrong in [
            "names = 'a'",
            "name > 'a'",
            "metric.x = 1",
            "creation_time = 'x'",
        ] {
            search.filter = wrong;
            assert!(
                matches!(
                    store.search_experiments(&search),
                    Err(StoreError::Invalid(_))
                ),
                "{wrong}"
            );
        }
    }
}
