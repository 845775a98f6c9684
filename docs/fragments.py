"""Write the figures of README.md and docs/*.md from benchmarks/*.json.

    python docs/fragments.py

What stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->`` is
replaced by what the function of that name below makes of the JSON files, or,
of the methods, of the package and its configs.
"""
import inspect
import json
import os.path as osp
import re
import sys
from functools import lru_cache
from glob import glob
from itertools import takewhile
from math import log
from statistics import mean, median, stdev
from textwrap import fill
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Tuple,
)

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
MARKER = re.compile(r'^<!-- (begin|end) (.+?) -->$', re.MULTILINE)
FRAGMENTS: Dict[str, Callable[[], str]] = {}
Figures = Dict[str, Any]

AVERAGE = ' + '.join(
    f'vcop/{name}' for name in
    ('retrieval/top1', 'centered_retrieval/top1', 'knn/top1_k20',
     'centered_knn/top1_k20', 'linear/top1', 'standardized_linear/top1'))
PROBE = 'gauges/speed_probe/accuracy'
SPEED = 'motion/paired_speed_probe/accuracy'
PROJECTED_PROBE = 'heads/{}_speed_probe/accuracy'
# Student's t at 97.5 %, by degrees of freedom
STUDENT = {1: 12.7062, 2: 4.30265, 3: 3.18245, 4: 2.77645, 5: 2.57058}


class MarkerError(Exception):
    """A document whose markers make no pairs, or name no fragment."""


