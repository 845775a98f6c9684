"""Training that collapses is stopped, training that does not is not."""
import os.path as osp

import numpy as np
import pytest
from benchmarking.collapse import CASES, train
from mmengine.logging import MessageHub
from mmengine.runner.checkpoint import _load_checkpoint

LIMIT, PATIENCE = 0.5, 200


def spreads():
    """Smaller of the two spreads in each epoch of the latest run."""
    hub = MessageHub.get_current_instance().log_scalars
    steps = np.stack([
        hub[f'train/{task}_spread'].data[0] for task in ('acp', 'scp')])
    return steps.reshape(2, -1, 10).mean(axis=2).min(axis=0)


@pytest.mark.parametrize('name', CASES)
def test_the_outcome(name, tmp_path):
    folder = str(tmp_path / name.replace(' ', '_'))
    outcome = train(folder, **CASES[name])
    low = spreads() < LIMIT
    if name == 'healthy':
        assert not low.any()
        assert outcome['stopped'] is None
        assert not any('stopped' in text for text in outcome['warnings'])
        return
    assert any('will be stopped' in text for text in outcome['warnings'])
    assert outcome['end'] >= outcome['onset'] + PATIENCE
    # What the log shows: collapsed since the onset, and not before.
    onset = outcome['onset']
    assert low[onset // 10] and not low[:onset // 10].any()
    if onset <= 10:  # the first checkpoint is from then
        assert outcome['checkpoint'] is None
        return
    # The checkpoint is there, and is the last from before the onset.
    assert outcome['good'] == onset - 10
    state = _load_checkpoint(osp.join(folder, outcome['checkpoint']))
    assert state['meta']['iter'] == outcome['good']
    assert state['training_health']['onsets'].keys() <= {'few_directions'}
