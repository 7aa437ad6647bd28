//! Values as the file spells them: names, ports, addresses, choices.
//!
//! Each says what it takes and refuses anything else with a sentence that tells what would be right. Not for rules that
//! concern several fields (`check`), nor for durations (`span`).

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::fields::MetricsAt;
use super::span::Span;
use crate::model::names::Name;
use crate::model::scope::{HelmAccess, HelmDriver, KubernetesScope, LatencyUnit};
use crate::model::selector::SelectBy;
use crate::model::version::BuildVersion;

/// The longest label of a DNS name, which a namespace is (RFC 1123).
const MAX_LABEL: usize = 63;
/// The longest name of a release that Helm accepts.
const MAX_RELEASE: usize = 53;
/// The longest tag of an image (OCI distribution specification).
const MAX_TAG: usize = 128;
/// The longest name of a topic that Kafka accepts.
const MAX_TOPIC: usize = 249;
/// The longest name of a Kubernetes object; no longer is that of a tenant.
const MAX_NAME: usize = 253;
/// The word for "there is none".
const NONE: &str = "none";

/// A value that is written as one word.
pub(super) trait Word: Sized {
    /// What it takes, in a few words.
    const FORM: &'static str;
    /// The same in the reference, which tells elsewhere what is left out here.
    const SHORT: &'static str = Self::FORM;

    /// Reads it; the error says what is wrong and what would be right, without the field's name.
    fn read(text: &str) -> Result<Self, String>;
}

/// What a field takes, for the reference and for errors.
pub(super) trait Takes {
    /// In a few words.
    const TAKES: &'static str;
    /// The same in the reference, which tells elsewhere what is left out here.
    const SHORT: &'static str = Self::TAKES;
}

/// Reads a word.
pub(super) struct WordVisitor<T>(pub(super) PhantomData<T>);

impl<T: Word> Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::FORM)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(E::custom)
    }
}

/// Lets words be read from the file.
macro_rules! words {
    ($($name:ty),+) => {$(
        impl<'de> serde::de::Deserialize<'de> for $name {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(WordVisitor(std::marker::PhantomData))
            }
        }

        impl Takes for $name {
            const TAKES: &'static str = <$name as Word>::FORM;
            const SHORT: &'static str = <$name as Word>::SHORT;
        }
    )+};
}

words!(Span, SuiteName, Namespace, Release, Companion, Topic, Port, UrlPath, Url, HelmDriver, KubernetesScope);
words!(LatencyUnit, Number, HelmAccess, Build);
words!(Switch, Tenant, LabelIs, NamePattern, Count);

/// Name of a suite: the value of a label, and part of addresses.
#[derive(Clone, Debug)]
pub(super) struct SuiteName(pub(super) Name);

/// Name of a namespace.
#[derive(Clone, Debug)]
pub(super) struct Namespace(pub(super) Name);

/// Name of a Helm release.
#[derive(Clone, Debug)]
pub(super) struct Release(pub(super) Name);

/// Name of the companion's release, or none.
#[derive(Clone, Debug)]
pub(super) struct Companion(pub(super) Option<Name>);

/// A build: the version of a chart or the tag of an image.
#[derive(Clone, Debug)]
pub(super) struct Build(pub(super) BuildVersion);

/// Name of a Kafka topic.
#[derive(Clone, Debug)]
pub(super) struct Topic(pub(super) Name);

impl Word for SuiteName {
    const FORM: &'static str = "a name of lower case letters, digits and -, at most 63 characters";

    fn read(text: &str) -> Result<Self, String> {
        named(text, MAX_LABEL, false, "name", Self::FORM).map(Self)
    }
}

impl Word for Namespace {
    const FORM: &'static str = "a namespace: lower case letters, digits and -, at most 63 characters";

    fn read(text: &str) -> Result<Self, String> {
        named(text, MAX_LABEL, false, "namespace", Self::FORM).map(Self)
    }
}

impl Word for Release {
    const FORM: &'static str = "a Helm release: lower case letters, digits, - and ., at most 53 characters";

