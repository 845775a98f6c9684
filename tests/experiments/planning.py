"""The tiny experiment, planned."""
import os.path as osp

from mmengine.config import Config

from ascnet_mm.experiments.jobs import make_jobs
from ascnet_mm.experiments.plan import plan_evaluations, plan_methods
from ascnet_mm.experiments.source import find_videos, read_experiment

from ..conftest import ROOT

EXPERIMENT = osp.join(ROOT, 'tests', 'helpers', 'experiment.py')
FIGURES = dict(
    pretrain={'loss': 1., 'loss_acp': .5, 'epoch': 2.},
    vcop={'retrieval/top1': 50.},
    gauges={
        'same_video/top1': 25., 'same_video/chance': 6.25,
        'speed_probe/accuracy': 75., 'speed_probe/chance': 50.
    })  # yapf: disable
CUT_SHORT = {'loss': 1.}


def changed(tmp_path, **parts):
    """The experiment file with other parts."""
    cfg = Config.fromfile(EXPERIMENT)
    for key, value in parts.items():
        cfg[key] = value
    cfg.dump(str(tmp_path / 'experiment.py'))
    return str(tmp_path / 'experiment.py')


def planned(root, path=EXPERIMENT):
    """Experiment, videos, methods, evaluations."""
    experiment = read_experiment(path)
    videos = find_videos(experiment, root)
    return (experiment, videos, plan_methods(experiment, videos),
            plan_evaluations(experiment, videos, root))


def jobs_of(plan, work_dir, workers=0):
    experiment, videos, methods, evaluations = plan
    return make_jobs(methods, evaluations, experiment.seeds, videos,
                     str(work_dir), workers)


_encoder = {'model.backbone.base_channels': 2, 'clip_len': 4}
_heads = {
    f'model.{head}.{key}': value
    for head in ('acp_head', 'scp_head')
    for key, value in (('in_channels', 16), ('hidden_channels', 8))
}
LINES = dict(
    pretraining={
        **_encoder, 'scale': (24, 24),
        'batch_size': 8,
        'default_hooks.checkpoint.interval': 1
    },
    methods=[
        dict(
            name='ASCNet',
            config='configs/ascnet/r18_folder.py',
            options={
                **_heads, 'model.memory_bank.size': 32
            }),
        dict(
            name='supervised',
            config='configs/ascnet/finetune/r18_ucf101_scratch.py',
            labels='train.txt',
            options={
                'model.cls_head.num_classes': 8,
                'model.cls_head.in_channels': 16
            }),
        dict(
            name='wide, untrained',
            config='configs/ascnet/r18_folder.py',
            epochs=0,
            options=_heads,
            encoder={
                'model.backbone.base_channels': 4,
                'model.acp_head.in_channels': 32,
                'model.scp_head.in_channels': 32
            }),
    ])
_nce = {'model.nce_head.in_channels': 16, 'model.memory_bank.size': 8}
_infonce = 'configs/ascnet/baselines/r18_ucf101_infonce'
# Two first stages and a second one
STAGES = dict(
    pretraining=LINES['pretraining'],
    methods=[
        dict(name='rgb', config=f'{_infonce}.py', options=_nce),
        dict(
            name='flow',
            config=f'{_infonce}_flow.py',
            options=_nce,
            videos='flow',
            judged=False),
        dict(
            name='both',
            config='configs/ascnet/baselines/r18_ucf101_coclr.py',
            options={
                **_nce, 'data_root': '{data_root}/videos',
                'paired_root': '{data_root}/flow',
                'model.online_from': '{rgb}',
                'model.positives_from': '{flow}'
            }),
    ],
    evaluations=[
        dict(
            name='gauges',
            config='configs/compare/gauges.py',
            options={
                **_encoder,
                **_heads, 'scale': (24, 24)
            })
    ],
    measures={'gauges/same_video/top1': 'same video, top-1 %'})


def with_flow(videos, root):
    """The rendered set, its videos standing for their flow as well."""
    for name in ('videos', 'test.txt', 'train.txt'):
        (root / name).symlink_to(f'{videos}/{name}')
    (root / 'flow').symlink_to(f'{videos}/videos')
    return str(root)


def with_three_clips(tmp_path):
    parts = Config.fromfile(EXPERIMENT).evaluations
    parts[0].options['num_clips'] = 3
    return changed(tmp_path, evaluations=parts)
