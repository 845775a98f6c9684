# SCP alone. Appearance is then compared by a projection that nothing trains.
_base_ = '../r18_ucf101.py'

model = dict(gamma=1.)  # ours
