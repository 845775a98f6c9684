"""Opening a file that may be anything, choosing its stream, decoding it."""
import contextlib
import os
import os.path as osp
import stat
from typing import Iterator, List

import av
from av.stream import Disposition

# Every unreadable file is named in the log; FFmpeg's chatter adds nothing.
av.logging.set_level(None)

# The largest picture that is decoded: 8K (7680 x 4320) is (ours).
MAX_PIXELS = 2**25
# They only name other files or addresses.
PLAYLISTS = {'applehttp', 'concat', 'dash', 'hls', 'imf', 'sdp'}


class UnreadableVideo(Exception):
    """A file from which the wanted frames cannot be decoded, and why.

    Examples:
        >>> try:
        ...     open_file('/')
        ... except UnreadableVideo as error:
        ...     print(error)
        it is no regular file
    """


def open_file(path: str) -> av.container.InputContainer:
    """Open a file that may be anything, and nothing beside it.

    Args:
        path (str): The file.

    Returns:
        av.container.InputContainer: To be closed.

    Raises:
        UnreadableVideo: If it is no regular file, or names other files.
        OSError: If it cannot be opened.
        av.FFmpegError: If FFmpeg does not know what it is.

    Examples:
        >>> with open_file('a.mp4') as container:  # doctest: +SKIP
        ...     print(container.format.name)
        mov,mp4,m4a,3gp,3g2,mj2
    """
    # A pipe would block, and a device may do anything.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise UnreadableVideo('it is no regular file')
    container = av.open(
        # Absolute: FFmpeg takes a name such as `concat:x` for an address.
        osp.abspath(path),
        metadata_errors='replace',
        options={'protocol_whitelist': 'file'})
    if PLAYLISTS.intersection(container.format.name.split(',')):
        container.close()
        raise UnreadableVideo('it is a playlist')
    return container


def video_stream(container: av.container.InputContainer,
                 max_pixels: int = MAX_PIXELS) -> av.VideoStream:
    """The stream that is read: FFmpeg's choice, but never a cover picture.

    Args:
        container (av.container.InputContainer): The file.
        max_pixels (int): The most pixels that a frame may have. Defaults to
            ``MAX_PIXELS``.

    Returns:
        av.VideoStream: Decoded on one thread, because loaders and
        transcoding already keep every core busy.

    Raises:
        UnreadableVideo: If there is no video, FFmpeg cannot decode it, or
            its pictures are larger.

    Examples:
        >>> with open_file('a.mp4') as container:  # doctest: +SKIP
        ...     print(video_stream(container).codec_context.name)
        h264
    """
    moving = [
        stream for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not moving:
        raise UnreadableVideo('it has no video stream')
    known = [
        stream for stream in moving if stream.codec_context is not None
    ]
    if not known:
        raise UnreadableVideo('FFmpeg has no decoder for its codec')
    best = container.streams.best('video')
    stream = best if best in known else known[0]
    context = stream.codec_context
    if context.width * context.height > max_pixels:
        raise UnreadableVideo(
            f'its pictures of {context.width} x {context.height} pixels '
            f'are larger than {max_pixels} in all')
    # Pictures can be larger than the file says.
    context.options = {'max_pixels': str(max_pixels)}
    stream.thread_count = 1
    return stream


def packets(container: av.container.InputContainer,
            stream: av.VideoStream) -> Iterator[av.Packet]:
    """Yield the packets of a stream from here on, the empty last one too.

    PyAV 18 loses 150 bytes with each of its generators that is neither
    exhausted nor closed; closing this one closes PyAV's.

    Raises:
        av.FFmpegError: If the file cannot be read on.

    Examples:
        >>> with open_file('a.mp4') as container:  # doctest: +SKIP
        ...     stream = video_stream(container)
        ...     print([p.pts for p in packets(container, stream)][:3])
        [0, 512, 1024]
    """
    with contextlib.closing(container.demux(stream)) as source:
        yield from source


def decode_in_order(container: av.container.InputContainer,
                    stream: av.VideoStream,
                    problems: List[str]) -> Iterator[av.VideoFrame]:
    """Yield all frames that FFmpeg puts out, over what is damaged.

    Args:
        container (av.container.InputContainer): The file, at its beginning.
        stream (av.VideoStream): Of :func:`video_stream`.
        problems (list[str]): What could not be decoded is added to it.

    Raises:
        UnreadableVideo: If it is encrypted.

    Examples:
        >>> problems = []
        >>> with open_file('a.mp4') as container:  # doctest: +SKIP
        ...     stream = video_stream(container)
        ...     frames = list(decode_in_order(container, stream, problems))
        >>> len(frames), problems  # doctest: +SKIP
        (24, [])
    """
    for packet in _whole_packets(container, stream, problems):
        try:
            frames = packet.decode()
        except av.error.PermissionError:
            # What else comes of it is noise.
            raise UnreadableVideo('it is encrypted') from None
        except av.FFmpegError as error:
            problems.append(reason(error))
            continue
        yield from frames
    # After a whole file the decoder is empty, and says so.
    with contextlib.suppress(av.FFmpegError):
        yield from stream.codec_context.decode(None)


def _whole_packets(container: av.container.InputContainer,
                   stream: av.VideoStream,
                   problems: List[str]) -> Iterator[av.Packet]:
    """The packets up to where the file breaks off."""
    try:
        for packet in packets(container, stream):
            if packet.is_corrupt:
                problems.append('a packet is cut off')
            yield packet
    except av.FFmpegError as error:
        problems.append(reason(error))


def reason(error: Exception) -> str:
    """What an error says, without the file's name.

    Examples:
        >>> reason(FileNotFoundError(2, 'No such file or directory', 'a.mp4'))
        'No such file or directory'
    """
    text = getattr(error, 'strerror', None) or str(error)
    return text.splitlines()[0][:200] if text else type(error).__name__
