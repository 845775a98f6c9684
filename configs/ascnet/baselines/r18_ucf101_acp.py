# ACP alone. What SCP costs is still computed, so a step costs the same.
_base_ = '../r18_ucf101.py'

model = dict(gamma=0.)  # ours
