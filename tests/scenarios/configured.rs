//! The exporter's configuration as a scenario has it: suites and policy.

use gim_upgrade_exporter::model::database::{DatabaseAt, SchemaExpectation, SchemaObject};
use gim_upgrade_exporter::model::dependency::{AggregationAt, AskAt, BackupAt};
use gim_upgrade_exporter::model::names::{Component, Name, PerComponent};
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::scope::HelmAccess;
use gim_upgrade_exporter::model::suite::{Suite, Surroundings};
use gim_upgrade_exporter::model::version::BuildVersion;
use gim_upgrade_exporter::sim::scenario::{self, Scenario, Surrounding};
use gim_upgrade_exporter::sim::surroundings::BACKUP;

/// The suite of the first tenant.
pub const FIRST: &str = "default";
/// The lowest level at which the aggregation is well.
const HEALTHY_FROM: i64 = 1;

/// The suites of a scenario, that of the first tenant first. Its GSP serves the others too.
pub fn suites(scenario: &Scenario) -> Vec<Suite> {
    let mut first = Suite { surroundings: surroundings(scenario), schema: schema(scenario), ..Suite::default_suite() };
    first.targets = PerComponent::from_fn(|component| {
        scenario.configured.targets.get(component.as_str()).map(|target| BuildVersion::new(target))
    });
    if scenario.configured.helm_access == scenario::HelmAccess::None {
        first.helm_access = HelmAccess::None;
    }
    if let Some(namespace) = &scenario.namespace {
        for component in Component::ALL {
            first.members.get_mut(*component).namespace = namespace.as_str().into();
        }
    }
    if !scenario.tenants.is_empty() {
        first.tenant = Some("100".into());
    }
    let others = scenario.tenants.iter().map(|tenant| {
        let mut suite = Suite { name: format!("t{tenant}").into(), ..first.clone() };
        suite.tenant = Some(tenant.as_str().into());
        for component in [Component::Gim, Component::Gca] {
            let member = suite.members.get_mut(component);
            member.release = format!("{component}-t{tenant}").into();
            member.companion = Some(format!("{component}-t{tenant}-monitoring").into());
            if scenario.namespace.is_none() {
                member.namespace = member.release.clone();
            }
        }
        suite.members.gsp.owner = Some(FIRST.into());
        suite
    });
    let others: Vec<Suite> = others.collect();
    std::iter::once(first).chain(others).collect()
}

/// By what a scenario is judged.
pub fn policy(scenario: &Scenario) -> Policy {
    let configured = &scenario.configured;
    Policy {
        ignored_topics: configured.ignored_topics.iter().map(|topic| topic.as_str().into()).collect(),
        releases: PerComponent::from_fn(|component| {
            let listed = configured.releases.get(component.as_str());
            listed.into_iter().flatten().map(|release| BuildVersion::new(release)).collect()
        }),
        ..Policy::default()
    }
}

fn schema(scenario: &Scenario) -> SchemaExpectation {
    let schema = &scenario.configured.schema;
    let objects = |texts: &[String]| texts.iter().map(|text| object(text)).collect();
    SchemaExpectation {
        version: schema.version.as_deref().map(Name::from),
        objects: objects(&schema.objects),
        export_views: objects(&schema.export_views),
    }
}

/// A table, or a column as `table.column`.
pub fn object(text: &str) -> SchemaObject {
    match text.split_once('.') {
        Some((table, column)) => SchemaObject { table: table.into(), column: Some(column.into()) },
        None => SchemaObject { table: text.into(), column: None },
    }
}

fn surroundings(scenario: &Scenario) -> Surroundings {
    let has = |surrounding| scenario.configured.surroundings.contains(&surrounding);
    let at = |surrounding, address: &str| {
        has(surrounding).then(|| AskAt::Addresses { addresses: vec![address.into()], tls: false })
    };
    let (namespace, name) = BACKUP;
    Surroundings {
        kafka: at(Surrounding::Kafka, "kafka.infra:9092"),
        database: at(Surrounding::Database, "infomart-db.infra:5432"),
        object_storage: has(Surrounding::ObjectStorage).then(|| AskAt::Url("http://storage.infra/".into())),
        info_mart: has(Surrounding::InfoMart).then(|| DatabaseAt {
            host: "infomart-db.infra".into(),
            port: 5432,
            database: "gim".into(),
            user: "reader".into(),
            password_file: None,
            tls: false,
            ca_file: None,
        }),
        backup: has(Surrounding::Backup).then(|| BackupAt::CronJob { namespace: namespace.into(), name: name.into() }),
        aggregation: has(Surrounding::Aggregation).then(|| AggregationAt {
            at: AskAt::Url("http://raa.infra:9100/metrics".into()),
            healthy_from: HEALTHY_FROM,
        }),
        ca_file: None,
    }
}
