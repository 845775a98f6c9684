"""No script runs code that a checkpoint brings."""
import pytest
import torch

from ..conftest import run_tool
from .test_cli import TINY, refused


class Attack:

    def __init__(self, target) -> None:
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), 'w')


@pytest.mark.parametrize('script, config, arguments', [
    ('train', 'r18_folder', ['--resume', 'FILE']),
    ('train', 'r18_folder', ['--resume']),
    ('train', 'finetune/r18_ucf101', ['--pretrained', 'FILE']),
    ('test', 'retrieval/r18_ucf101', ['FILE']),
    ('export', 'r18_k400', ['FILE', 'WORK/out.pth']),
    ('extract_features', 'retrieval/r18_ucf101',
     ['FILE', 'VIDEOS', 'WORK/out.npz']),
])
def test_a_checkpoint_with_code_is_refused(
        script, config, arguments, videos, tmp_path):
    target, path = tmp_path / 'executed', tmp_path / 'bad.pth'
    torch.save(dict(state_dict={'w': torch.ones(2)}, x=Attack(target)), path)
    (tmp_path / 'last_checkpoint').write_text(str(path))
    places = dict(FILE=path, WORK=tmp_path, VIDEOS=f'{videos}/videos')
    for name, value in places.items():
        arguments = [a.replace(name, str(value)) for a in arguments]
    work_dir = [] if script == 'export' else ['--work-dir', str(tmp_path)]
    options = []
    if config == 'r18_folder':
        options = ['--cfg-options', f'data_root={videos}/videos', *TINY]
    elif script == 'test':
        lists = 'test_dataloader.dataset.ann_file'
        options = ['--cfg-options', f'data_root={videos}', *TINY[:1],
                   f'{lists}.gallery=train.txt', f'{lists}.query=test.txt']
    refused(
        run_tool(f'tools/{script}.py', f'configs/ascnet/{config}.py',
                 *arguments, *work_dir, *options),
        str(path), 'more than tensors, numbers and log buffers')
    assert not target.exists()
    torch.load(path, weights_only=False)  # it would have worked
    assert target.exists()
