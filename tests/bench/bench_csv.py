"""How long a CSV file of 100,000 people takes, and what it holds in memory.

Run: python -m tests.bench.bench_csv [people]
"""

import io
import sys
import time
import tracemalloc

from msp_portal.demo.generator import people_csv
from provisioning.sources.csv_file import read_csv


def main(people: int) -> None:
    """Print seconds for both passes, and the peak of memory beside the file itself."""
    data = people_csv(people, seed=1)
    start = time.perf_counter()
    reading = read_csv(io.BytesIO(data), "employee_id")
    validated = time.perf_counter()
    read = sum(1 for _ in reading.records())
    done = time.perf_counter()
    peak = _peak(data)
    sys.stdout.write(
        f"{read:,} people, {len(data) / 1e6:.1f} MB: validated in {validated - start:.2f} s, "
        f"records in {done - validated:.2f} s, peak {peak / 1e6:.1f} MB beside the file\n"
    )


def _peak(data: bytes) -> int:
    stream = io.BytesIO(data)
    tracemalloc.start()
    for _ in read_csv(stream, "employee_id").records():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
