//! The sections of the file, one module each: what may be given, and how it becomes a part of the snapshot.

mod address;
mod fallbacks;
mod header;
mod key;
mod limit;
mod price;
mod provider;
mod proxy;
mod retry;
mod route;
mod server;
mod store;
mod target;
mod telemetry;

use super::read::{List, Named, Reader, list, section};
use super::snapshot::{Basics, Routes, Snapshot};
pub use key::{hash_key, parse_expiry};
pub(crate) use limit::{LimitSection, Of, resolve as resolve_limits};

section! {
    /// Tollgate's configuration.
    pub(crate) struct Document {
        server: server::ServerSection,
        store: store::StoreSection,
        vault: store::VaultSection,
        telemetry: telemetry::TelemetrySection,
        /// By name.
        providers: Named<provider::ProviderSection>,
        /// By name: what callers send as `model`.
        #[schemars(extend("minProperties" = 1, "propertyNames" = { "pattern": r"^[^*]*\*?$" }))]
        routes: Named<route::RouteSection> = required,
        /// By name.
        keys: Named<key::KeySection>,
        /// Limits of every key.
        limits: List<LimitSection>,
        /// By `provider/model`.
        #[schemars(extend("propertyNames" = { "pattern": "^[^/]+/." }))]
        prices: Named<price::PriceSection>,
    }
}

impl Document {
    /// The snapshot; whole only if the reader noted no mistake.
    pub(crate) fn resolve(self, hash: String, reader: &mut Reader<'_>) -> Snapshot {
        let server = server::resolve(self.server.as_deref(), reader);
        let store = store::resolve(self.store.as_deref(), reader);
        let vault = store::resolve_vault(self.vault.as_deref(), reader);
        let telemetry = telemetry::resolve(self.telemetry.map(|section| section.value), reader);
        let providers = provider::resolve(self.providers, reader);
        if let Some(routes) = self.routes.as_ref().filter(|routes| routes.is_empty()) {
            reader.note_at(routes, "at least one route is needed");
        }
        let (pending, names) = route::resolve(self.routes, &providers, reader);
        let keys = key::resolve(self.keys, &names, reader);
        let routes = fallbacks::resolve(pending, &names, reader);
        let default_limits = limit::resolve(list(&self.limits), Of::Key, reader);
        let prices = price::resolve(self.prices, &providers, reader);
        let mut watched = std::mem::take(&mut reader.watched);
        watched.sort();
        watched.dedup();
        Snapshot {
            hash,
            server,
            store,
            vault,
            telemetry,
            providers: providers.usable,
            routes: Routes::new(routes),
            keys,
            default_limits,
            prices,
            watched,
        }
    }
}

section! {
    /// The sections that can be read before the vault is open.
    pub(crate) struct Foundations {
        server: server::ServerSection,
        store: store::StoreSection,
        vault: store::VaultSection,
        telemetry: telemetry::TelemetrySection,
    }
}

impl Foundations {
    pub(crate) const FIELDS: [&str; 4] = ["server", "store", "vault", "telemetry"];

    pub(crate) fn resolve(self, reader: &mut Reader<'_>) -> Basics {
        let server = server::resolve(self.server.as_deref(), reader);
        Basics {
            listen: server.listen,
            is_tls: server.tls.is_some(),
            store: store::resolve(self.store.as_deref(), reader),
            vault: store::resolve_vault(self.vault.as_deref(), reader),
            log: telemetry::resolve_log(self.telemetry.as_deref()),
        }
    }
}
