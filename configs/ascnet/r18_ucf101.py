# UCF-101 without its labels; they serve the validation alone, in which the
# test videos query the training videos.
_base_ = [
    '_base_/ascnet_r18.py', '_base_/clips_112.py', '_base_/pretrain.py',
    '_base_/ucf101.py'
]

batch_size = 64  # RSPNet's default, per GPU

train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        ann_file=dict(
            _delete_=True,
            gallery='ucf101_train_split_{split}_videos.txt',
            query='ucf101_val_split_{split}_videos.txt'),
        pipeline=_base_.val_pipeline))
test_dataloader = None
val_evaluator = [
    dict(type='VideoRetrievalMetric'),
    dict(type='KNNMetric'),
    dict(type='SameVideoRetrievalMetric'),
    dict(type='SpeedProbeMetric'),
    dict(type='EffectiveRankMetric')
]
