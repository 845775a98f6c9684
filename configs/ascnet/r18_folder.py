# Any folder of videos, without annotation:
#   --cfg-options data_root=MY_VIDEOS
_base_ = [
    '_base_/ascnet_r18.py', '_base_/clips_112.py', '_base_/pretrain.py'
]

data_root = 'data/videos'
batch_size = 64  # RSPNet's default, per GPU
val_share = 0.1  # ours: kept out of training, for validation

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='padded_collate'),
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoFolder',
        data_root=data_root,
        part='train',
        val_share=val_share,
        pipeline=_base_.train_pipeline))
val_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoFolder',
        data_root=data_root,
        part='val',
        val_share=val_share,
        pipeline=_base_.val_pipeline,
        test_mode=True))
