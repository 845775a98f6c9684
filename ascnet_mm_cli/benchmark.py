"""Measure speed and reliability of the parts on this machine.

Speeds are compared side by side, as ratios.

    python tools/benchmark.py data VIDEOS
    python tools/benchmark.py key_frames VIDEOS
    python tools/benchmark.py step
    python tools/benchmark.py colors
    python tools/benchmark.py retrieval
    python tools/benchmark.py epoch WORK_DIR --batch 64 --workers 8
    python tools/benchmark.py files FOLDER
    python tools/benchmark.py processes VIDEOS
    python tools/benchmark.py collapse
    python tools/benchmark.py soak VIDEOS
    python tools/benchmark.py projection
    python tools/benchmark.py gpu_memory
    python tools/benchmark.py duplicates VIDEOS --encoder FILE
    python tools/benchmark.py moments VIDEOS --encoder FILE
    python tools/benchmark.py approximate
    python tools/benchmark.py index VIDEOS --encoder FILE

Each prints a table and writes a JSON file to benchmarks/.
"""
import argparse
import importlib
import os.path as osp

from .arguments import HelpFormatter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subjects and their options."""
    commands = parser.add_subparsers(dest='command', required=True)
    for declare in (data, key_frames, step, colors, retrieval, epoch, files,
                    processes, collapse, soak, projection, gpu_memory,
                    duplicates, moments, approximate, index):
        command = commands.add_parser(
            declare.__name__,
            help=declare.__doc__,
            formatter_class=HelpFormatter)
        command.add_argument(
            '--out', default='benchmarks', help='folder of the JSON file')
        declare(command)


def run(args: argparse.Namespace) -> None:
    """Measure a subject: its module's ``run`` takes the options by name."""
    from ascnet_mm import InputError
    subject = importlib.import_module(f'ascnet_mm.benchmarking.{args.command}')
    # Not after an hour of measuring
    if osp.exists(args.out) and not osp.isdir(args.out):
        raise InputError(f'--out {args.out} is no folder: name another')
    subject.run(
        **{
            name: value
            for name, value in vars(args).items()
            if name not in ('command', 'run')
        })


def data(parser: argparse.ArgumentParser) -> None:
    """how long a pair of clips takes until it is ready for the device"""
    parser.add_argument(
        'videos', help='folder of prepared videos (tools/data/transcode.py)')
    parser.add_argument(
        '--originals', help='folder of the same videos, not prepared')
    parser.add_argument('--clip-len', type=int, default=16)
    parser.add_argument('--size', type=int, default=112)
    parser.add_argument(
        '--limit', type=int, default=40, help='number of videos')
    parser.add_argument(
        '--soak', type=int, default=0, metavar='N',
        help='also load N videos and see whether memory grows')
    _add_repeats(parser)


def key_frames(parser: argparse.ArgumentParser) -> None:
    """ways to encode videos, and to place clips, that spare decoding"""
    parser.add_argument('videos', help='folder of prepared videos')
    parser.add_argument('--clip-len', type=int, default=16)
    parser.add_argument(
        '--limit', type=int, default=100, help='number of videos')
    _add_repeats(parser)


def step(parser: argparse.ArgumentParser) -> None:
    """the training step, beside its encoder's passes and the same in
    float32"""
    parser.add_argument(
        '--encoder', default='R3D', choices=['R3D', 'R2Plus1D', 'S3DG'])
    parser.add_argument(
        '--base-channels', type=int, default=64, help='width of the encoder')
    parser.add_argument('--frames', type=int, default=16)
    parser.add_argument(
        '--pixels', type=int, default=112, help='height and width of a clip')
    parser.add_argument(
        '--batch', type=int, help='default: 64 on a GPU, 8 on a CPU')
    parser.add_argument(
        '--dtype',
        default='default',
        choices=['default', 'float32'],
        help="the configs' default: bfloat16 where the device computes in it")
    _add_repeats(parser)


