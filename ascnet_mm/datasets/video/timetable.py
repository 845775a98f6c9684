"""When the frames of a file are shown, and where decoding can start.

Three ways to know it, from the fastest to the one that always holds: from the
file's index, from its packets, and from its decoded frames. The first two
give nothing where a file's structure already shows that they would be wrong.
"""
import contextlib
import os
from itertools import islice
from operator import lt
from typing import Callable, List, NamedTuple, Optional, Sequence

import av
import numpy as np

from .container import UnreadableVideo, decode_in_order, packets

# 23 hours at 25 frames a second (ours).
MAX_FRAMES = 2**21
# Codecs whose key frames need nothing that came before them. Others keep
# palettes, canvases or tables from the start of the file.
SEEKABLE = {
    'av1', 'dnxhd', 'h264', 'hevc', 'mjpeg', 'mpeg1video', 'mpeg2video',
    'mpeg4', 'prores', 'vp8', 'vp9'
}
# Whether a picture is shown, in VP8's frame tag (RFC 6386, section 9.1)
SHOWN_BY_VP8 = 0x10
# Stored frames apart that are shown next to each other: H.264's limit
LARGEST_REORDERING = 16


class Timetable(NamedTuple):
    """When the frames of a video are shown, and where decoding can start.

    Attributes:
        stamps (list[int | None]): Time stamps of all frames in the order in
            which FFmpeg puts them out, in ticks of the stream. They ascend,
            unless the file has to be decoded in order.
        keys (list[int]): Indices of the frames that decoding can start at,
            ascending.
        seeks (list[int]): Where to seek to for each of them, in ticks.
        seekable (bool): Whether frames can be found by their stamps.
    """
    stamps: List[Optional[int]]
    keys: List[int]
    seeks: List[int]
    seekable: bool


def from_index(container: av.container.InputContainer,
               stream: av.VideoStream) -> Optional[Timetable]:
    """Read the index of a file, which costs no access to its packets.

    Of files without B-frames alone, whose frames are stored in the order of
    showing, and of codecs that show every stored frame.

    Args:
        container (av.container.InputContainer): The file.
        stream (av.VideoStream): Its video.

    Returns:
        Timetable, optional: None if the file has no such index.

    Raises:
        UnreadableVideo: If it names more than ``MAX_FRAMES``.
    """
    entries = stream.index_entries
    if len(entries) > MAX_FRAMES:
        raise _too_long()
    context = stream.codec_context
    if (not _starts_anywhere(stream) or context.has_b_frames
            or context.codec.canonical_name == 'vp8'
            or not 0 < len(entries) == stream.frames
            or not entries[0].is_keyframe
            or entries[-1].pos + entries[-1].size > os.stat(
                container.name).st_size):
        return None
    shown = [(entry.timestamp, entry.is_keyframe) for entry in entries
             if not entry.is_discard]
    stamps = [stamp for stamp, _ in shown]
    if (not stamps or not _ascend(stamps)
            or _first_stamp(container, stream) != stamps[0]):
        return None
    keys = [index for index, (_, key) in enumerate(shown) if key]
    return Timetable(stamps, keys, [stamps[key] for key in keys], True)


def from_packets(container: av.container.InputContainer,
                 stream: av.VideoStream) -> Optional[Timetable]:
    """Read all packets of a file, without decoding them.

    Args:
        container (av.container.InputContainer): The file, at its beginning,
            which is left at its end.
        stream (av.VideoStream): Its video.

    Returns:
        Timetable, optional: None if frames cannot be told by the packets'
        stamps: some have none, or two have the same; the clock is set back,
        as where recordings were joined; pictures stand before the first key
        frame; AVI, which stores no time of showing, has B-frames; program
        streams store the time of some frames only; fields of interlaced
        H.264 may be packets of their own; or a packet is cut off.

    Raises:
        UnreadableVideo: If there are more than ``MAX_FRAMES``.
    """
    if not _starts_anywhere(stream) or not _stamps_frames(container, stream):
        return None
    # Without an index FFmpeg looks for the time of decoding.
    by_decoding = not stream.index_entries
    stored = _read_packets(container, stream)
    if not stored or any(packet.pts is None for packet in stored):
        return None
    decoded = [packet.dts for packet in stored if packet.dts is not None]
    shown = [packet for packet in stored if packet.shown]
    order = np.argsort([packet.pts for packet in shown], kind='stable')
    table = [shown[place] for place in order]
    stamps = [packet.pts for packet in table]
    if (not stored[0].key or not stamps or stamps[0] < stored[0].pts
            or not _ascend(stamps) or not _ascend(decoded)
            or np.abs(order - np.arange(len(order))).max() >
            LARGEST_REORDERING):
        return None
    keys = [index for index, packet in enumerate(table) if packet.key]
    seeks = [
        packet.dts if by_decoding and packet.dts is not None else packet.pts
        for packet in table if packet.key
    ]
    return Timetable(stamps, keys, seeks, True)


