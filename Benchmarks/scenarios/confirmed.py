"""A message to ten readers who all confirm it: what delivered and read marks add to its cost."""

from bench import ROUNDS, sized
from bench.load import measure
from bench.report import about
from bench.stack import Parley

READERS = 10
# Messages a second in all groups. Each makes 20 marks.
RATE = sized(100, 20)
# How many a second come in one group: a lively one, in which most marks meet an earlier one of the same second, and a calm
# one, in which fewer do.
PACES = {"confirmed": 10, "confirmed-calm": 2}


def run():
    for scenario, pace in PACES.items():
        measure_pace(scenario, groups=RATE // pace, pace=pace)


def measure_pace(scenario, groups, pace):
    about(
        scenario, f"A message to {READERS} readers, {pace} messages a second in each of {groups} groups",
        "With marks, each reader confirms each message as delivered and as read, at once. Clients that join marks take those "
        "of all readers in one event, the others one event for each. CPU time is that of everything, divided by the messages.",
        {"message_us": "CPU µs a message", "message_server_us": "server's", "message_database_us": "PostgreSQL's",
         "other_frames": "frames of marks", "delivery_p50_us": "delivery p50 µs"})
    with Parley() as parley:
        parley.seed_users(groups * (READERS + 1))
        members = [range(n * (READERS + 1), (n + 1) * (READERS + 1)) for n in range(groups)]
        seeded = parley.seed_groups(members)
        people = [(parley.person(i)[1], group) for group, each in zip(seeded, members) for i in each]
        options = {"database": parley.postgres_pid, "senders": groups, "window": 64, "rate": RATE, "nap": 200,
                   "duration": sized(10, 3)}
        for _ in range(ROUNDS):
            for subject, marks in (("no marks", {}), ("marks", {"confirm": 1, "joined_marks": 1}),
                                   ("marks, one event each", {"confirm": 1})):
                measure(scenario, parley, people, subject=subject, **options, **marks)
                parley.rest()
