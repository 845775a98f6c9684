_base_ = [
    '../_base_/ascnet_r18.py', '../_base_/retrieval_vcop.py',
    '../_base_/default_runtime.py'
]

work_dir = 'work_dirs/retrieval/r18_ucf101'

data_root = 'data/ucf101'
split = 1

test_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file=dict(
            gallery='ucf101_train_split_{split}_videos.txt',
            query='ucf101_val_split_{split}_videos.txt'),
        split=split,
        data_prefix=dict(video='videos')))
env_cfg = dict(cudnn_benchmark=False)  # the same figures in every run