def fragment(name: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register a function as what makes a fragment."""

    def add(make: Callable[[], str]) -> Callable[[], str]:
        FRAGMENTS[name] = make
        return make

    return add


def figures(name: str) -> Figures:
    """The content of a file of benchmarks/."""
    with open(osp.join(ROOT, 'benchmarks', f'{name}.json')) as file:
        return json.load(file)


def table(head: Iterable[str], rows: Iterable[Iterable[Any]],
          numbers: int = 0) -> str:
    """Markdown; the last ``numbers`` columns are aligned to the right."""
    head = list(head)
    rules = ['---'] * (len(head) - numbers) + ['---:'] * numbers
    lines = [f'| {" | ".join(head)} |', f'|{"|".join(rules)}|']
    lines += [f'| {" | ".join(map(str, row))} |' for row in rows]
    return '\n'.join(lines)


def paragraph(words: str) -> str:
    return fill(words, 79, break_long_words=False, break_on_hyphens=False)


# ------------------------------------------------------------ experiments


def method_of(experiment: str, name: str) -> Figures:
    return next(method
                for method in figures(f'compare_{experiment}')['methods']
                if method['name'] == name)


def values(method: Figures, key: str) -> List[float]:
    """A measure of each seed; ``a + b`` is the average of a and b."""
    parts = key.split(' + ')
    return [
        mean(run['figures'][part] for part in parts)
        for run in method['runs'] if run['figures'].keys() >= set(parts)
    ]


def cell(found: List[float]) -> str:
    """Mean and standard deviation."""
    if len(found) < 2:
        return ''.join(f'{value:.1f}' for value in found)
    return f'{mean(found):.1f} ± {stdev(found):.1f}'


def each(found: Iterable[float], digits: int = 1) -> str:
    return ' / '.join(f'{value:.{digits}f}' for value in found)


def logged(method: Figures, key: str, digits: int = 2) -> str:
    """What the runs logged last in training."""
    return each((run['training'][key] for run in method['runs']
                 if key in run['training']), digits)


def interval(found: List[float]) -> Optional[Tuple[float, float]]:
    """The 95 % interval of a mean; None where all values are equal."""
    if len(set(found)) < 2:
        return None
    half = STUDENT[len(found) - 1] * stdev(found) / len(found)**0.5
    return mean(found) - half, mean(found) + half


def difference(found: Figures, reference: Figures, method: Figures,
               key: str) -> Any:
    """The interval of a difference, of an experiment with outcomes."""
    # It imports torch, which these files alone need.
    from ascnet_mm.experiments.intervals import change
    return change(found, reference, method, key)


def told_apart(found: Figures, method: Figures, reference: Figures,
               key: str) -> bool:
    """Whether two methods of an experiment differ by the page's rule.

    By the interval of their difference, and in files without outcomes where
    their intervals over the seeds do not overlap.
    """
    if found.get('groups'):
        span = difference(found, reference, method, key)
        return span is not None and not span.holds_zero
    spans = [interval(values(part, key)) for part in (method, reference)]
    if None in spans:
        return False
    (low, high), (other_low, other_high) = spans
    return low > other_high or high < other_low


def with_interval(found: Figures, method: Figures, key: str) -> str:
    """A measure and its 95 % interval, of an experiment with outcomes."""
    # It imports torch, which these files alone need.
    from ascnet_mm.experiments.intervals import estimate
    span = estimate(found, method, key)
    return f'{span.value:.1f} [{span.low:.1f}, {span.high:.1f}]'


def marked(found: Figures, method: Figures, key: str,
           others: Dict[str, Figures]) -> str:
    """A measure, its interval, and the marks of those that differ from it."""
    marks = ''.join(
        mark for mark, other in others.items()
        if method is not other and told_apart(found, method, other, key))
    return with_interval(found, method, key) + (marks and f' {marks}')


@fragment('results')
def results() -> str:
    found = every_seed()
    of = {method['name']: method for method in found['methods']}
    untrained, ascnet = of.pop('untrained'), of.pop('ASCNet')
    most = len(ascnet['runs'])
    fewer, = {len(method['runs']) for method in of.values()} - {most}
    rows = [('raw pixels', of.pop('pixels')), ('untrained', untrained),
            ('**ASCNet**', ascnet), *of.items()]
    rows = [(title if len(method['runs']) == most else f'{title} *', method)
            for title, method in rows]
    keys = {
        'vcop/retrieval/top1': 'retrieval, top-1 %',
        AVERAGE: 'average of six metrics with labels, %',
        SPEED: 'paired speed probe, %'
    }
    others = {'†': untrained, '‡': ascnet}
    lines = [[title, *(marked(found, method, key, others) for key in keys)]
             for title, method in rows]
    data = found['data']
    labeled = len(found['groups']['vcop/retrieval'].split())
    shown = table(['', *keys.values()], lines, len(keys))
    return f'{shown}\n\n' + paragraph(
        f'Mean and 95 % interval over {most} seeds ({fewer} in rows with *) '
        f'and the test videos ({labeled} with labels, {data["judged"]} for '
        'the speed probe). By the interval of the difference on the same '
        f'videos, distinguishable from the untrained network of {most} seeds '
        '(†) or from ASCNet (‡).')


@fragment('speed on real videos')
def speed_on_real_videos() -> str:
    places = {
        'untrained': ('ucf101_subset', 'untrained'),
        'ASCNet': ('ucf101_subset', 'ASCNet'),
        'ASCNet, other seeds': ('ucf101_subset_seeds', 'ASCNet'),
        'ACP alone': ('ucf101_subset', 'ACP alone'),
        'Pace': ('ucf101_subset', 'Pace')
    }
    rows = []
    for name, place in places.items():
        method = method_of(*place)
        found = values(method, PROBE)
        rows.append((name, cell(found), each(found),
                     logged(method, 'loss_pace')))
    return table(['method', 'speed probe, %', 'each seed',
                  'last `loss_pace` of each seed'], rows, 3)


def _speed(experiment: str, keys: Dict[str, str]) -> str:
    rows = []
    for method in figures(f'compare_{experiment}')['methods']:
        rows.append(
            [method['name'],
             *(cell(values(method, key)) for key in keys.values()),
             each(values(method, PROBE)),
             logged(method, 'loss_scp'), logged(method, 'loss_pace'),
             logged(method, 'effective_rank', 1)])
    return table(
        ['method', *keys, 'encoder, each seed', 'last `loss_scp`',
         'last `loss_pace`', 'last `effective_rank`'], rows, len(keys) + 4)


@fragment('speed by condition')
def speed_by_condition() -> str:
    measures = figures('compare_ucf101_subset_speed')['measures']
    return _speed('ucf101_subset_speed', {
        measure['title'].replace('speed probe, ', '').replace(', %', ''):
        measure['key']
        for measure in measures if 'speed_probe' in measure['key']
    })


@fragment('speed on rendered videos')
def speed_on_rendered_videos() -> str:
    return _speed('synthetic_speed', {
        'encoder': PROBE,
        **{kind: PROJECTED_PROBE.format(kind)
           for kind in ('motion', 'appearance')}
    })


@fragment('recipe')
def recipe() -> str:
    found = figures('compare_ucf101_subset_recipe')
    reference = method_of('ucf101_subset_recipe', 'ASCNet')
    changes = {
        'ASCNet': 'ASCNet',
        'equal speeds': 'both clips at one speed',
        'symmetric': 'symmetric loss at the same cost, so for half the epochs',
        'crops from 0.1': 'crops from a tenth of the frame instead of two '
        'fifths',
        'momentum 0.996': "momentum 0.996 instead of the experiment's 0.99",
        'untrained': 'untrained network'
    }
    by_name = {method['name']: method for method in found['methods']}
    if by_name.keys() != changes.keys():
        raise KeyError('compare_ucf101_subset_recipe.json has other methods: '
                       f'{sorted(by_name.keys() ^ changes.keys())}')
    rows = []
    for name, title in changes.items():
        apart = '' if name == 'ASCNet' else (
            'yes' if told_apart(found, by_name[name], reference, AVERAGE)
            else 'no')
        rows.append((title, cell(values(by_name[name], AVERAGE)), apart))
    return table(['change', 'average of six metrics, %',
                  'distinguishable from ASCNet'], rows, 2)


@fragment('recipe, one seed')
def recipe_of_one_seed() -> str:
    methods = figures('compare_ucf101_subset_screen')['methods']
    return table(['change', 'average of six metrics, %'],
                 [(method['name'], cell(values(method, AVERAGE)))
                  for method in methods], 1)


@fragment('candidates')
def candidates() -> str:
    found = figures('compare_ucf101_subset_candidates')
    keys = {
        AVERAGE: 'average of six metrics, %',
        'vcop/whitened_retrieval/top1': 'retrieval, whitened, %',
        SPEED: 'speed, paired, %',
    }
    return table(
        ['change', *keys.values()],
        [(method['name'], *(cell(values(method, key)) for key in keys))
         for method in found['methods']], len(keys))


@fragment('choice')
def choice() -> str:
    found = figures('compare_ucf101_subset_choice')
    return compared_with(found, found['methods'][1])


# Losses of a network that has not learned the task, by what is logged
UNLEARNED = {
    ('Pace', 'loss_pace'): ('ln 4', log(4)),
    ('RSPNet', 'loss_rsp'): ('its margin, 2', 2.),
    ('VCOP', 'loss_order'): ('ln 6', log(6)),
    ('OPN', 'loss_order'): ('ln 12', log(12)),
    ('VCP', 'loss_vcp'): ('ln 5', log(5)),
    ('SpeedNet', 'loss_speed'): ('ln 2', log(2)),
    ('Buechler et al.', 'loss_space'): ('ln 24', log(24)),
    ('Buechler et al.', 'loss_time'): ('ln 24', log(24)),
    ('InfoNCE', 'loss_infonce'): ('ln 2049', log(2049)),
}
# ASCNet's paper, Table 2: retrieval on the whole of UCF-101, top-1 %
QUOTED = {
    'ASCNet': '58.9, 3D R18',
    'Pace': '23.8, 3D R18',
    'RSPNet': '41.1, 3D R18',
    'VCOP': '14.1, 3D R18',
    'OPN': '19.9, CaffeNet',
    'VCP': '18.6, 3D R18',
    'SpeedNet': '13.0, S3D-G',
    'Buechler et al.': '25.7, CaffeNet',
}


@fragment('learners')
def learners() -> str:
    places = {
        'vcop/retrieval/top1': ('ucf101_subset_learners', 'retrieval'),
        AVERAGE: ('ucf101_subset_learners', 'average of six'),
        SPEED: ('ucf101_subset_learners', 'speed, paired'),
        'digit/ridge/top1': ('grid_s1_learners', 'digit'),
        'adverb/ridge/top1': ('grid_s1_learners', 'adverb'),
    }
    names = list(dict.fromkeys(
        method['name'] for experiment in ('ucf101_subset', 'grid_s1')
        for method in figures(f'compare_{experiment}_learners')['methods']
        if method.get('judged', True)))
    rows = [[name, *(_marked(experiment, name, key)
                     for key, (experiment, _) in places.items()),
             QUOTED.get(name, '')] for name in names]
    return table(
        ['method', *(title for _, title in places.values()), 'quoted'], rows,
        len(places) + 1)


# Where untrained networks with other seeds were judged on the same videos
OF_OTHER_SEEDS = {
    'ucf101_subset_learners': ('ucf101_subset_plus',
                               'ucf101_subset_plus_seeds'),
    'ucf101_subset_curves': ('ucf101_subset_plus',
                             'ucf101_subset_plus_seeds'),
    'grid_s1_learners': ('grid_s1_methods', ),
}


def untrained_networks(experiment: str) -> Figures:
    """The untrained network of an experiment of one seed, with all seeds."""
    parts = [method_of(name, 'untrained')
             for name in OF_OTHER_SEEDS[experiment]]
    return dict(parts[0], runs=[run for part in parts for run in part['runs']])


def _marked(experiment: str, name: str, key: str,
            budget: Optional[int] = None) -> str:
    """A figure, with a mark if it is told apart from untrained networks.

    Of a method that was trained for several budgets, at one of them.
    """
    found = figures(f'compare_{experiment}')
    untrained = untrained_networks(experiment)
    if name == untrained['name']:
        return cell(values(untrained, key))
    for method in found['methods']:
        if (method['name'] == name and values(method, key)
                and budget in (None, method.get('budget'))):
            apart = told_apart(found, method, untrained, key)
            return cell(values(method, key)) + (' †' if apart else '')
    return ''


CLASSES_AND_SPEED = {
    AVERAGE: 'average of six',
    'vcop/retrieval/top1': 'retrieval',
    SPEED: 'speed, paired',
}


@fragment('curves')
def curves() -> str:
    name = 'ucf101_subset_curves'
    found = figures(f'compare_{name}')
    rows = []
    for method in dict.fromkeys(part['name'] for part in found['methods']):
        for key, title in CLASSES_AND_SPEED.items():
            rows.append([method, title, *(
                _marked(name, method, key, budget)
                for budget in found['budgets'])])
    return table(['method', 'measure',
                  *(f'{budget:,} steps' for budget in found['budgets'])],
                 rows, len(found['budgets']))


@fragment('two processors')
def two_processors() -> str:
    found = [figures(f'compare_ucf101_subset_{name}')
             for name in ('learners', 'curves')]
    rows = []
    for name in ('untrained', 'ASCNet', 'ACP alone', 'Pace'):
        for experiment in found:
            method = next(
                part for part in experiment['methods']
                if part['name'] == name and part['budget'] in (None, 500))
            run, *_ = method['runs']
            made = run.get('made') or experiment
            rows.append([name, made['machine']['processor'],
                         *(cell(values(method, key))
                           for key in CLASSES_AND_SPEED)])
    return table(['method', 'processor', *CLASSES_AND_SPEED.values()], rows,
                 len(CLASSES_AND_SPEED))


OF_CLASSES_AND_SPEED = {
    'vcop/retrieval/top1': 'retrieval',
    'vcop/whitened_retrieval/top1': 'retrieval, whitened',
    'vcop/linear/top1': 'linear',
    AVERAGE: 'average of six',
    SPEED: 'speed, paired',
}
OF_WORDS = {
    'digit/ridge/top1': 'digit, %',
    'adverb/ridge/top1': 'adverb, %',
}


def compared_with(found: Figures, reference: Figures,
                  keys: Dict[str, str] = OF_CLASSES_AND_SPEED) -> str:
    """Figures of all methods, marked where they differ from two of them."""
    untrained, *_ = found['methods']
    others = {'†': untrained, '‡': reference}
    rows = [[method['name'],
             *(marked(found, method, key, others) for key in keys)]
            for method in found['methods']]
    return table(['method', *keys.values()], rows, len(keys)) + '\n\n' + (
        paragraph(f'† differs from the untrained network, ‡ from '
                  f'{reference["name"]}, by the interval of the difference on '
                  'the same videos.'))


@fragment('plus')
def plus() -> str:
    found = figures('compare_ucf101_subset_plus')
    return compared_with(found, found['methods'][2])


@fragment('plus, other seeds')
def plus_other_seeds() -> str:
    found = figures('compare_ucf101_subset_plus_seeds')
    return compared_with(found, found['methods'][1])


def every_seed() -> Figures:
    """`ucf101_subset_plus`, with the further seeds of some methods."""
    found = figures('compare_ucf101_subset_plus')
    further = {
        method['name']: method['runs']
        for method in figures('compare_ucf101_subset_plus_seeds')['methods']}
    for method in found['methods']:
        method['runs'] += further.get(method['name'], [])
    return found


def all_seeds() -> Figures:
    """Of :func:`every_seed`, the methods that have the most seeds."""
    found = every_seed()
    most = max(len(method['runs']) for method in found['methods'])
    return dict(found, methods=[
        method for method in found['methods'] if len(method['runs']) == most])


@fragment('plus, all seeds')
def plus_all_seeds() -> str:
    found = all_seeds()
    return compared_with(found, found['methods'][1])


@fragment('more videos')
def more_videos() -> str:
    found = figures('compare_ucf101_subset_more_videos')
    return compared_with(found, found['methods'][1])


@fragment('batch, width')
def batch_width() -> str:
    found = figures('compare_ucf101_subset_batch_width')
    return compared_with(found, found['methods'][1])


@fragment('plus, speed')
def plus_speed() -> str:
    found = figures('compare_ucf101_subset_plus')
    untrained, ascnet, recipe, *others = found['methods']
    rows = []
    for other in (untrained, ascnet, *others):
        rows.append([other['name'], *(
            '' if method is other else
            '{0.value:+.1f} [{0.low:+.1f}, {0.high:+.1f}]'.format(
                difference(found, other, method, SPEED))
            for method in (recipe, ascnet))])
    return table(['above', recipe['name'], ascnet['name']], rows, 2)


@fragment('own tasks')
def own_tasks() -> str:
    rows = []
    for (name, key), (title, value) in UNLEARNED.items():
        row = [name, f'`{key}`', f'{title} = {value:.2f}'
               if title.startswith('ln') else title]
        for experiment in ('ucf101_subset_learners', 'grid_s1_learners'):
            row.append(logged(method_of(experiment, name), key))
        rows.append(row)
    return table(['method', 'logged', 'not learned', 'UCF-101', 'GRID'],
                 rows, 2)


@fragment('words')
def words() -> str:
    found = figures('compare_grid_s1_methods')
    return compared_with(found, found['methods'][-1], OF_WORDS)


@fragment('demo')
def demo() -> str:
    titles = {
        'retrieval/top1': 'class retrieval, top-1 %',
        'retrieval/top5': 'class retrieval, top-5 %',
        'same_video/top1': 'same-video retrieval, top-1 %',
        'speed_probe/accuracy': 'speed probe, accuracy %'
    }
    found = figures('demo')
    seeds = list(found['checks'].values())
    chance = dict(seeds[0]['chance'], **found['references']['chance'])
    raw = found['references']['raw']
    rows = [[
        title, f'{chance[key]:.1f}', f'{raw[key]:.1f}' if key in raw else '',
        each(seed['before'][key] for seed in seeds),
        each(seed['after'][key] for seed in seeds)
    ] for key, title in titles.items()]
    queries = round(100 / chance['same_video/top1'])
    error = 50 / queries**0.5
    changes = [[seed['after']['retrieval/top1'] - before for seed, before in
                zip(seeds, others)]
               for others in (
                   [seed['before']['retrieval/top1'] for seed in seeds],
                   [raw['retrieval/top1']] * len(seeds))]
    gained, above = (f'{min(change):.0f} to {max(change):.0f} points'
                     for change in changes)
    return table(
        ['check', 'chance', 'raw pixels', 'untrained', 'trained'], rows,
        4) + '\n\n' + paragraph(
            f'`{found["command"]}`, {found["epochs"]} epochs, '
            f'{found["minutes"]:.0f} minutes for the {len(seeds)} seeds '
            f'together on {found["machine"]["cores"]} CPU cores. Class '
            f'retrieval, top-1: {gained} above the untrained network, {above} '
            f'above thumbnails of raw pixels. {queries} test videos leave a '
            f'standard error of up to {error:.1f} points in a figure.')


# ------------------------------------------------------------ performance


def times(found: Figures, digits: int) -> str:
    """A row per variant: median, lowest and highest in milliseconds."""
    rows = []
    for name, seconds in found['seconds'].items():
        row = median(seconds), min(seconds), max(seconds)
        rows.append((_named(name), *(f'{1000 * value:.{digits}f}'
                                     for value in row)))
    return table(['variant', 'median ms', 'lowest', 'highest'], rows, 3)


def ratios(found: Figures) -> str:
    """A row per ratio: what, value, bar, whether it is met."""
    met = {True: 'yes', False: 'no', None: ''}
    return table(['ratio', 'value', 'bar', 'met'],
                 [(_named(item['name']), f'{item["value"]:.3f}', item['bar'],
                   met[item['met']]) for item in found['ratios']])


def _named(variant: str) -> str:
    # The published files have the older name.
    return variant.replace('host pipeline', "MMAction2's pipeline")


def machine(found: Figures) -> str:
    has = found['machine']
    cores, threads = (f'{has[key]} {key if has[key] > 1 else key[:-1]}'
                      for key in ('cores', 'threads'))
    kind = has['device'] or 'no GPU'
    bfloat16 = 'with' if has['bf16'] else 'without'
    return (f'{has["processor"]}, {cores}, {threads}, {kind}, {bfloat16} '
            f'bfloat16 instructions')


@fragment('performance commands')
def performance_commands() -> str:
    names = ('data', 'key_frames', 'step', 'colors', 'retrieval',
             'large/retrieval', 'epoch', 'projection', 'gpu_memory')
    found = [figures(name) for name in names]
    return table(['command', 'date', 'machine'],
                 [(f'`{part["command"]}`', part['date'], machine(part))
                  for part in found])


@fragment('loading times')
def loading_times() -> str:
    return times(figures('data'), 2)


@fragment('loading ratios')
def loading_ratios() -> str:
    found = figures('data')
    said = found['settings']
    return ratios(found) + '\n\n' + paragraph(
        f'Over {said["soak"]:,} loads a process grew by '
        f'{said["soak_bytes_per_video"]} bytes a video.')


@fragment('step')
def step() -> str:
    found = figures('step')
    said = found['settings']
    return '\n\n'.join([
        paragraph(
            f'{said["encoder"]} of width {said["base_channels"]}, '
            f'{said["batch"]} pairs of {said["frames"]} x {said["pixels"]} x '
            f'{said["pixels"]}, banks of {said["bank_size"]} entries, both '
            'full.'),
        times(found, 0), ratios(found)
    ])


@fragment('colors')
def colors() -> str:
    found = figures('colors')
    said = found['settings']
    slower = found['ratios'][0]['value']
    share = next(item['value'] for item in figures('step')['ratios']
                 if item['name'].startswith('augmentation'))
    larger = slower * share / (1 - share + slower * share)
    moved = said['luma_moved_on_noise']
    return '\n\n'.join([
        paragraph(f'{said["batch"]} pairs of {said["frames"]} x '
                  f'{said["pixels"]} x {said["pixels"]}:'),
        times(found, 0), ratios(found),
        paragraph(
            'With the hue of HSV, the augmentation would take a share of '
            f'{larger:.3f} of the step instead of {share:.3f} (computed, not '
            'measured). On random colors, at a strength of '
            f'{said["strength"]} and with no other change, the hue moves the '
            f'luma by {moved["hue"]} levels of 255 on average and the chroma '
            f'rotation by {moved["chroma rotation"]}, only because values '
            'that leave the range are clipped.')
    ])


@fragment('search')
def search() -> str:
    found, large = figures('retrieval'), figures('large/retrieval')
    said, more = found['settings'], large['settings']
    ours, bare = (large['seconds'][name][0] for name in ('ours', 'bare'))
    return '\n\n'.join([
        paragraph(
            f'{said["queries"]:,} queries, {said["gallery"]:,} videos, '
            f'{said["channels"]} channels, depth {said["depth"]}; peak memory '
            f'{said["peak_mb"]} MB, of which {said["peak_mb_before_search"]} '
            'MB before the search.'),
        times(found, 0), ratios(found),
        paragraph(
            f'{more["queries"]:,} queries among {more["gallery"]:,} videos '
            f'({large["machine"]["cores"]} cores, once) took {ours:.0f} '
            f'seconds and {more["peak_mb"]:,} MB, of which '
            f'{more["features_mb"]:,} MB are the features themselves; the '
            f'bare search took {bare:.0f} seconds.')
    ])


@fragment('epoch')
def epoch() -> str:
    found = figures('epoch')
    said = found['settings']
    return paragraph(
        f'A batch of {said["batch"]}, {said["workers"]} worker, '
        f'{found["machine"]["cores"]} cores: {said["iterations"]} iterations '
        f'at {said["pairs_per_second"]} pairs a second.') + (
            '\n\n' + ratios(found))


@fragment('key frames')
def key_frames() -> str:
    found = figures('key_frames')
    said, rows = found['settings'], []
    names = list(dict.fromkeys(
        name.rpartition(': ')[0] for name in found['seconds']))
    gains = {item['name'].rpartition(' / ')[2]: item['value']
             for item in found['ratios']}
    bytes_of = said['bytes']
    shipped = next(iter(bytes_of.values()))
    for name in names:
        copies, _, starts = name.rpartition(', starts ')
        rows.append((
            copies, starts, f'{bytes_of[copies] / shipped:.2f}',
            f'{said["frames_decoded"][f"{name}: pair"]:.1f}',
            *(f'{1000 * median(found["seconds"][f"{name}: {clip}"]):.2f}'
              for clip in ('1x', '2x', 'pair')),
            f'{gains.get(name, 1):.2f}'))
    return '\n\n'.join([
        table(['copies', 'clips start', 'bytes', 'frames decoded',
               '1x, ms', '2x, ms', 'pair, ms', 'gain'], rows, 6),
        paragraph(f'{said["videos"]} videos, clips of {said["clip_len"]} '
                  'frames, opening included; bytes and gain against the '
                  'first row. The gain is the median over the rounds.')
    ])


@fragment('projection')
def projection() -> str:
    found = figures('projection')
    gpus = found['settings']['gpus']
    seconds = median(figures('data')['seconds']['ours'])
    head = ['config', 'GFLOP a pair', *(
        f'{name} ({gpu["teraflops"]} TFLOP/s)' for name, gpu in gpus.items())]
    rows = [(f'`{config}`', f'{found["flops"][config]["pair"] / 1e9:.1f}',
             *(f'{pairs[name]:,.0f} ({pairs[name] * seconds:.0f})'
               for name in gpus))
            for config, pairs in found['pairs_per_second'].items()]
    return table(head, rows, len(head) - 1)


@fragment('kinetics')
def kinetics() -> str:
    found = figures('projection')
    said = found['settings']
    pairs = said['videos'] * said['epochs']
    seconds = median(figures('data')['seconds']['ours'])
    hours = pairs * seconds / 3600
    rows = [(f'`{config}`', *(
        f'{pairs / rate[name] / gpus / 3600:,.1f}'
        for name in said['gpus'] for gpus in (1, 8)))
        for config, rate in found['pairs_per_second'].items()]
    head = ['hours, at least', *(
        f'{gpus} x {name}' for name in said['gpus'] for gpus in (1, 8))]
    return '\n\n'.join([
        table(head, rows, len(head) - 1),
        paragraph(
            f'{said["videos"]:,} videos x {said["epochs"]} epochs are '
            f'{pairs / 1e6:.0f} million pairs. At the {1000 * seconds:.1f} ms '
            f'of processor time a pair above, loading them takes {hours:.0f} '
            f'core hours: {hours / 16:.0f} hours on 16 cores, if the device '
            'keeps up.')
    ])


@fragment('gpu memory')
def gpu_memory() -> str:
    steps = figures('gpu_memory')['steps']
    rows = [(f'`{config}`', step['batch_size'],
             ' x '.join(map(str, step['clip'])), f'{step["launches"]:,}',
             len(step['waits']), f'{step["peak"] / 2**30:.1f}')
            for config, step in steps.items()]
    most = max(step['peak'] for step in steps.values()) / 2**30
    return '\n\n'.join([
        table(['config', 'batch', 'clips', 'launches', 'waits', 'peak, GiB'],
              rows, 5),
        paragraph(f'The most is {most:.1f} GiB, {100 * most / 24:.0f} % of a '
                  'GPU of 24.')
    ])


# ------------------------------------------------------------ reliability


@fragment('kills')
def kills() -> str:
    found = figures('reliability_kill')
    said, runs = found['settings'], found['runs']
    return '\n\n'.join([
        f'`{found["command"]}`:',
        table(['killed and resumed', ''], [
            ('kills', len(found['kills'])),
            ('of these, while a file was being written',
             found['kills_while_writing']),
            ('most kills in a run', max(run['kills'] for run in runs)),
            ('iterations of a run', said['iterations']),
            ('iterations between checkpoints', said['checkpoint_interval']),
            ('workers', ', '.join(map(str, said['workers']))),
            ('runs', len(runs)),
            ('runs that ended with the same bits as an undisturbed one',
             found['identical_runs']),
            ('half-written files left', sum(run['parts_left']
                                            for run in runs)),
        ], 1)
    ])


@fragment('soak')
def soak() -> str:
    found = figures('reliability_soak')
    said = found['settings']
    return '\n\n'.join([
        paragraph(f'`{found["command"]}`: {said["iterations"]:,} iterations, '
                  f'{said["videos_loaded"]:,} pairs of clips, a sample every '
                  f'{said["interval"]} seconds.'),
        table(['process', 'MB after a tenth of the time', 'MB at the end',
               'MB per hour', 'open files after a tenth', 'at the end',
               'most'],
              [(name, *row.values())
               for name, row in found['processes'].items()], 6)
    ])


@fragment('processes')
def processes() -> str:
    titles = dict(losses='losses', gauges='metrics', weights='weights',
                  banks='banks')
    return table(
        ['ranks', 'precision', *titles.values(),
         'banks identical on all ranks'],
        [(row['ranks'], row['dtype'],
          *(f'{row["largest_difference"][key]:.1e}' for key in titles),
          'yes' if row['banks_identical'] else 'no')
         for row in figures('reliability_processes')['rows']])


@fragment('collapse')
def collapse() -> str:
    rows = []
    for name, seeds in figures('reliability_collapse')['outcomes'].items():
        cells = zip(*((f'{found["lowest_spread"]:.2f}',
                       found['end'] if found['stopped'] else '-',
                       found['checkpoint'] or '-')
                      for found in seeds))
        rows.append([name, *(' / '.join(map(str, cell)) for cell in cells)])
    return table(['run', 'lowest feature std', 'stopped at iteration',
                  'last good checkpoint'], rows)


@fragment('odd files')
def odd_files() -> str:
    found = figures('reliability_files')
    files, training = found['files'], found['training']
    decord = found['versions']['decord']
    return table(['files', 'number'], [
        ('odd files tried', files['tried']),
        ('readable', files['readable']),
        ('unreadable', files['skipped']),
        *((f'unreadable: {why}', count)
          for why, count in files['by_reason'].items()),
        (f'readable for decord {decord}', files['read_by_decord']),
        ('readable for decord and not for us', files['read_by_decord_alone']),
        ('videos of a training run with all of them', training['videos']),
        ('its epochs', training['epochs']),
        ('its exit code', training['exit_code']),
        ('files it skipped', training['skipped']),
        ('files it named twice', training['named_twice']),
    ], 1)


# ------------------------------------------------------------ collections


@fragment('duplicates')
def duplicates() -> str:
    found = figures('duplicates')
    said, methods = found['settings'], found['methods']

    def cell(rates: Figures) -> str:
        precision = rates['precision']
        first = '-' if precision is None else f'{precision:.0f}'
        return f'{first} / {rates["recall"]:.0f}'

    rows = [[kind, *(cell(row['kinds'][kind]) for row in methods.values())]
            for kind in said['kinds']]
    rows += [['any two videos',
              *(cell(row['all']) for row in methods.values())],
             ['pairs of originals',
              *(row['originals'] for row in methods.values())],
             ['threshold',
              *(f'{row["threshold"]:.2f}' for row in methods.values())]]
    return '\n\n'.join([
        paragraph(
            f'`{found["command"]}`: {said["videos"]} videos and '
            f'{len(said["kinds"])} copies of each. Precision / recall in '
            'percent, of pairs of an original and a copy of the kind; a dash '
            'where nothing was found.'),
        table(['copies', *methods], rows, len(methods)),
        paragraph(
            'The first column is of all videos, at the default threshold. The '
            'others have the threshold with the highest F1 over all pairs of '
            'one half of the videos, and figures of the other half. Average '
            'hashes are of 8 x 8 gray pixels of a frame a second, compared '
            'in the same way, without centering. Two originals count as a '
            'mistake, even if they show the same scene.')
    ])


@fragment('moments')
def moments() -> str:
    found = figures('moments')
    said = found['settings']
    return '\n\n'.join([
        paragraph(
            f'`{found["command"]}`: a clip of {said["seconds"]:g} s is cut '
            f'out of each of {said["videos"]} videos of {said["shortest"]:g} '
            's or more, at any time, encoded anew and searched for among '
            f'their {said["clips"]} clips. Share of the clips at rank 1, in '
            'percent:'),
        table(['', 'its video', f'its place, at most {said["off"]:g} s off'],
              [(name, row['video'], row['moment'])
               for name, row in found['encoders'].items()], 2)
    ])


@fragment('approximate')
def approximate() -> str:
    found = figures('approximate')
    said = found['settings']
    probes = list(found['rows'][0]['recall'])
    rows = []
    for row in found['rows']:
        exact, lists = (median(row['seconds'][name])
                        for name in ('exact', 'lists'))
        # Making the lists, over what a query saves
        pays = row['seconds_to_make'] / (exact - lists)
        rows.append((f'{row["clips"]:,}', row['lists'], f'{exact:.3f}',
                     f'{lists:.3f}', f'{row["seconds_to_make"]:.0f}',
                     f'{pays:,.0f}' if pays > 0 else 'never',
                     *(f'{100 * row["recall"][name]:.0f}'
                       for name in probes)))
    return '\n\n'.join([
        paragraph(
            f'`{found["command"]}`: random features clustered like real ones, '
            f'{said["channels"]} channels, {said["queries"]} queries one by '
            'one. Seconds are those of the processor.'),
        table(['clips', 'lists', 'exact', 'approximate', 'lists made',
               'queries until it pays',
               *(f'recall, {name} lists' for name in probes)], rows,
              6 + len(probes)),
        paragraph(f'Recall is the share of the {said["top"]} nearest clips, '
                  'one of each video, that is found, in percent.')
    ])


@fragment('index')
def index() -> str:
    found = figures('index')
    said, rows = found['settings'], found['rows']
    names = dict(ours='`ascnet-mm index`',
                 decoding='decoding of all frames, alone',
                 passes='the same encoder passes, alone',
                 inferencer="MMAction2's inferencer")
    lines = []
    for name, title in names.items():
        row = rows[name]
        clips = row['result'].get('clips')
        lines.append((
            title, '' if clips is None else f'{clips:,}',
            f'{row["cpu_seconds"]:.0f}', f'{row["seconds"]:.0f}',
            f'{said["videos"] / row["seconds"]:.1f}', row['peak_mb'],
            row['worker_mb'] if name == 'ours' else ''))
    return '\n\n'.join([
        paragraph(
            f'`{found["command"]}`: {said["videos"]} videos, '
            f'{rows["decoding"]["result"]["frames"]:,} frames, '
            f'{said["workers"]} workers, clips of '
            f'{" x ".join(map(str, said["clip"]))}.'),
        table(['', 'clips', 'processor seconds', 'seconds', 'videos/s',
               'peak MB', 'MB of a worker'], lines, 6),
        ratios(found),
        paragraph("The inferencer takes one clip of each video, whatever "
                  'its pipeline says, and gives a class, so it reads only a '
                  'part of what is indexed.')
    ])


# ---------------------------------------------------------------- methods


class Described(NamedTuple):
    """A method, by its config, its class and its paper.

    Attributes:
        name (str): As in the metafile.
        config (str): Its path.
        model (Any): The recognizer, without weights or encoder.
        paper (dict): ``Title`` and ``URL``.
    """
    name: str
    config: str
    model: Any
    paper: Dict[str, str]

    def said(self) -> List[str]:
        """Paragraphs of the docstring up to its arguments."""
        text = inspect.getdoc(type(self.model)).partition('\nArgs:\n')[0]
        text = re.sub(r':\w+:`~?([^`]+)`', r'`\1`', text.replace('``', '`'))
        return [' '.join(part.split()) for part in text.split('\n\n')]

    def task(self) -> str:
        return self.said()[0].rstrip('.')

    def ours(self) -> str:
        """What stands behind *Ours* in the docstring."""
        return next(re.split(r'\*Ours\*[^:]*: ', part)[1]
                    for part in self.said() if '*Ours*' in part)

    def comment(self) -> str:
        """What the config begins with."""
        with open(osp.join(ROOT, self.config)) as file:
            lines = takewhile(lambda line: line.startswith('#'), file)
            return ' '.join(line.strip('# \n') for line in lines)

    def passes(self) -> List[int]:
        return [self.model.encoder_passes[way]
                for way in ('forward', 'backward')]


@lru_cache
def described() -> List[Described]:
    """All configs like r18_ucf101*.py in the metafiles, ASCNet's to begin."""
    # Nothing else here needs the package.
    import torch
    import yaml
    from mmaction.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    import ascnet_mm  # noqa: F401

    init_default_scope('mmaction')
    found = []
    for folder in ('configs/ascnet', 'configs/ascnet/baselines'):
        with open(osp.join(ROOT, folder, 'metafile.yml')) as file:
            listed = yaml.safe_load(file)
        papers = {part['Name']: part['Paper']
                  for part in listed['Collections']}
        for entry in listed['Models']:
            name, config = entry['In Collection'], entry['Config']
            if osp.basename(config).startswith('r18_ucf101'):
                cfg = Config.fromfile(
                    osp.join(ROOT, config), import_custom_modules=False).model
                with torch.device('meta'):
                    model = MODELS.build(
                        dict(cfg, backbone=torch.nn.Identity()))
                found.append(Described(name, config, model, papers[name]))
    return found


def methods() -> List[Described]:
    """The first config of each paper."""
    first = {part.paper['URL']: part for part in reversed(described())}
    return [part for part in described() if part in first.values()]


@fragment('methods')
def methods_table() -> str:
    return table(
        ['method', 'task', 'paper', 'forward', 'backward'],
        [(f'[{part.name}](../{part.config})', part.task(),
          f'[{part.paper["Title"]}]({part.paper["URL"]})', *part.passes())
         for part in methods()], 2)


@fragment('further configs')
def further_configs() -> str:
    return table(
        ['config', 'what it is', 'forward', 'backward'],
        [(f'[{osp.basename(part.config)}](../{part.config})', part.comment(),
          *part.passes())
         for part in described() if part not in methods()], 2)


@fragment('ours')
def ours() -> str:
    return '\n\n'.join(
        paragraph(f'**{part.name}** (`{type(part.model).__name__}`): '
                  f'{part.ours()}') for part in methods())


# -------------------------------------------------------------- documents


def documents() -> List[str]:
    """Paths of all that may hold fragments."""
    pages = glob(osp.join(ROOT, 'docs', '**', '*.md'), recursive=True)
    built = osp.join(ROOT, 'docs', '_build')
    return [osp.join(ROOT, 'README.md'),
            *sorted(page for page in pages if not page.startswith(built))]


def names_in(text: str) -> List[str]:
    """The fragments of a document, in order.

    Raises:
        MarkerError: If a marker is not closed, opened or known.
    """
    names = []
    opened = None
    for kind, name in MARKER.findall(text):
        if kind == 'begin':
            if opened is not None:
                raise MarkerError(f'"begin {name}" before "end {opened}"')
            if name not in FRAGMENTS:
                raise MarkerError(f'there is no fragment "{name}"')
            opened = name
            names.append(name)
        elif name != opened:
            raise MarkerError(f'"end {name}" without "begin {name}"')
        else:
            opened = None
    if opened is not None:
        raise MarkerError(f'"begin {opened}" is never closed')
    return names


def written(text: str) -> str:
    """A document with its fragments as the figures give them.

    Raises:
        MarkerError: As :func:`names_in`.
    """
    for name in dict.fromkeys(names_in(text)):
        begin, end = f'<!-- begin {name} -->', f'<!-- end {name} -->'
        body = f'{begin}\n\n{FRAGMENTS[name]()}\n\n{end}'
        text = re.sub(f'^{re.escape(begin)}$.*?^{re.escape(end)}$',
                      lambda _, body=body: body, text,
                      flags=re.MULTILINE | re.DOTALL)
    return text


def main() -> None:
    for path in documents():
        with open(path, encoding='utf-8') as file:
            old = file.read()
        try:
            new = written(old)
        except MarkerError as error:
            sys.exit(f'error: {osp.relpath(path, ROOT)}: {error}')
        if new != old:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(new)
            print(f'written: {osp.relpath(path, ROOT)}')


if __name__ == '__main__':
    main()
