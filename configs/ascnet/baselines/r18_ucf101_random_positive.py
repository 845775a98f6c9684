# SCP learns from any other video of the speed, not from a similar one.
_base_ = '../r18_ucf101.py'

model = dict(memory_bank=dict(type='RandomMemoryBank'))
