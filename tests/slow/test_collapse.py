"""Training that collapses is stopped, training that does not is not."""
import os.path as osp

import pytest
from mmengine.runner.checkpoint import _load_checkpoint

from ascnet_mm.benchmarking.collapse import CASES, train


@pytest.mark.parametrize('name', CASES)
def test_the_outcome(name, tmp_path):
    folder = str(tmp_path / name.replace(' ', '_'))
    outcome = train(folder, 0, **CASES[name])
    if name in ('healthy', 'momentum 0'):  # the predictor is enough
        assert outcome['lowest_spread'] > 0.3
        assert outcome['stopped'] is None
        assert not any('stopped' in text for text in outcome['warnings'])
        return
    assert outcome['lowest_spread'] < 0.3
    assert any('will be stopped' in text for text in outcome['warnings'])
    assert outcome['end'] == outcome['onset'] + 200
    if outcome['onset'] == 10:  # the first checkpoint is from then
        assert outcome['checkpoint'] is None
        return
    # The checkpoint is there, and is the last from before the onset.
    assert outcome['good'] == outcome['onset'] - 10
    state = _load_checkpoint(osp.join(folder, outcome['checkpoint']))
    assert state['meta']['iter'] == outcome['good']
    assert state['training_health']['onsets'].keys() <= {'few_directions'}