def colors(parser: argparse.ArgumentParser) -> None:
    """a shift of the hue in HSV beside a rotation of the chroma plane"""
    # The defaults are those of pre-training.
    parser.add_argument('--frames', type=int, default=16)
    parser.add_argument(
        '--pixels', type=int, default=112, help='height and width of a clip')
    parser.add_argument('--batch', type=int, default=64)
    _add_repeats(parser)


def retrieval(parser: argparse.ArgumentParser) -> None:
    """nearest neighbors beside a bare matmul and topk"""
    parser.add_argument('--queries', type=int, default=2000)
    parser.add_argument('--gallery', type=int, default=100_000)
    parser.add_argument('--channels', type=int, default=512)
    parser.add_argument(
        '--depth', type=int, default=200, help='neighbors of a query')
    _add_repeats(parser)


def epoch(parser: argparse.ArgumentParser) -> None:
    """how much of a run's wall time was spent waiting for data"""
    parser.add_argument(
        'work_dir', help='work folder of a run of tools/train.py with '
        'default_hooks.logger.interval=1 and log_processor.window_size=1')
    parser.add_argument(
        '--batch', type=int, required=True, help='pairs per iteration')
    parser.add_argument(
        '--workers', type=int, required=True, help='of its loader')


def files(parser: argparse.ArgumentParser) -> None:
    """which files of a folder can be read, and whether training survives
    the others"""
    parser.add_argument('folder', help='folder of files, of any kind')
    parser.add_argument(
        '--epochs', type=int, default=2, help='of the training run')


def processes(parser: argparse.ArgumentParser) -> None:
    """how closely several processes match one with the same global batch"""
    parser.add_argument('videos', help='folder of 57 videos or more')


def collapse(parser: argparse.ArgumentParser) -> None:
    """whether runs that are made to collapse are noticed"""


def soak(parser: argparse.ArgumentParser) -> None:
    """whether memory and open files of a long run grow"""
    parser.add_argument('videos', help='folder of prepared videos')
    parser.add_argument('--minutes', type=float, default=60)


def projection(parser: argparse.ArgumentParser) -> None:
    """the most pairs a second of some GPUs, computed and not measured"""


def gpu_memory(parser: argparse.ArgumentParser) -> None:
    """launches, waits and memory of a step of each config, computed"""


def duplicates(parser: argparse.ArgumentParser) -> None:
    """how many copies of each kind are found, and how many false matches"""
    _add_collection(parser, 'work_dirs/duplicates')


def moments(parser: argparse.ArgumentParser) -> None:
    """whether a clip of two seconds finds its place in a long video"""
    _add_collection(parser, 'work_dirs/moments')


def index(parser: argparse.ArgumentParser) -> None:
    """indexing beside bare decoding and encoder passes, and beside
    MMAction2's inferencer"""
    _add_collection(parser, 'work_dirs/index')


def approximate(parser: argparse.ArgumentParser) -> None:
    """search among all clips, and among a part that FAISS chooses"""
    parser.add_argument(
        '--sizes', type=int, nargs='+', default=[10_000, 100_000, 1_000_000],
        help='clips of the collections')
    parser.add_argument('--channels', type=int, default=512)
    parser.add_argument(
        '--queries', type=int, default=50, help='how many')
    parser.add_argument(
        '--work-dir', default='work_dirs/approximate', help='folder of the '
        'collections, 1 GB for a million clips')


def _add_collection(parser: argparse.ArgumentParser, folder: str) -> None:
    parser.add_argument('videos', help='folder of videos')
    parser.add_argument(
        '--encoder', nargs='+', required=True, metavar='FILE',
        help='a checkpoint; or a config and a checkpoint')
    parser.add_argument(
        '--count', type=int, default=200, help='how many of the videos')
    parser.add_argument(
        '--work-dir', default=folder, help='folder of what is made of them')


def _add_repeats(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--repeats', type=int, default=7, help='rounds that count')
