"""Serve the page of a collection, with search by an uploaded video.

    ascnet-mm serve mine
    ascnet-mm serve mine --port 8080 --encoder CHECKPOINT

prints the address to open. The server listens on 127.0.0.1 alone and wants
the token of that address. It gives out the videos of the collection and no
other files. Uploads are embedded by the encoder that made the collection, up
to their first minute, and deleted.
"""
import argparse

from .page import add_page_options, groups_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('collection', help='folder of the collection')
    parser.add_argument(
        '--port', type=int, default=8000, help='0 takes a free one; default: '
        '%(default)s')
    add_page_options(parser)
    parser.add_argument(
        '--encoder', nargs='+', metavar='FILE', help='where the checkpoint '
        'of the encoder is now; or a config and a checkpoint')
    parser.add_argument('--device', help='where the encoder runs; default: '
                        'a GPU if there is one')


def run(args: argparse.Namespace) -> None:
    """Serve until interrupted."""
    from ascnet_mm.collection import Collection
    from ascnet_mm.collection.serve import require_server, serve
    require_server()
    encoder = args.encoder
    if encoder is not None and len(encoder) == 1:
        encoder = encoder[0]
    collection = Collection(args.collection, args.root)
    serve(collection, args.port, encoder, args.device, args.map,
          groups_of(args, collection))
