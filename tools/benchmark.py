"""Measure the parts on this machine: their speed, as ratios side by side,
and their reliability.

    python tools/benchmark.py data VIDEOS
    python tools/benchmark.py step
    python tools/benchmark.py colors
    python tools/benchmark.py retrieval
    python tools/benchmark.py epoch WORK_DIR --batch 64 --workers 8
    python tools/benchmark.py files FOLDER
    python tools/benchmark.py processes VIDEOS
    python tools/benchmark.py collapse
    python tools/benchmark.py soak VIDEOS

Each prints a table and writes a JSON file to benchmarks/.
"""
import argparse

from benchmarking import (
    collapse,
    colors,
    data,
    epoch,
    files,
    processes,
    retrieval,
    soak,
    step,
)

from ascnet_mm.apis import run_script


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for module in (data, step, colors, retrieval, epoch, files, processes,
                   collapse, soak):
        name = module.__name__.rsplit('.', 1)[-1]
        command = commands.add_parser(name, help=module.__doc__)
        command.add_argument(
            '--out', default='benchmarks', help='folder of the JSON file')
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    args = parser.parse_args()
    args.run(args)


if __name__ == '__main__':
    run_script(main)
