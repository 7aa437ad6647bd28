//! Charts by their labels.

use super::*;

#[test]
fn the_label_names_chart_and_version() {
    let cases = [
        ("gim-100.0.116_2900", Some(Chart::Gim)),
        ("gim-monitoring-100.0.1", Some(Chart::GimMonitoring)),
        ("gca-100.0.100-rc.1", Some(Chart::Gca)),
        ("gim", None),
        ("gim-monitoring", None),
        ("gimlet-1.0", None),
        ("postgresql-12.1", None),
    ];
    for (label, chart) in cases {
        assert_eq!(chart_of_label(label), chart, "{label}");
    }
}
