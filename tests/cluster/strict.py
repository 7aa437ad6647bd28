"""Reads a page from standard input by the strict parser of OpenMetrics; its complaint is the exit."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = list(text_string_to_metric_families(sys.stdin.read()))
if not families:
    sys.exit("the page has no family")
