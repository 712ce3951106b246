"""Figures of the process for whoever watches it: counted as it happens, written for Prometheus when asked.

Counting is a dictionary's work and belongs to the event loop's thread; the Prometheus client is imported by
the first who asks, so that a bot that nobody watches pays nothing. Labels are words of the house, never
anything that a member said or is called.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the buckets of every time that is measured."""
RULES = 100
"""Names of rules that are told apart; the rest counts as `other`, lest a mistake flood whoever watches."""


class Times:
    """How long something took, in seconds, by buckets that do not overlap; the last one is endless."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one; a clock that was set back counts as no time."""
        seconds = max(0.0, seconds)
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by upper bound, as Prometheus has them."""
        found, sum_ = [], 0
        for bound, count in zip((*map(str, SECONDS), "+Inf"), self.counts, strict=True):
            sum_ += count
            found.append((bound, float(sum_)))
        return found


class Meter:
    """What has happened since the process began."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.heard_at: dict[str, float] = {}
        """When each platform's last event came, on the monotonic clock."""
        self.turns: Counter[tuple[str, str, str, str]] = Counter()
        self.sends: Counter[tuple[str, str]] = Counter()
        self.reloads: Counter[str] = Counter()
        self.reload_ok = True
        self.published_at = 0.0
        self.turn_seconds: dict[str, Times] = {}
        self.send_seconds: dict[str, Times] = {}
        self.understand_seconds = Times()
        self._rules: set[str] = {""}

    def heard(self, platform: str, count: int) -> None:
        """Events of a platform were committed."""
        self.received[platform] += count
        self.heard_at[platform] = monotonic()

    def understood(self, seconds: float) -> None:
        """A message was read."""
        self.understand_seconds.add(seconds)

    def turned(
        self,
        platform: str,
        place: str,
        outcome: str,
        rule: str,
        seconds: float,
        *,
        count: int = 1,
        joined: int = 0,
    ) -> None:
        """A turn was committed, `seconds` after the last of its messages was.

        Its outcome is that of `count` messages, and `joined` further ones were joined to it.
        """
        if rule not in self._rules:
            if len(self._rules) < RULES:
                self._rules.add(rule)
            else:
                rule = "other"
        self.turns[platform, place, outcome, rule] += count
        if joined:
            self.turns[platform, place, "joined", ""] += joined
        times = self.turn_seconds.get(platform)
        if times is None:
            times = self.turn_seconds[platform] = Times()
        times.add(seconds)

    def sent(self, platform: str, result: str, seconds: float | None = None) -> None:
        """A try to send came to an end; `seconds` since it was put into the outbox, where it arrived."""
        self.sends[platform, result] += 1
        if seconds is not None:
            times = self.send_seconds.get(platform)
            if times is None:
                times = self.send_seconds[platform] = Times()
            times.add(seconds)

    def reloaded(self, result: str, now: float) -> None:
        """Changed files were published, rejected, or failed to be learned; `now` in Unix seconds."""
        self.reloads[result] += 1
        self.reload_ok = result == "published"
        if self.reload_ok:
            self.published_at = now


