"""Options of FFmpeg's scaler that PyAV names since its version 18."""

ACCURATE_RND = 0x40000
FULL_CHR_H_INT = 0x2000
