//! Names: interned strings, enumerations with fixed spellings, and one value per component.
//!
//! The spellings are part of the contract (labels, JSON, configuration), so each stands once, beside its variant.
//! Not for text that people read: that is made in `publish`.

use std::sync::Arc;

/// A name from the cluster or the configuration; cheap to clone, shared where the same name occurs again.
pub type Name = Arc<str>;

/// Declares an enumeration whose variants have fixed spellings: `ALL`, `as_str`, `parse`, `Display`, `Serialize`.
#[macro_export]
macro_rules! named {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every variant, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The fixed spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The variant with this spelling.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.as_str()) }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

named! {
    /// One of the three services of Genesys Info Mart, in the order in which they are upgraded
    /// (upgrade guide, Scheduling considerations).
    pub enum Component {
        /// Genesys Info Mart, the ETL into the Info Mart database.
        Gim = "gim",
        /// GIM stream processor, an Apache Flink job.
        Gsp = "gsp",
        /// GIM configuration adapter.
        Gca = "gca",
    }
}

impl Component {
    /// The component that is upgraded after this one.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Gim => Some(Self::Gsp),
            Self::Gsp => Some(Self::Gca),
            Self::Gca => None,
        }
    }
}

/// One value for each component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PerComponent<T> {
    /// The value for GIM.
    pub gim: T,
    /// The value for GSP.
    pub gsp: T,
    /// The value for GCA.
    pub gca: T,
}

impl<T> PerComponent<T> {
    /// Makes one value for each component, in upgrade order.
    pub fn from_fn(mut make: impl FnMut(Component) -> T) -> Self {
        Self { gim: make(Component::Gim), gsp: make(Component::Gsp), gca: make(Component::Gca) }
    }

    /// The value of one component.
    pub const fn get(&self, component: Component) -> &T {
        match component {
            Component::Gim => &self.gim,
            Component::Gsp => &self.gsp,
            Component::Gca => &self.gca,
        }
    }

    /// The value of one component, to change.
    pub const fn get_mut(&mut self, component: Component) -> &mut T {
        match component {
            Component::Gim => &mut self.gim,
            Component::Gsp => &mut self.gsp,
            Component::Gca => &mut self.gca,
        }
    }

    /// All values with their components, in upgrade order.
    pub fn iter(&self) -> impl Iterator<Item = (Component, &T)> {
        Component::ALL.iter().map(|&component| (component, self.get(component)))
    }

    /// The same shape with each value replaced.
    pub fn map<U>(&self, mut f: impl FnMut(Component, &T) -> U) -> PerComponent<U> {
        PerComponent::from_fn(|component| f(component, self.get(component)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_parse_back() {
        for &component in Component::ALL {
            assert_eq!(Component::parse(component.as_str()), Some(component));
        }
        assert_eq!(Component::parse("raa"), None);
    }

    #[test]
    fn order_is_the_upgrade_order() {
        assert_eq!(Component::Gim.next(), Some(Component::Gsp));
        assert_eq!(Component::Gsp.next(), Some(Component::Gca));
        assert_eq!(Component::Gca.next(), None);
    }
}
