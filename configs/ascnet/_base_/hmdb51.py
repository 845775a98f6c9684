# HMDB-51 in MMAction2's layout (tools/data/prepare.py); split 2 or 3 with
# --cfg-options split=2
data_root = 'data/hmdb51'
split = 1

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
        ann_file='hmdb51_train_split_{split}_videos.txt',
        split=split,
        data_prefix=dict(video='videos')))
val_dataloader = dict(
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList',
        data_root=data_root,
        ann_file='hmdb51_val_split_{split}_videos.txt',
        split=split,
        data_prefix=dict(video='videos'),
        test_mode=True))
test_dataloader = val_dataloader
