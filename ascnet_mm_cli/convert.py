"""Convert a collection to the format of another tool.

    ascnet-mm convert mine mine.parquet --to parquet
    ascnet-mm convert mine mine.sql --to pgvector

writes the features of all clips with file, start, end, frame rate and label:
as NumPy's .npz, Parquet, a script for PostgreSQL with pgvector (psql -f), a
file for Embedding Atlas, or a folder for FiftyOne or TensorBoard's projector.
"""
import argparse

# ascnet_mm.collection.conversion.FORMATS, whose import takes seconds
FORMATS = ('npz', 'parquet', 'pgvector', 'embedding-atlas', 'fiftyone',
           'tensorboard')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument('out', help='file or folder to write')
    parser.add_argument(
        '--to', choices=FORMATS, required=True, help='the format')
    parser.add_argument(
        '--root', help='folder of the videos; default: that of the manifest')


def run(args: argparse.Namespace) -> None:
    """Convert."""
    from ascnet_mm.collection import Collection
    from ascnet_mm.collection.conversion import convert
    collection = Collection(args.collection, args.root)
    convert(collection, args.out, args.to)
    print(f'{args.out}: {len(collection)} clips')
