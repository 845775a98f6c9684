# Both clips online and target in turn, as in BYOL: twice the encoder passes.
_base_ = '../r18_ucf101.py'

model = dict(symmetric=True)
