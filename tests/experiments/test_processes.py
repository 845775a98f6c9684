import os
import threading
import time

import pytest

from ascnet_mm.experiments.processes import Processes, Stopped


def test_processes_are_ended_together(tmp_path):
    processes, ended = Processes(at_once=2), []
    log = str(tmp_path / 'log')

    def run():
        with pytest.raises(Stopped):
            processes.call(['-c', 'import time; time.sleep(600)'], log)
        ended.append(True)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(processes._running) < 2:
        time.sleep(0.01)
    processes.end()
    for thread in threads:
        thread.join(timeout=60)
    assert ended == [True, True]
    with pytest.raises(Stopped):
        processes.call(['-c', ''], log)


def test_processes_share_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: set(range(12)))
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    script = ['-c', 'import os; print(os.environ["OMP_NUM_THREADS"])']
    log = tmp_path / 'log'
    assert Processes(at_once=5).call(script, str(log)) == 0
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    assert Processes(at_once=5).call(script, str(log)) == 0
    assert log.read_text().split() == ['2', '7']
