_base_ = 'r18_k400.py'

model = dict(backbone=dict(depth=34))  # the poster: 3D R34 (MemDPC's row)
