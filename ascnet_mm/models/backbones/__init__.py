"""Encoders of clips."""
from .c3d import C3DConv
from .pixels import Pixels
from .r2plus1d import R2Plus1D
from .r3d import R3D
from .s3dg import S3DG

__all__ = ['C3DConv', 'Pixels', 'R2Plus1D', 'R3D', 'S3DG']
