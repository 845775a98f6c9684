# Which word does a mouth say? The words of GRID's speaker s1: face, light and
# background are the same in all videos, the shapes of the mouth and their
# motion tell them. The features of clips at even places over the three seconds
# are joined in their order, for each word has its time in the sentence. All
# values are ours.
_base_ = [
    '../ascnet/_base_/ascnet_r18.py', '../ascnet/_base_/clips_112.py',
    '../ascnet/_base_/default_runtime.py'
]

word = 'digit'  # of ten classes; or 'adverb', of four
judged = 'test'  # 'val' for choosing
num_clips = 9
batch_size = 8  # it changes no figure

sample_clips = dict(
    type='SampleFrames',
    clip_len=_base_.clip_len,
    num_clips=num_clips,
    test_mode=True)
pipeline = [
    _base_.open_video, sample_clips, _base_.decode, _base_.whole_frame,
    _base_.pack
]
test_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoList',
        data_prefix=dict(video='videos'),
        ann_file=dict(
            gallery=f'lists/grid_s1_{word}_train.txt',
            query=f'lists/grid_s1_{word}_{judged}.txt'),
        pipeline=pipeline,
        test_mode=True))
test_evaluator = [dict(type='RidgeProbeMetric', pooling='concat')]
test_cfg = dict(type='TestLoop')
env_cfg = dict(cudnn_benchmark=False)  # the same figures in every run
custom_hooks = [dict(type='OutcomesHook')]