    fn read(text: &str) -> Result<Self, String> {
        named(text, MAX_RELEASE, true, "release", Self::FORM).map(Self)
    }
}

impl Word for Companion {
    const FORM: &'static str = "a Helm release, or none";

    fn read(text: &str) -> Result<Self, String> {
        if text == NONE {
            return Ok(Self(None));
        }
        named(text, MAX_RELEASE, true, "release", Release::FORM).map(|name| Self(Some(name)))
    }
}

impl Word for Build {
    const FORM: &'static str = "a build: the version of a chart or the tag of an image, such as 100.0.116+4200";

    fn read(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
        if text.is_empty() || text.len() > MAX_TAG || !text.chars().all(allowed) {
            return Err(format!(
                "{text:?} is not a build; write one such as 100.0.116+4200, in quotes where YAML needs them"
            ));
        }
        Ok(Self(BuildVersion::new(text)))
    }
}

impl Word for Topic {
    const FORM: &'static str = "names of Kafka topics";

    fn read(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > MAX_TOPIC || !text.chars().all(allowed) {
            return Err(format!("{text:?} is not a Kafka topic; write letters, digits, ., _ and -, at most 249"));
        }
        Ok(Self(text.into()))
    }
}

/// Yes or no.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch(pub(super) bool);

/// Name of a tenant, as GSP's metrics spell it.
#[derive(Clone, Debug)]
pub(super) struct Tenant(pub(super) Name);

impl Word for Switch {
    const FORM: &'static str = "true or false";

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("{text:?} is neither; write {}", Self::FORM))
    }
}

impl Word for Tenant {
    const FORM: &'static str = "a value of the label tenant, at most 253 characters";
    const SHORT: &'static str = "a value of the label `tenant`";

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
            return Err(format!("{text:?} is no tenant; write {}", Self::FORM));
        }
        Ok(Self(text.into()))
    }
}

/// A label and its value.
#[derive(Clone, Debug)]
pub(super) struct LabelIs(pub(super) SelectBy);

/// A name in which one `*` may stand for anything.
#[derive(Clone, Debug)]
pub(super) struct NamePattern(pub(super) SelectBy);

/// A count of pods.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub(super) u32);

impl Word for LabelIs {
    const FORM: &'static str = "app=VALUE or app.kubernetes.io/name=VALUE";
    const SHORT: &'static str = "`app=VALUE` or `app.kubernetes.io/name=VALUE`";

    fn read(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let good = |value: &str| !value.is_empty() && value.len() <= MAX_LABEL && value.chars().all(allowed);
        match text.split_once('=').filter(|(_, value)| good(value)) {
            Some(("app", value)) => Ok(Self(SelectBy::App(value.into()))),
            Some(("app.kubernetes.io/name", value)) => Ok(Self(SelectBy::AppName(value.into()))),
            _ => Err(format!("{text:?} is not one of the labels that are read; write {}", Self::FORM)),
        }
    }
}

impl Word for NamePattern {
    const FORM: &'static str = "a name, or its beginning and *, such as gsp-*";
    const SHORT: &'static str = "a name, or its beginning and `*`, such as `gsp-*`";

    fn read(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '*');
        let says_something = text.chars().any(|c| c != '*');
        if !says_something || text.len() > MAX_NAME || !text.chars().all(allowed) || text.matches('*').count() > 1 {
            return Err(format!("{text:?} is not a pattern of names; write {}", Self::FORM));
        }
        Ok(Self(SelectBy::Name(text.into())))
    }
}

impl Word for Count {
    const FORM: &'static str = "a number from 1 to 1000";

    fn read(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(count @ 1..=1000) => Ok(Self(count)),
            _ => Err(format!("{text:?} is not a count of pods; write {}", Self::FORM)),
        }
    }
}

