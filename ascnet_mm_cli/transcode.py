"""Make small copies of videos that decode several times faster.

    ascnet-mm transcode data/ucf101 data/ucf101_small
    ascnet-mm train CONFIG --cfg-options data_root=data/ucf101_small

SRC is the folder of a data set, links in it are followed, or one video. Any
file that the installed FFmpeg (PyAV) reads becomes an H.264 .mp4 at the same
place below DST: a short edge of 128, upright, at a constant frame rate, with
a key frame every 16 frames, without B-frames and sound. Lists (.txt) that
name videos are copied with the new names.

Smaller pictures are not enlarged, but for those narrower than 32 pixels:
decord opens none of them. The frame rate is the file's average one; frames
are repeated or dropped by their time stamps where they come irregularly. The
color matrix stays BT.601 or BT.709, any other becomes BT.709, and a file
that names none is BT.601, as FFmpeg and decord read it; the copy names its
own. Interlaced and HDR pictures are taken as they are stored.

The run can be stopped (Ctrl-C) and started again at any time: a copy gets the
date of its video, and is kept while the two are the same. All videos without
a copy, and damaged ones of which only a part could be copied, are named in
DST/unreadable_videos.txt; a damaged one needs 16 frames for a copy. Listed
videos stay in the lists: training skips and counts those without a copy,
evaluation counts them as misses. python tools/data/transcode.py is the same
command.
"""
import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        'source', metavar='SRC', help='folder of a data set, or one video')
    parser.add_argument(
        'target', metavar='DST', help='folder of the copies and lists')
    add_copy_options(parser, quality=20)
    parser.add_argument(
        '--fps',
        help='frames per second of all copies, such as 25 or 30000/1001; '
        "default: each video's own average")


def add_copy_options(parser: argparse.ArgumentParser, quality: int) -> None:
    """What also the copies of other commands have.

    Args:
        parser (ArgumentParser): Of the command.
        quality (int): Its default.
    """
    parser.add_argument(
        '--short-edge',
        type=int,
        default=128,
        help='pixels of the shorter edge; default: 128')
    parser.add_argument(
        '--key-frames',
        type=int,
        default=16,
        help='frames from one key frame to the next; default: 16')
    parser.add_argument(
        '--quality',
        type=int,
        default=quality,
        help="x264's crf, 0 (best) to 51; default: %(default)s")
    parser.add_argument(
        '--workers',
        type=int,
        help='videos that are worked on at a time; default: one per core')
    parser.add_argument(
        '--timeout',
        type=int,
        default=600,
        help='seconds after which a video counts as unreadable; default: 600')


def run(args: argparse.Namespace) -> None:
    """Transcode."""
    from ascnet_mm.preparation import transcode
    try:
        transcode(
            args.source,
            args.target,
            short_edge=args.short_edge,
            key_frames=args.key_frames,
            quality=args.quality,
            fps=args.fps,
            workers=args.workers,
            timeout=args.timeout)
    except KeyboardInterrupt:
        sys.exit('stopped: run the same command again to go on')
