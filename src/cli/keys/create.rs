//! `keys create`: a new key, shown once.

use super::super::error::CliError;
use crate::config::{hash_key, limits_to_json, parse_duration, parse_expiry};
use crate::random;
use crate::vault::Secret;
use std::io::Write;
use tollgate_governance::limit::{Limit, Per, Rate};
use tollgate_governance::principal::{MAX_TAGS, Scope, check_tag};
use tollgate_store::Store;
use tollgate_store::keys::KeyRow;

/// Make a key and print it; it is shown this once, only its hash is kept
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate keys create search
  tollgate keys create search --team search --tag cost_center=42 --requests 600/min
  tollgate keys create agents --route 'gpt-*' --tokens 200k/min --concurrent 8 --expires 30d
  tollgate keys create mlflow --scope read            a key for MLFLOW_TRACKING_TOKEN
  KEY=$(tollgate keys create search)                  the key alone is on standard output")]
pub(crate) struct Create {
    /// What the key is called in traces, metrics and listings
    pub(crate) name: String,
    /// Who holds it. Default: the tag `owner`
    #[arg(long)]
    owner: Option<String>,
    /// Whose use it counts to. Default: the tag `team`
    #[arg(long)]
    team: Option<String>,
    /// Kept on each trace; may be given several times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// A route that it may use: a name, an alias, or a beginning such as `gpt-*`; may be given several times. Default: all
    #[arg(long = "route", value_name = "ROUTE")]
    routes: Vec<String>,
    /// What it may be used for: invoke, read, metrics or admin; may be given several times. Default: invoke
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// Requests in a time, such as `60/min`; a burst may take all of them at once
    #[arg(long, value_name = "RATE")]
    requests: Option<Rate>,
    /// Input and output tokens in a time, such as `200k/min`
    #[arg(long, value_name = "RATE")]
    tokens: Option<Rate>,
    /// Requests at once, each until its stream's end
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    concurrent: Option<u32>,
    /// From when on it is refused: `2027-01-31`, `2027-01-31T12:00:00Z`, or in so long: `30d`
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

impl Create {
    pub(crate) fn run(
        self,
        store: &Store,
        now_ms: i64,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let name = self.name.clone();
        let (key, row) = self.row(now_ms)?;
        store.create_key(&row)?;
        // A closed standard error must not keep the key from who made it.
        let _ = writeln!(std::io::stderr(), "The key `{name}`, shown this once:");
        writeln!(out, "{}", key.expose())?;
        Ok(())
    }

