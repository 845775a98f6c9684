"""Each benchmark at its smallest: what it writes, not how fast it is."""
import json

from ..conftest import run_tool


def test_the_steps_figures_are_written(tmp_path):
    done = run_tool('tools/benchmark.py', 'step', '--base-channels', '2',
                    '--frames', '4', '--pixels', '16', '--batch', '4',
                    '--repeats', '2', '--out', str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    with open(tmp_path / 'step.json') as file:
        written = json.load(file)
    assert written['settings']['bank_size'] == 32768
    assert len(written['ratios']) == 4
    for item in written['ratios']:
        assert item['value'] > 0 and item['bar']
    assert len(written['seconds']) == 5
    for seconds in written['seconds'].values():
        assert len(seconds) == 2 and min(seconds) > 0


def test_a_batch_that_cannot_be_normalised_is_refused(tmp_path):
    done = run_tool('tools/benchmark.py', 'step', '--batch', '1', '--out',
                    str(tmp_path))
    assert done.returncode != 0 and '--batch' in done.stderr
    assert 'Traceback' not in done.stderr


def test_the_colors_figures_are_written(tmp_path):
    done = run_tool('tools/benchmark.py', 'colors', '--batch', '2',
                    '--frames', '2', '--pixels', '16', '--repeats', '1',
                    '--out', str(tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    with open(tmp_path / 'colors.json') as file:
        found = json.load(file)
    assert list(found['seconds']) == ['hue', 'chroma rotation', 'neither']
    # A turn in YIQ leaves the luma, a shift in HSV does not.
    moved = found['settings']['luma_moved_on_noise']
    assert moved['hue'] > 5 * moved['chroma rotation'] > 0
    done = run_tool('tools/benchmark.py', 'colors', '--batch', '0', '--out',
                    str(tmp_path / 'none'))
    assert done.returncode == 1 and 'error: colors needs' in done.stderr
    assert not (tmp_path / 'none').exists()