/// Checks a name as Kubernetes does (RFC 1123): a label, or labels joined by dots.
fn named(text: &str, longest: usize, dots: bool, what: &str, takes: &str) -> Result<Name, String> {
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty() && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let good = if dots { text.split('.').all(label) } else { label(text) };
    if good && text.len() <= longest {
        return Ok(text.into());
    }
    Err(format!("{text:?} is not a valid {what}; write {takes}"))
}

/// A refused text as an error repeats it: not where it may be a URL with a password in it.
pub(super) fn repeated(text: &str) -> String {
    if text.contains('@') { "a text with @ in it".to_owned() } else { format!("{text:?}") }
}

/// A TCP port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port(pub(super) u16);

/// Path of a URL.
#[derive(Clone, Debug)]
pub(super) struct UrlPath(pub(super) Name);

/// A URL that is read as it is.
#[derive(Clone, Debug)]
pub(super) struct Url(pub(super) Name);

impl Word for Port {
    const FORM: &'static str = "a port, 1 to 65535";

    fn read(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(port) if port > 0 => Ok(Self(port)),
            _ => Err(format!("{text:?} is not a port; write a number from 1 to 65535")),
        }
    }
}

impl Word for UrlPath {
    const FORM: &'static str = "a path that begins with /";

    fn read(text: &str) -> Result<Self, String> {
        if text.starts_with('/') && text.parse::<http::uri::PathAndQuery>().is_ok_and(|path| path.as_str() == text) {
            return Ok(Self(text.into()));
        }
        Err(format!("{text:?} is not a path; write one that begins with /, such as /metrics"))
    }
}

impl Word for Url {
    const FORM: &'static str = "a URL with http or https";

    // A URL is shown in logs and in the status, so it may not carry a password. Neither is one repeated that is refused: a
    // password stands in many a text that is no URL, and may itself hold what ends an authority.
    fn read(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            return Err(
                "a URL with a user or password in it is not supported; write it without, and without @".to_owned()
            );
        }
        let uri: http::Uri = text.parse().unwrap_or_default();
        let http = matches!(uri.scheme_str(), Some("http" | "https"));
        if http && uri.authority().is_some_and(|authority| !authority.host().is_empty()) {
            return Ok(Self(text.into()));
        }
        Err("not a URL; write for example http://gim.example.com:8249/metrics".to_owned())
    }
}

/// A number, such as a threshold of a signal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub(super) f64);

impl Word for Number {
    const FORM: &'static str = "a number";

    fn read(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if f64::is_finite(number) => Ok(Self(number)),
            _ => Err(format!("{text:?} is not a number; write one such as -2 or 0.5")),
        }
    }
}

/// Reads one of the fixed spellings of an enumeration.
macro_rules! choices {
    ($($name:ident: $what:literal, $takes:literal;)+) => {$(
        impl Word for $name {
            const FORM: &'static str = $takes;

            fn read(text: &str) -> Result<Self, String> {
                Self::parse(text).ok_or_else(|| format!("{text:?} is not {}; write {}", $what, $takes))
            }
        }
    )+};
}

choices! {
    HelmDriver: "a driver of Helm that can be watched", "secret or configmap";
    KubernetesScope: "a scope", "auto, cluster or namespaces";
    HelmAccess: "a kind of access", "read or none";
    LatencyUnit: "a unit", "milliseconds or seconds";
}

/// Where metrics are read: the word `none`, or a section.
#[derive(Debug)]
pub(super) enum Metrics {
    /// Nowhere.
    None,
    /// At a port and path of each pod, or at a URL.
    At(MetricsAt),
}

impl Takes for Metrics {
    const TAKES: &'static str = "none, or a section with port and path, url or prometheus";
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MetricsVisitor;

        impl<'de> Visitor<'de> for MetricsVisitor {
            type Value = Metrics;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Metrics::TAKES)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Metrics, E> {
                if text == NONE {
                    return Ok(Metrics::None);
                }
                Err(E::custom(format!("{} is not a place of metrics; write {}", repeated(text), Metrics::TAKES)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Metrics, A::Error> {
                MetricsAt::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Metrics::At)
            }
        }

        deserializer.deserialize_any(MetricsVisitor)
    }
}
