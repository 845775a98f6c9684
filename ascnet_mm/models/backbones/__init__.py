from .r3d import R3D

__all__ = ['R3D']
