"""Steps of all encoders, methods and configs on the pretend GPU."""
import pytest

from ..configs.test_configs import CONFIGS
from ..gpu_free.processes import GIBI, evaluate, train

# Bounds of launches and of GiB
ENCODERS = {
    'c3d_k400.py': (750, 12),
    'r34_k400.py': (1200, 8),
    'r2plus1d_k400.py': (750, 8),
    's3dg_k400.py': (2050, 12),
}
BASELINES = {
    'baselines/r18_ucf101_buechler.py': 650,
    'baselines/r18_ucf101_cbt.py': 600,
    'baselines/r18_ucf101_clip_order.py': 400,
    'baselines/r18_ucf101_coclr.py': 750,
    'baselines/r18_ucf101_infonce.py': 600,
    'baselines/r18_ucf101_memdpc.py': 1300,
    'baselines/r18_ucf101_opn.py': 420,
    'baselines/r18_ucf101_pace.py': 300,
    'baselines/r18_ucf101_pace_contrast.py': 400,
    'baselines/r18_ucf101_random_positive.py': 750,
    'baselines/r18_ucf101_rspnet.py': 750,
    'baselines/r18_ucf101_speednet.py': 400,
    'baselines/r18_ucf101_symmetric.py': 1350,
    'baselines/r18_ucf101_vcp.py': 400,
}
SEVERAL = ['r18_k400.py', *ENCODERS, 'baselines/r18_ucf101_rspnet.py',
           'baselines/r18_ucf101_memdpc.py']


def options(config, videos, batch_size):
    """What a config is to be told, beside its videos."""
    told = dict(batch_size=batch_size)
    if config.startswith('baselines/r18_ucf101_coclr'):
        # Videos take the place of their flow.
        told.update(data_root=videos, paired_root=videos)
    return told


@pytest.mark.parametrize('config', ENCODERS)
def test_an_encoder_at_full_size(config, videos, tmp_path):
    launches, gibi = ENCODERS[config]
    step = train({config: {}}, videos, str(tmp_path))[config]
    assert step['waits'] == []
    assert 100 < step['launches'] < launches
    assert GIBI < step['peak'] < gibi * GIBI


@pytest.mark.parametrize('config', BASELINES)
def test_a_baseline(config, videos, tmp_path):
    step = train({config: options(config, videos, 8)}, videos,
                 str(tmp_path))[config]
    assert step['waits'] == []
    assert 100 < step['launches'] < BASELINES[config]


@pytest.mark.parametrize('config', SEVERAL)
def test_a_rank_of_eight(config, videos, tmp_path):
    """With SyncBN, sums of gradients and the bank of all ranks."""
    step = train({config: dict(batch_size=2)}, videos, str(tmp_path),
                 ranks=8)[config]
    assert step['waits'] == []


OTHERS = sorted(
    name for name in CONFIGS
    if name not in {'r18_k400.py', *ENCODERS, *BASELINES}
    and not name.startswith('retrieval') and not name.endswith('_features.py'))


@pytest.mark.parametrize('config', OTHERS)
def test_every_other_config_that_trains(config, videos, tmp_path):
    """No devices are mixed. After pre-training, MMAction2's classifier reads
    its accuracy in each step.
    """
    step = train({config: options(config, videos, 2)}, videos,
                 str(tmp_path))[config]
    # A linear classifier has a forward pass alone.
    assert step['launches'] > 50
    if not config.startswith(('finetune', 'linear', 'supervised')):
        assert step['waits'] == []


EVALUATIONS = [name for name in CONFIGS if name.startswith('retrieval')
               or name.endswith('_features.py')]


@pytest.mark.parametrize('encoder', ['c3d', 'r18', 'r2plus1d', 'r34', 's3dg'])
def test_every_config_that_evaluates(encoder, videos, tmp_path):
    """No devices are mixed; a batch waits for the features of its videos."""
    # CoCLR's protocol has no number of clips.
    configs = {
        name: {} if 'coclr' in name else dict(num_clips=2)
        for name in EVALUATIONS if f'/{encoder}_' in name
    }
    assert len(configs) == 6
    for config, found in evaluate(configs, videos, str(tmp_path)).items():
        assert set(found['figures'].values()) == {2}, config
        [batch] = found['batches']
        assert batch['launches'] > 29  # layers of C3D
        assert len(batch['waits']) == 2
        assert all('evaluation/video_features.py' in wait
                   for wait in batch['waits'])
