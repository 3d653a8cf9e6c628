"""The embedded broker, through Kombu, on real folders and between real processes."""

import multiprocessing
from pathlib import Path

import pytest
from kombu import Connection

from msp_portal import broker

COUNT = 1000


def connection(folder: Path) -> Connection:
    broker.register()
    options = {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.001,
    }
    return Connection("embedded://localhost/", transport_options=options)


def write(folder: Path, writer: int) -> None:
    with connection(folder) as writing:
        queue = writing.SimpleQueue("bell")
        for number in range(COUNT):
            queue.put([writer, number])
        queue.close()


def test_a_reader_never_meets_half_a_message_nor_half_a_table(tmp_path: Path) -> None:
    """Two writers and a reader begin at once; with Kombu's own transport the reader dies."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write, args=(tmp_path, number)) for number in range(2)]
    for writer in writers:
        writer.start()
    got = []
    with connection(tmp_path) as reading:
        queue = reading.SimpleQueue("bell")
        while len(got) < 2 * COUNT:
            message = queue.get(timeout=30)
            got.append(tuple(message.payload))
            message.ack()
        queue.close()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert sorted(got) == [(writer, number) for writer in range(2) for number in range(COUNT)]


# A name of its own: Kombu remembers declared queues for the whole process, whatever the folder.
def test_what_a_killed_writer_left_aside_is_no_message(tmp_path: Path) -> None:
    (tmp_path / "1_0.chime.msg.partial").write_bytes(b"")
    with connection(tmp_path) as both:
        queue = both.SimpleQueue("chime")
        queue.put("whole")
        assert queue.get(timeout=5).payload == "whole"
        with pytest.raises(queue.Empty):
            queue.get(timeout=0.1)
        queue.close()
