_base_ = 'r18_ucf101.py'

work_dir = 'work_dirs/retrieval/r18_hmdb51'

data_root = 'data/hmdb51'

test_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file=dict(
            gallery='hmdb51_train_split_{split}_videos.txt',
            query='hmdb51_val_split_{split}_videos.txt')))
