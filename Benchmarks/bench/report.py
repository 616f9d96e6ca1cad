"""The measurements, a JSON line each, and the tables made from them."""

import json
import statistics

from . import MOST_ROUNDS, QUICK, ROUNDS, WORK
from .goals import GOALS

RESULTS = WORK / "results.jsonl"
# By how much the rounds' ratios to a peer may differ: the middle half of them, as a part of their median. Where they differ
# more, the machine was too busy with other things to tell.
STEADY = 0.1
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


def rounds(scenario):
    """Counts the rounds in which the subjects of a scenario alternate: ROUNDS, and more while their ratios are not steady."""
    for number in range(MOST_ROUNDS):
        if number >= ROUNDS and Results().is_steady(scenario):
            return
        yield number


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

    def ratio(self, scenario, subject, of, metric):
        """How a subject compares with another, each round by itself."""
        metrics = self.values.get(scenario, {})
        pairs = zip(*(metrics.get(name, {}).get(metric, []) for name in (subject, of)))
        return Ratio([value / other for value, other in pairs if other])

    def ratios(self, scenario):
        """By subject, to that one which the scenario compares with. Empty if it compares nothing."""
        about = self.about.get(scenario, {})
        of, metric = about.get("of"), about.get("ratio")
        ratios = {subject: self.ratio(scenario, subject, of, metric) for subject in self.values.get(scenario, {})
                  if metric and subject != of}
        return {subject: ratio for subject, ratio in ratios.items() if ratio.values}

    def is_steady(self, scenario):
        return all(ratio.is_steady for ratio in self.ratios(scenario).values())

    def markdown(self):
        parts = ["## Goals"] + (["**Made small: the figures mean nothing.**"] if QUICK else []) + [self._goals()]
        parts += [f"**{failure['failed']} failed**: {failure['why']}" for failure in self.failures]
        for scenario in self.values:
            parts += self._scenario(scenario)
        return "\n\n".join(parts) + "\n"

    def _goals(self):
        rows = []
        for goal in GOALS:
            ratio = self.ratio(goal.scenario, goal.subject, goal.of, goal.metric) if goal.of else None
            value = ratio.median if ratio else self.median(goal.scenario, goal.subject, goal.metric)
            if value is None:
                continue
            bound = f"≤ {_number(goal.most)}" if goal.most is not None else f"≥ {_number(goal.least)}"
            missed = "**missed**" + (f": {goal.because}" if goal.because else "")
            verdict = "met" if goal.is_met(value) else missed
            # Rounds that differ may still agree on this.
            is_clear = not ratio or ratio.is_steady or len({goal.is_met(each) for each in ratio.values}) == 1
            rows.append([goal.what, bound, _number(value), verdict if is_clear else ratio.doubt])
        return _table(["", "goal", "measured", ""], rows)

    def _scenario(self, scenario):
        subjects = self.values[scenario]
        about = self.about.get(scenario, {"title": scenario, "text": "", "columns": None, "rows": "subject"})
        columns = about["columns"] or {metric: metric for metrics in subjects.values() for metric in metrics}
        ratios = self.ratios(scenario)
        rows = []
        for subject, metrics in subjects.items():
            compared = [ratios[subject].text if subject in ratios else ""] if ratios else []
            rows.append([subject, *compared, *(_spread(metrics.get(metric)) for metric in columns)])
        compared = [f"{columns[about['ratio']]}, to {about['of']}'s"] if ratios else []
        heading = [about["rows"], *compared, *columns.values()]
        noise = max((max(metrics.get("others_load", [0])) for metrics in subjects.values()), default=0)
        text = about["text"] + (f" **Noisy**: other programs kept {noise:.1f} processors busy." if noise > 0.3 else "")
        return [f"## {about['title']}"] + ([text] if text else []) + [_table(heading, rows)]


class Ratio:
    """One ratio of each round. Two subjects that alternate meet the same machine, so it holds where their figures do not."""

    def __init__(self, values):
        self.values = values

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def spread(self):
        """How far apart the middle half is, or all of them where they are few, as a part of the median."""
        if len(self.values) < 4:
            low, high = min(self.values), max(self.values)
        else:
            low, _, high = statistics.quantiles(self.values, method="inclusive")
        return (high - low) / abs(self.median) if self.median else 0

    @property
    def is_steady(self):
        return not self.values or self.spread <= STEADY

    @property
    def doubt(self):
        return f"**not measured**: the ratio of {len(self.values)} rounds spread by {self.spread:.0%}"

    @property
    def text(self):
        return f"{_number(self.median)} ×" + ("" if self.is_steady else f", {self.doubt}")


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
