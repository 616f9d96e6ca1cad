"""The measurements, a JSON line each, and the tables made from them."""

import json
import statistics

from . import QUICK, WORK
from .goals import GOALS

RESULTS = WORK / "results.jsonl"
# The metrics shown while each scenario runs: those of its table.
_columns = {}


def start():
    """Deletes the measurements of earlier runs."""
    RESULTS.unlink(missing_ok=True)


def about(scenario, title, text, columns=None, ratio=None, rows="subject", of="parley"):
    """Says what a scenario's table shows. Without it the table has every metric.

    columns: headings by metric. ratio: the metric by which the subjects are compared with the subject `of`.
    rows: what the subjects are.
    """
    _columns[scenario] = columns
    _append({"about": scenario, "title": title, "text": text, "columns": columns, "ratio": ratio, "rows": rows, "of": of})
    print(f"\n{title}", flush=True)


def record(scenario, subject, **metrics):
    """Records one measurement of one subject (parley, or a peer's name) and shows it.

    A metric's name ends in its unit: `_us`, `_ms`, `_s`, `_kb`, `_per_s`. The same scenario and subject may be recorded
    once a round: the report gives the median and the spread.
    """
    _append({"scenario": scenario, "subject": subject, **metrics})
    shown = ", ".join(f"{name} {_number(metrics[name])}" for name in _columns.get(scenario) or metrics if name in metrics)
    print(f"  {scenario}, {subject}: {shown}", flush=True)


def failed(name, why):
    """Records that a scenario failed."""
    _append({"failed": name, "why": why})
    print(f"  {name} FAILED: {why}", flush=True)


def _append(line):
    WORK.mkdir(parents=True, exist_ok=True)
    with open(RESULTS, "a") as results:
        results.write(json.dumps(line) + "\n")


class Results:
    """The measurements, read from the JSON lines."""

    def __init__(self):
        lines = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
        self.about = {line["about"]: line for line in lines if "about" in line}
        self.failures = [line for line in lines if "failed" in line]
        # Values of every round, by scenario, subject and metric, in the order of recording.
        self.values = {}
        for line in lines:
            if "scenario" in line:
                metrics = self.values.setdefault(line["scenario"], {}).setdefault(line["subject"], {})
                for metric, value in line.items():
                    if metric not in ("scenario", "subject"):
                        metrics.setdefault(metric, []).append(value)

    def median(self, scenario, subject, metric):
        """The median of the rounds, or None if the metric was not measured."""
        values = self.values.get(scenario, {}).get(subject, {}).get(metric)
        return statistics.median(values) if values else None

    def markdown(self):
        parts = ["## Goals"] + (["**Made small: the figures mean nothing.**"] if QUICK else []) + [self._goals()]
        parts += [f"**{failure['failed']} failed**: {failure['why']}" for failure in self.failures]
        for scenario in self.values:
            parts += self._scenario(scenario)
        return "\n\n".join(parts) + "\n"

    def _goals(self):
        rows = []
        for goal in GOALS:
            value = self.median(goal.scenario, goal.subject, goal.metric)
            if value is not None and goal.of:
                peer = self.median(goal.scenario, goal.of, goal.metric)
                value = value / peer if peer else None
            if value is None:
                continue
            bound = f"≤ {_number(goal.most)}" if goal.most is not None else f"≥ {_number(goal.least)}"
            missed = "**missed**" + (f": {goal.because}" if goal.because else "")
            rows.append([goal.what, bound, _number(value), "met" if goal.is_met(value) else missed])
        return _table(["", "goal", "measured", ""], rows)

    def _scenario(self, scenario):
        subjects = self.values[scenario]
        about = self.about.get(scenario, {"title": scenario, "text": "", "columns": None, "ratio": None, "rows": "subject"})
        columns = about["columns"] or {metric: metric for metrics in subjects.values() for metric in metrics}
        ratio, of = about["ratio"], about.get("of", "parley")
        own = self.median(scenario, of, ratio) if ratio else None
        rows = []
        for subject, metrics in subjects.items():
            row = [subject] + [_spread(metrics.get(metric)) for metric in columns]
            if own:
                value = self.median(scenario, subject, ratio)
                row.append("" if value is None or subject == of else f"{_number(value / own)} ×")
            rows.append(row)
        heading = [about["rows"], *columns.values()] + ([f"{columns[ratio]}, to {of}'s"] if own else [])
        noise = max((max(metrics.get("others_load", [0])) for metrics in subjects.values()), default=0)
        text = about["text"] + (f" **Noisy**: other programs kept {noise:.1f} processors busy." if noise > 0.3 else "")
        return [f"## {about['title']}"] + ([text] if text else []) + [_table(heading, rows)]


def _spread(values):
    if not values:
        return ""
    low, high = min(values), max(values)
    middle = _number(statistics.median(values))
    return middle if low == high else f"{middle} ({_number(low)}–{_number(high)})"


def _number(value):
    if not isinstance(value, (int, float)):
        return str(value)
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _table(heading, rows):
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