    fn row(self, now_ms: i64) -> Result<(Secret, KeyRow), CliError> {
        let usage = |message: &str| Err(CliError::Usage(message.to_owned()));
        let is_visible = self.name.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_visible || !(1..=128).contains(&self.name.len()) {
            return usage("a key's name has 1 to 128 visible ASCII characters, no spaces");
        }
        if self.routes.iter().any(String::is_empty) {
            return usage("a route has a name");
        }
        let expires_ms = self.expires.as_deref().map(|text| expiry(text, now_ms));
        let expires_ms = expires_ms.transpose()?;
        let limit = Limit {
            per: Per::Key,
            requests: self.requests,
            tokens: self.tokens,
            concurrent: self.concurrent,
        };
        let is_limited =
            limit.requests.is_some() || limit.tokens.is_some() || limit.concurrent.is_some();
        let limits = if is_limited { vec![limit] } else { Vec::new() };
        let mut scopes = self.scopes;
        if scopes.is_empty() {
            scopes.push(Scope::Invoke);
        }
        let tags: std::collections::BTreeMap<_, _> = self.tags.into_iter().collect();
        if tags.len() > MAX_TAGS {
            let message = format!("--tag: a key has {MAX_TAGS} tags at most");
            return Err(CliError::Usage(message));
        }
        let or_tag = |given: Option<String>, tag: &str| {
            given.or_else(|| tags.get(tag).cloned()).unwrap_or_default()
        };
        let key = random::virtual_key()
            .map_err(|_| CliError::Usage("the system has no random bytes to give".to_owned()))?;
        let hash = hash_key(key.expose()).to_string();
        let row = KeyRow {
            name: self.name,
            hash: hash.trim_start_matches("sha256:").to_owned(),
            last4: key.expose().chars().skip(key.expose().len() - 4).collect(),
            owner: or_tag(self.owner, "owner"),
            team: or_tag(self.team, "team"),
            tags,
            routes: self.routes,
            scopes: scopes
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .collect(),
            limits: limits_to_json(&limits),
            expires_ms,
            enabled: true,
            created_ms: now_ms,
            revoked_ms: None,
        };
        Ok((key, row))
    }
}

fn expiry(text: &str, now_ms: i64) -> Result<i64, CliError> {
    let after = |text| {
        let duration = parse_duration(text).ok()?;
        now_ms.checked_add(i64::try_from(duration.as_millis()).ok()?)
    };
    let expires_ms = parse_expiry(text).or_else(|| after(text)).ok_or_else(|| {
        CliError::Usage(format!(
            "--expires: expected a day such as `2027-01-31`, a time such as `2027-01-31T12:00:00Z`, or a duration \
             such as `30d`, not `{text}`"
        ))
    })?;
    match expires_ms > now_ms {
        true => Ok(expires_ms),
        false => Err(CliError::Usage(format!("--expires: `{text}` is over"))),
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => match check_tag(key, value) {
            Ok(()) => Ok((key.to_owned(), value.to_owned())),
            Err(wrong) => Err(wrong.to_owned()),
        },
        None => Err("expected KEY=VALUE".to_owned()),
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_name(text).ok_or_else(|| {
        let names = Scope::ALL.map(Scope::as_str);
        format!("expected one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::limits_from_json;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        create: Create,
    }

    fn create(arguments: &str) -> Result<(Secret, KeyRow), String> {
        let line = Line::try_parse_from(std::iter::once("create").chain(arguments.split(' ')));
        let create = line.map_err(|error| error.to_string())?.create;
        create.row(1_000).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_is_256_bits_and_only_its_hash_is_kept() {
        let (key, row) = create("search").unwrap();
        let (other, _) = create("search").unwrap();
        assert!(key.expose() != other.expose());
        let random = key.expose().strip_prefix("tg-").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(random).unwrap().len(), 32);
        assert_eq!(
            format!("sha256:{}", row.hash),
            hash_key(key.expose()).to_string()
        );
        assert!(key.expose().ends_with(&row.last4) && row.last4.len() == 4);
        assert_eq!(row.scopes, ["invoke"]);
        assert!(row.enabled && row.routes.is_empty() && row.expires_ms.is_none());
    }

    #[test]
    fn what_is_given_is_stored_in_the_forms_of_the_file() {
        let (_, row) = create(
            "a --tag team=blue --tag x=1=2 --owner ann --route chat --route gpt-* --scope read --scope metrics \
             --requests 60/min --tokens 1.5k/min --concurrent 8 --expires 1h",
        )
        .unwrap();
        assert_eq!((row.team.as_str(), row.owner.as_str()), ("blue", "ann"));
        assert_eq!(row.tags["x"], "1=2");
        assert_eq!(row.routes, ["chat", "gpt-*"]);
        assert_eq!(row.scopes, ["read", "metrics"]);
        assert_eq!(row.expires_ms, Some(3_601_000));
        let limits = limits_from_json(&row.limits).unwrap();
        assert_eq!(limits.len(), 1);
        assert_eq!(
            (limits[0].tokens.unwrap().count, limits[0].concurrent),
            (1500, Some(8))
        );
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_was_expected() {
        for (arguments, expected) in [
            ("é", "visible ASCII"),
            ("a --tag x", "KEY=VALUE"),
            ("a --scope write", "invoke, read, metrics, admin"),
            ("a --requests 60", "600/min"),
            ("a --concurrent 0", "1.."),
            ("a --expires 1970-01-01", "is over"),
            ("a --expires tomorrow", "30d"),
        ] {
            let error = create(arguments).err().unwrap();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_key_is_printed_once_and_its_name_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("tollgate.db")).unwrap();
        let run = || {
            let mut out = Vec::new();
            let create = Line::try_parse_from(["create", "a"]).unwrap().create;
            create
                .run(&store, 1_000, &mut out)
                .map(|()| String::from_utf8(out).unwrap())
        };
        let printed = run().unwrap();
        assert!(printed.starts_with("tg-") && printed.lines().count() == 1);
        assert!(run().err().unwrap().to_string().contains("exists already"));
    }
}
