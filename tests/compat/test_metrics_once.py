import os
from logging import getLogger
from types import SimpleNamespace

import pytest
from mmengine.dist import utils as dist_utils
from mmengine.hooks import LoggerHook


@pytest.mark.parametrize('rank, files', [(0, ['metrics.json']), (1, [])])
def test_the_first_rank_alone_writes_the_metrics(rank, files, tmp_path,
                                                 monkeypatch):
    monkeypatch.setattr(dist_utils, 'get_rank', lambda group=None: rank)
    runner = SimpleNamespace(
        log_dir=str(tmp_path), test_dataloader=[], logger=getLogger(),
        log_processor=SimpleNamespace(
            get_log_after_epoch=lambda *args, **kwargs:
            ({'retrieval/top1': 50.}, '')))  # yapf: disable
    hook = LoggerHook()
    hook.json_log_path = 'metrics.json'
    hook.after_test_epoch(runner, {})
    assert os.listdir(tmp_path) == files
