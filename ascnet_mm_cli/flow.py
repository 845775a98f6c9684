"""Make a video of the optical flow of each video of a folder.

    ascnet-mm transcode data/ucf101 data/ucf101_small
    ascnet-mm flow data/ucf101_small data/ucf101_flow
    ascnet-mm train CONFIG --cfg-options data_root=data/ucf101_flow

SRC is the folder of a data set, best of copies that transcode has made, or
one video. Each gets an H.264 .mp4 at the same place below DST. Its frame n
shows OpenCV's DIS flow from frame n to the next as colors: the horizontal
part is the blue difference, the vertical part the red one, and the luma is
gray. Every command reads it as any other video; where videos and their flow
go into one sample, both have the same --short-edge. Lists (.txt) that name
videos are copied with the new names.

The run can be stopped (Ctrl-C) and started again at any time: flow gets the
date of its video, and is kept while the two are the same. The same videos
give the same files. All
videos without flow, and damaged ones that have it in part, are named in
DST/unreadable_videos.txt. python tools/data/flow.py is the same command.
"""
import argparse
import sys

from .transcode import add_copy_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        'source', metavar='SRC', help='folder of a data set, or one video')
    parser.add_argument(
        'target', metavar='DST', help='folder of the flow and lists')
    add_copy_options(parser, quality=10)
    parser.add_argument(
        '--flow-limit',
        type=float,
        default=20.,
        help='pixels per frame to which the flow is cut; default: 20')


def run(args: argparse.Namespace) -> None:
    """Compute flow."""
    from ascnet_mm.preparation import optical_flow
    try:
        optical_flow(
            args.source,
            args.target,
            short_edge=args.short_edge,
            key_frames=args.key_frames,
            quality=args.quality,
            flow_limit=args.flow_limit,
            workers=args.workers,
            timeout=args.timeout)
    except KeyboardInterrupt:
        sys.exit('stopped: run the same command again to go on')
