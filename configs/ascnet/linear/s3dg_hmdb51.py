_base_ = 's3dg_ucf101.py'

work_dir = 'work_dirs/linear/s3dg_hmdb51'

data_root = 'data/hmdb51'
train_list = 'hmdb51_train_split_{split}_videos.txt'
val_list = 'hmdb51_val_split_{split}_videos.txt'

model = dict(cls_head=dict(num_classes=51))
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file=train_list))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file=val_list))
test_dataloader = dict(dataset=dict(data_root=data_root, ann_file=val_list))
