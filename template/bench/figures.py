"""How much is measured: `full`, or `small` to see that it works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """The numbers of a run."""

    rounds: int  # in each of which every rival has its turn
    seconds: int  # of load on a server in a round
    connections: int  # that send requests without a pause
    asks: int  # for a page in a round
    rows: int  # of the large tables
    requests: int  # before memory is measured again
    starts: int  # of each container
    rebuilds: int
    megabytes: tuple[int, int]  # of the images that are promoted


FIGURES = {
    "full": Figures(
        rounds=5,
        seconds=2,
        connections=16,
        asks=8,
        rows=1_000_000,
        requests=20_000,
        starts=7,
        rebuilds=3,
        megabytes=(50, 2000),
    ),
    "small": Figures(
        rounds=1,
        seconds=1,
        connections=4,
        asks=2,
        rows=1000,
        requests=100,
        starts=1,
        rebuilds=1,
        megabytes=(1, 2),
    ),
}
