//! What a key may be used for.

/// One use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Calling models.
    Invoke = 1,
    /// Reading traces and experiments.
    Read = 2,
    Metrics = 4,
    /// Everything.
    Admin = 8,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Invoke, Self::Read, Self::Metrics, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Read => "read",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A set of scopes. `admin` holds all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub fn holds(self, scope: Scope) -> bool {
        self.0 & (scope as u8 | Scope::Admin as u8) != 0
    }

    /// The scopes as they were given.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.0 & *scope as u8 != 0)
    }
}

impl Default for Scopes {
    /// `[invoke]`.
    fn default() -> Self {
        [Scope::Invoke].into_iter().collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admin_holds_every_scope_and_the_others_only_themselves() {
        let admin: Scopes = [Scope::Admin].into_iter().collect();
        assert!(Scope::ALL.into_iter().all(|scope| admin.holds(scope)));
        let read: Scopes = [Scope::Read].into_iter().collect();
        assert_eq!(
            Scope::ALL.map(|scope| read.holds(scope)),
            [false, true, false, false]
        );
        assert_eq!(
            Scopes::default().iter().collect::<Vec<_>>(),
            [Scope::Invoke]
        );
    }

    #[test]
    fn names_round_trip() {
        for scope in Scope::ALL {
            assert_eq!(Scope::from_name(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::from_name("Admin"), None);
    }
}
