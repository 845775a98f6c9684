_base_ = 'r2plus1d_ucf101.py'

work_dir = 'work_dirs/finetune/r2plus1d_hmdb51'

data_root = 'data/hmdb51'
batch_size = 32  # RSPNet's: 16 on each of two GPUs

model = dict(cls_head=dict(num_classes=51))
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        data_root=data_root,
        ann_file='hmdb51_train_split_{split}_videos.txt'))
val_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        data_root=data_root, ann_file='hmdb51_val_split_{split}_videos.txt'))
test_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file='hmdb51_val_split_{split}_videos.txt'))

auto_scale_lr = dict(base_batch_size=batch_size)
