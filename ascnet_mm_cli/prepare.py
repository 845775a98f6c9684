"""Bring a data set as its authors publish it into MMAction2's layout.

    ascnet-mm prepare ucf101 \\
        --videos UCF-101 --annotations ucfTrainTestlist
    ascnet-mm prepare hmdb51 \\
        --videos hmdb51_org --annotations testTrainMulti_7030_splits
    ascnet-mm prepare kinetics400 \\
        --videos DIR_OF_TRAIN_AND_VAL --annotations DIR_OF_THE_CSV

links the videos into data/NAME and writes the lists there, under MMAction2's
names and with its labels, sorted. A video may have another extension than in
the official files, and Kinetics' need no class folders.

Official videos that are not there are left out and named in
missing_videos.txt; in UCF-101 and HMDB-51 that is an error (the lists are
written all the same) unless --subset is given. Videos that cannot be opened
are named in unreadable_videos.txt and stay in the lists: training skips and
counts them, evaluation counts them as misses. Run it again at any time: the
same files give the same lists. python tools/data/prepare.py is the same
command.
"""
import argparse

# Those of ascnet_mm.preparation.data_sets, which takes seconds to import.
DATA_SETS = ('ucf101', 'hmdb51', 'kinetics400')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('dataset', choices=DATA_SETS)
    parser.add_argument(
        '--videos',
        required=True,
        help='folder of the class folders; of Kinetics, that of train and val')
    parser.add_argument(
        '--annotations', required=True, help='folder of the official files')
    parser.add_argument('--out', help='default: data/DATASET')
    parser.add_argument(
        '--subset',
        action='store_true',
        help='videos or official files are knowingly incomplete; labels '
        'count the classes of the official files, so leave in all classes')
    parser.add_argument(
        '--no-check', action='store_true', help='do not open the videos')
    parser.add_argument(
        '--workers',
        type=int,
        help='processes that open videos; default: one per core')


def run(args: argparse.Namespace) -> None:
    """Prepare."""
    from ascnet_mm.preparation import prepare
    prepare(
        args.dataset,
        args.videos,
        args.annotations,
        args.out,
        subset=args.subset,
        check=not args.no_check,
        workers=args.workers)
