"""tools/compare.py from videos to the page."""
import json
import os
import os.path as osp

import pytest
import torch
from mmengine.config import Config

from ..conftest import ROOT, run_tool
from ..helpers.processes import run_script


@pytest.fixture(scope='module')
def experiment(tmp_path_factory):
    """Two configs, one of which diverges, and two seeds."""
    cfg = Config.fromfile(osp.join(ROOT, 'tests', 'helpers', 'experiment.py'))
    cfg.methods = [cfg.methods[0], cfg.methods[2]]
    path = tmp_path_factory.mktemp('experiment') / 'tiny.py'
    cfg.dump(str(path))
    return path


def compare(experiment, videos, *options):
    folder = str(experiment.parent)
    return run_script([
        osp.join(ROOT, 'tools', 'compare.py'), 'run', str(experiment), videos,
        '--work-dir', folder, '--out', folder, '--workers', '0', *options
    ], timeout=1200)


def test_an_experiment_from_videos_to_the_page(videos, experiment):
    folder = experiment.parent
    done = compare(experiment, videos)
    assert done.returncode == 1, done.stderr[-2000:]
    assert '6 of 18 jobs broke' in done.stderr
    assert 'Traceback' not in done.stderr
    found = json.loads((folder / 'compare_tiny.json').read_text())
    untrained, trained, diverged = found['methods']
    for run in (*untrained['runs'], *trained['runs']):
        assert not run['broken']
        assert 0 <= run['figures']['vcop/retrieval/top1'] <= 100
        assert run['figures']['gauges/speed_probe/chance'] == 50
    for run in diverged['runs']:
        assert set(run['broken']) == {'pretrain', 'vcop', 'gauges'}
        assert not run['figures']
    assert trained['runs'][0]['training']['epoch'] == 2
    assert found['command'] and found['machine'] and found['versions']

    done = run_tool('tools/compare.py', 'report', '--figures', str(folder),
                    '--out', str(folder))
    assert done.returncode == 0, done.stderr[-2000:]
    assert '| ASCNet | 2 of 2 |' in (
        folder / 'results.md').read_text()
    assert (folder / 'compare_tiny.png').read_bytes()[:4] == b'\x89PNG'

    # As if it had been stopped after the first epoch
    path = folder / trained['runs'][0]['run']
    whole = torch.load(path / 'epoch_2.pth', weights_only=False)
    os.remove(path / 'epoch_2.pth')
    os.remove(f'{path}.json')
    (path / 'last_checkpoint').write_text(str(path / 'epoch_1.pth'))
    done = compare(experiment, videos)
    printed = done.stdout
    assert '11 of 18 jobs were done before' in printed
    assert 'ASCNet, seed 0: pretrain: done after it was resumed' in printed
    resumed = torch.load(path / 'epoch_2.pth', weights_only=False)
    log = path.parent / f'{path.name}.log'
    assert 'resumed epoch: 1' in log.read_text()
    for key, value in whole['state_dict'].items():
        assert torch.equal(resumed['state_dict'][key], value), key

    # Elsewhere, with the file alone: what broke is all that is run.
    elsewhere = folder / 'elsewhere'
    done = compare(experiment, videos, '--work-dir', str(elsewhere),
                   '--out', str(elsewhere),
                   '--reuse', str(folder / 'compare_tiny.json'))
    assert '12 of 18 jobs were done before' in done.stdout
    assert '6 of 18 jobs broke' in done.stderr
    before, after = (
        json.loads((path / 'compare_tiny.json').read_text())['methods'][:2]
        for path in (folder, elsewhere))
    assert before == after