def from_frames(container: av.container.InputContainer,
                stream: av.VideoStream) -> Timetable:
    """Decode a whole file, and count what comes out.

    Args:
        container (av.container.InputContainer): The file, at its beginning,
            which is left at its end.
        stream (av.VideoStream): Its video.

    Returns:
        Timetable: Of a file that is decoded in order.

    Raises:
        UnreadableVideo: If nothing comes out, or more than ``MAX_FRAMES``.
    """
    problems: List[str] = []
    frames = decode_in_order(container, stream, problems)
    stamps = [
        frame.dts if frame.pts is None else frame.pts
        for frame in islice(frames, MAX_FRAMES + 1)
    ]
    if len(stamps) > MAX_FRAMES:
        raise _too_long()
    if not stamps:
        raise UnreadableVideo(problems[0] if problems else 'it has no frame')
    return Timetable(stamps, [], [], False)


class _Packet(NamedTuple):
    """What a packet says of its frame."""
    pts: Optional[int]
    dts: Optional[int]
    key: bool
    shown: bool


def _read_packets(container: av.container.InputContainer,
                  stream: av.VideoStream) -> Optional[List[_Packet]]:
    """All packets of a file; None if one is cut off.

    Raises:
        UnreadableVideo: If there are more than ``MAX_FRAMES``.
    """
    vp8 = stream.codec_context.codec.canonical_name == 'vp8'
    stored = []
    try:
        for packet in islice(packets(container, stream), MAX_FRAMES + 2):
            if packet.is_corrupt:
                return None
            if packet.size:
                hidden = packet.is_discard or vp8 and not (
                    memoryview(packet)[0] & SHOWN_BY_VP8)
                stored.append(_Packet(packet.pts, packet.dts,
                                      packet.is_keyframe, not hidden))
    except av.FFmpegError:
        return None
    if len(stored) > MAX_FRAMES:
        raise _too_long()
    return stored


def _first_stamp(container: av.container.InputContainer,
                 stream: av.VideoStream) -> Optional[int]:
    """When the first frame of a file with an index is shown.

    An index may have the time of decoding instead. The file is left at its
    beginning.
    """
    with contextlib.closing(packets(container, stream)) as source:
        stamp = next((packet.pts for packet in source
                      if not packet.is_discard), None)
    container.seek(stream.index_entries[0].timestamp, stream=stream)
    return stamp


def _starts_anywhere(stream: av.VideoStream) -> bool:
    """Whether decoding may start at any key frame."""
    return stream.codec_context.codec.canonical_name in SEEKABLE


def _stamps_frames(container: av.container.InputContainer,
                   stream: av.VideoStream) -> bool:
    """Whether each packet has a frame's true time of showing."""
    context, form = stream.codec_context, container.format.name
    interlaced = context.field_order > 1
    return not (
        form == 'avi' and context.has_b_frames
        # Stamps between those that are stored depend on where reading began.
        or form == 'mpeg'
        # Its parser makes packets of fields.
        or form == 'mpegts' and interlaced
        and context.codec.canonical_name == 'h264')


def _ascend(numbers: Sequence[int]) -> bool:
    return all(map(lt, numbers, numbers[1:]))


def _too_long() -> UnreadableVideo:
    return UnreadableVideo(f'it has more than {MAX_FRAMES} frames')


WAYS: Sequence[Callable[..., Optional[Timetable]]] = (
    from_index, from_packets, from_frames)
