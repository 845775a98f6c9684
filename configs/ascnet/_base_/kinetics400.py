# Kinetics-400 without labels, in MMAction2's layout (tools/data/prepare.py)
data_root = 'data/kinetics400'

train_dataloader = dict(
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='padded_collate'),
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoList',
        data_root=data_root,
        ann_file='kinetics400_train_list_videos.txt',
        data_prefix=dict(video='videos_train')))
val_dataloader = dict(
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList',
        data_root=data_root,
        ann_file='kinetics400_val_list_videos.txt',
        data_prefix=dict(video='videos_val'),
        every=10,  # ours: gives the validation metrics to about 1 %
        test_mode=True))
