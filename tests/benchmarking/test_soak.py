"""Watching the memory and the open files of processes."""
import subprocess
import sys

import pytest

from ascnet_mm.benchmarking.soak import children, summary, usage


def test_growth_is_the_slope_after_the_first_tenth():
    samples = [(i / 2, 500 if i < 10 else 100 + 3 * i / 2, 7 + (i == 50))
               for i in range(100)]
    found = summary(samples)
    assert found['mb_per_hour'] == pytest.approx(60 * 3)
    assert found['mb_first'] == 115 and found['mb_last'] == 248.5
    assert (found['files_first'], found['files_last'],
            found['files_most']) == (7, 7, 8)


def test_a_process_is_seen_with_its_children():
    parent = subprocess.Popen([
        sys.executable, '-c',
        'import os, sys, subprocess\n'
        'files = [open(os.devnull) for _ in range(30)]\n'
        'blob = b"x" * 50_000_000\n'
        'child = subprocess.Popen(["sleep", "60"])\n'
        'print(child.pid, flush=True)\nsys.stdin.read()'
    ], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        child = int(parent.stdout.readline())
        assert children(parent.pid) == [child]
        memory, files = usage(parent.pid)
        assert 50 < memory < 120 and 30 < files < 45
    finally:
        subprocess.run(['kill', '-9', str(child), str(parent.pid)])
        parent.wait()
