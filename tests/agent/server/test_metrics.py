"""Metrics: the board in Prometheus' format, with names and labels that dashboards rely on, and not too many of them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.agent.board import Pulse
from reconciler.agent.measure import BUCKETS, took
from reconciler.model.errors import Problem, Severity
from reconciler.model.status import Condition, Status
from tests.agent.server.asgi import AT, Agent, look_at, web


@pytest.fixture
def agent():
    return Agent()


def scraped(agent):
    told = agent.get("/metrics")
    assert told.status == 200
    assert told.header("content-type").startswith("text/plain")
    found = {}
    for family in text_string_to_metric_families(told.body.decode()):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def of(found, name, **labels):
    return {key[1]: value for key, value in found.items() if key[0] == name and set(labels.items()) <= set(key[1])}


def test_a_resource_has_one_series_with_how_it_fares(agent):
    agent.board.put(look_at("staging", ready=False))
    found = of(scraped(agent), "reconciler_resource_info", environment="staging", app="shop")
    assert found == {
        (("app", "shop"), ("environment", "staging"), ("health", "Progressing"), ("kind", "Service"), ("name", "web"),
         ("revision", "web:2"), ("sync", "False")): 1
    }  # fmt: skip


def test_conditions_and_phases_are_counted_by_app(agent):
    agent.board.put(look_at("staging", ready=False))
    found = scraped(agent)
    assert set(of(found, "reconciler_condition", environment="staging", app="shop").items()) == {
        ((("app", "shop"), ("environment", "staging"), ("status", status), ("type", type)), 1)
        for type, status in [("Ready", "False"), ("Synced", "False"), ("Healthy", "True"), ("Reconciling", "True")]
    }
    assert list(of(found, "reconciler_resources", environment="staging", app="shop", phase="RollingOut").values()) == [1]
    assert list(of(found, "reconciler_suspended", environment="staging", app="shop").values()) == [0]


def test_a_suspended_app_is_shown_as_one(agent):
    held = web("shop")
    held = type(held)(**{**vars(held), "conditions": (*held.conditions, Condition("Suspended", "True", "Suspended", "by x"))})
    agent.board.put(look_at("staging", status=Status("staging", None, (held,))))
    assert list(of(scraped(agent), "reconciler_suspended", environment="staging", app="shop").values()) == [1]


def test_the_agent_itself_is_shown(agent):
    agent.clock.sleep(7)
    found = scraped(agent)
    assert found["reconciler_loop_beat_age_seconds", ()] == 7
    own = (("environment", "staging"),)
    assert found["reconciler_queue_depth", own] == 3
    assert found["reconciler_leader", own] == 1
    assert found["reconciler_source_verified", own] == 1
    assert found["reconciler_last_look_timestamp_seconds", own] == AT.timestamp()
    assert found["process_resident_memory_bytes", ()] > 0


def test_the_last_success_stands_still_while_something_is_wrong(agent):
    own = (("environment", "staging"),)
    agent.clock.sleep(60)
    agent.board.put(look_at("staging", at=agent.clock.now(), problems=(Problem("w", "a warning", severity=Severity.WARNING),)))
    assert scraped(agent)["reconciler_last_success_timestamp_seconds", own] == AT.timestamp() + 60
    agent.clock.sleep(60)
    agent.board.put(look_at("staging", at=agent.clock.now(), problems=(Problem("x", "wrong"),), held=False))
    found = scraped(agent)
    assert found["reconciler_last_success_timestamp_seconds", own] == AT.timestamp() + 60
    assert found["reconciler_last_look_timestamp_seconds", own] == AT.timestamp() + 120
    assert found["reconciler_leader", own] == 0


def test_what_is_counted_is_a_counter(agent):
    agent.board.count("reconciler_heal_total", environment="staging", app="shop")
    agent.board.count("reconciler_heal_total", 2, environment="staging", app="shop")
    agent.board.count("reconciler_aws_requests_total", service="ecs", operation="DescribeServices", code="200")
    found = scraped(agent)
    assert found["reconciler_heal_total", (("app", "shop"), ("environment", "staging"))] == 3
    text = agent.get("/metrics").body.decode()
    assert "# HELP reconciler_heal_total Drift that was corrected." in text
    assert "# TYPE reconciler_heal_total counter" in text


def test_what_takes_time_is_a_histogram(agent):
    for seconds in (0.05, 0.1, 3, 4000):
        took(agent.board, "reconciler_reconcile_duration_seconds", seconds, environment="staging")
    found = scraped(agent)
    own = ("environment", "staging")
    edges = {dict(labels)["le"]: value for labels, value in of(found, "reconciler_reconcile_duration_seconds_bucket").items()}
    assert edges == {"0.1": 2, "0.5": 2, "1": 2, "2.5": 2, "5": 3, "10": 3, "30": 3, "60": 3, "300": 3, "1800": 3, "+Inf": 4}
    assert found["reconciler_reconcile_duration_seconds_count", (own,)] == 4
    assert found["reconciler_reconcile_duration_seconds_sum", (own,)] == pytest.approx(4003.15)
    lines = [line for line in agent.get("/metrics").body.decode().splitlines() if "duration_seconds_bucket" in line]
    assert [line.partition('le="')[2].partition('"')[0] for line in lines] == ["0.1", "0.5", "1", "2.5", "5", "10", "30", "60", "300", "1800", "+Inf"]
    assert "# TYPE reconciler_reconcile_duration_seconds histogram" in agent.get("/metrics").body.decode()


def test_every_bucket_there_is_counts_what_is_below_it(agent):
    took(agent.board, "x_seconds", 0.0)
    counts = agent.board.counts()
    assert {dict(labels)["le"] for (name, labels) in counts if name == "x_seconds_bucket"} == {*(f"{it:g}" for it in BUCKETS), "+Inf"}


def test_of_very_many_resources_only_those_that_are_not_ready_are_shown(agent, monkeypatch):
    most = 50
    monkeypatch.setattr("reconciler.agent.server.metrics.MOST_RESOURCES", most)

    def many(number, unready):
        found = [web(f"app{it}", ready=it >= unready) for it in range(number)]
        agent.board.put(look_at("staging", status=Status("staging", None, tuple(found))))
        return len(of(scraped(agent), "reconciler_resource_info", environment="staging"))

    agent.board.drop("production")
    assert many(most, 0) == most
    assert many(most + 1, 3) == 3
    assert many(most + 9, most + 9) == most


def test_two_agents_in_one_process_share_nothing(agent):
    other = Agent()
    agent.board.count("reconciler_heal_total", app="shop")
    assert not of(scraped(other), "reconciler_heal_total")


def test_an_agent_that_has_just_begun_has_metrics(agent):
    agent.board.drop("staging")
    agent.board.drop("production")
    agent.board.beat(Pulse())
    assert "reconciler_loop_beat_age_seconds" not in {name for name, _ in scraped(agent)}


def test_names_with_quotes_and_newlines_stay_within_their_label(agent):
    agent.board.count("reconciler_drift_detected_total", field='a"b\nc\\')
    assert scraped(agent)["reconciler_drift_detected_total", (("field", 'a"b\nc\\'),)] == 1
