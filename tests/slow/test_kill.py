"""Runs that are killed end like one that was not, bit for bit."""
from .kill import experiment


def test_killed_runs_end_like_one_left_alone():
    found = experiment(kills=9, seed=1)
    assert len(found['kills']) == 9
    assert any(kill['half_written'] for kill in found['kills'])
    for run in found['runs']:
        assert run['differences'] == [] and run['parts_left'] == 0