@dataclass(frozen=True, slots=True)
class Link:
    """How one channel stands: `condition` and how long, `trouble` in one word, 429s so far.

    `heard_ago` is how many seconds ago its last event came, None when none came since the start.
    """

    platform: str
    condition: str
    seconds: float
    failures: int = 0
    limited: int = 0
    heard_ago: float | None = None


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits in the database; ages in seconds, 0 when nothing waits."""

    outbox: Mapping[str, int]
    oldest_unsent: float
    waiting: int
    oldest_waiting: float
    unanswered: int
    """Members' messages without an outcome for longer than any turn takes: zero, or something is broken."""
    cases: Mapping[str, int]
    oldest_case: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is so at the moment; `queues` None when the database does not answer. Sizes in bytes."""

    version: str
    schema: str
    knowledge: str
    entries: int
    queues: Queues | None
    links: Sequence[Link] = ()
    conditions: Sequence[str] = ()
    disk_free: int | None = None
    disk_size: int | None = None
    database: int | None = None
    further: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """Gauges of other rooms, without labels: name to help and value."""


def render(meter: Meter, now: Snapshot) -> tuple[bytes, str]:
    """All figures in Prometheus's text format, and its media type.

    https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Families(meter, now))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Families:
    """The house's figures in the shape that the client writes."""

    def __init__(self, meter: Meter, now: Snapshot) -> None:
        self._meter, self._now = meter, now

    def collect(self) -> Iterator[Metric]:
        yield from self._happened()
        yield from self._queued()
        yield from self._stands()

    def _happened(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        meter = self._meter
        received = CounterMetricFamily(
            "vocero_events_received", "Events of a platform that were committed.", labels=["platform"]
        )
        for platform, count in meter.received.items():
            received.add_metric([platform], count)
        yield received
        turns = CounterMetricFamily(
            "vocero_messages",
            "Messages of members by what became of them.",
            labels=["platform", "place", "outcome", "rule"],
        )
        for key, count in meter.turns.items():
            turns.add_metric(list(key), count)
        yield turns
        sends = CounterMetricFamily(
            "vocero_sends", "Tries to send by how they ended.", labels=["platform", "result"]
        )
        for pair, count in meter.sends.items():
            sends.add_metric(list(pair), count)
        yield sends
        reloads = CounterMetricFamily(
            "vocero_knowledge_reloads", "Changes of the brand's files by result.", labels=["result"]
        )
        for result, count in meter.reloads.items():
            reloads.add_metric([result], count)
        yield reloads
        limited = CounterMetricFamily(
            "vocero_rate_limited", "Requests that a platform refused as too many (429).", labels=["platform"]
        )
        for link in self._now.links:
            limited.add_metric([link.platform], link.limited)
        yield limited
        for name, help_, found in (
            ("vocero_turn_seconds", "From a message's commit to its turn's.", meter.turn_seconds),
            ("vocero_send_seconds", "From a send's commit to its arrival.", meter.send_seconds),
        ):
            family = HistogramMetricFamily(name, help_, labels=["platform"])
            for platform, times in found.items():
                family.add_metric([platform], times.buckets(), times.total)
            yield family
        family = HistogramMetricFamily("vocero_understand_seconds", "Reading a message.")
        family.add_metric([], meter.understand_seconds.buckets(), meter.understand_seconds.total)
        yield family

    def _queued(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        queues = self._now.queues
        yield _gauge("vocero_database_up", "Whether the database answers.", queues is not None)
        if queues is None:
            return
        outbox = GaugeMetricFamily("vocero_outbox", "Sends that are not final.", labels=["state"])
        for state in ("pending", "sending", "held"):
            outbox.add_metric([state], queues.outbox.get(state, 0))
        yield outbox
        yield _gauge(
            "vocero_outbox_oldest_seconds", "Age of the oldest unsent message.", queues.oldest_unsent
        )
        yield _gauge("vocero_messages_waiting", "Members' messages without an outcome.", queues.waiting)
        yield _gauge(
            "vocero_messages_waiting_oldest_seconds", "Age of the oldest of them.", queues.oldest_waiting
        )
        yield _gauge(
            "vocero_messages_unanswered",
            "Those without an outcome for longer than any turn takes: zero unless something is broken.",
            queues.unanswered,
        )
        cases = GaugeMetricFamily("vocero_cases", "Cases that are not closed.", labels=["state"])
        for state, count in queues.cases.items():
            cases.add_metric([state], count)
        yield cases
        yield _gauge("vocero_cases_oldest_seconds", "Age of the oldest open case.", queues.oldest_case)

    def _stands(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        now, meter = self._now, self._meter
        build = {"version": now.version, "schema": now.schema}
        yield InfoMetricFamily("vocero_build", "What is running.", value=build)
        yield InfoMetricFamily("vocero_knowledge", "The version in force.", value={"version": now.knowledge})
        yield _gauge("vocero_knowledge_entries", "Entries in force.", now.entries)
        yield _gauge(
            "vocero_knowledge_reload_success", "Whether the last change was published.", meter.reload_ok
        )
        if meter.published_at:
            yield _gauge(
                "vocero_knowledge_published_timestamp_seconds", "When that version came.", meter.published_at
            )
        up = GaugeMetricFamily("vocero_channel_up", "Whether events come in.", labels=["platform"])
        state = GaugeMetricFamily(
            "vocero_channel_state", "1 for the condition that it is in.", labels=["platform", "state"]
        )
        since = GaugeMetricFamily(
            "vocero_channel_state_seconds", "How long it has been in it.", labels=["platform"]
        )
        failures = GaugeMetricFamily("vocero_channel_failures", "Failures in a row.", labels=["platform"])
        heard = GaugeMetricFamily(
            "vocero_channel_last_event_seconds", "Seconds since its last event.", labels=["platform"]
        )
        for link in now.links:
            up.add_metric([link.platform], link.condition == "up")
            for condition in now.conditions:
                state.add_metric([link.platform, condition], link.condition == condition)
            since.add_metric([link.platform], link.seconds)
            failures.add_metric([link.platform], link.failures)
            if link.heard_ago is not None:
                heard.add_metric([link.platform], link.heard_ago)
        yield from (up, state, since, failures, heard)
        sizes = (
            ("vocero_disk_free_bytes", "Free space where the data folder is.", now.disk_free),
            ("vocero_disk_size_bytes", "Size of that disk.", now.disk_size),
            ("vocero_database_bytes", "Size of the database.", now.database),
        )
        yield from (_gauge(name, help_, size) for name, help_, size in sizes if size is not None)
        yield from (_gauge(name, help_, value) for name, (help_, value) in now.further.items())


def _gauge(name: str, help_: str, value: float) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, help_, value=float(value))
