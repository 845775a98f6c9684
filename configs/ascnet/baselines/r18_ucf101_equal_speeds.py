# Both clips of a video at one speed, which is drawn.
_base_ = '../r18_ucf101.py'

train_pipeline = _base_.train_pipeline
train_pipeline[1].pattern = (0, 0)  # ours
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
