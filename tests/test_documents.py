"""The figures of the documents are those of benchmarks/*.json."""
import importlib.util
import math
import os.path as osp
import re
import subprocess
import sys
from collections import Counter
from glob import glob
from itertools import combinations, product
from statistics import mean

import pytest
import yaml

from ascnet_mm.experiments.intervals import change, estimate

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))


def load(name):
    spec = importlib.util.spec_from_file_location(
        name, osp.join(ROOT, 'docs', f'{name}.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fragments = load('fragments')


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


@pytest.mark.parametrize(
    'path', fragments.documents(), ids=lambda path: osp.relpath(path, ROOT))
def test_to_write_the_fragments_again_changes_nothing(path):
    assert read(path) == fragments.written(read(path))


def test_every_fragment_stands_in_one_place():
    found = Counter(
        name for path in fragments.documents()
        for name in fragments.names_in(read(path)))
    assert found == dict.fromkeys(fragments.FRAGMENTS, 1)


def test_what_stands_between_the_markers_is_replaced():
    text = ('before\n<!-- begin kinetics -->\nold\n<!-- end kinetics -->\n'
            'after\n')
    new = fragments.written(text)
    assert fragments.FRAGMENTS['kinetics']() in new and 'old' not in new
    assert new.startswith('before\n') and new.endswith('\nafter\n')


@pytest.mark.parametrize('text, message', [
    ('<!-- begin demo -->', '"begin demo" is never closed'),
    ('<!-- end demo -->', '"end demo" without "begin demo"'),
    ('<!-- begin demo -->\n<!-- begin step -->', 'before "end demo"'),
    ('<!-- begin demo -->\n<!-- end step -->', 'without "begin step"'),
    ('<!-- begin ages -->\n<!-- end ages -->', 'no fragment "ages"'),
])
def test_markers_that_make_no_pair_are_refused(text, message):
    with pytest.raises(fragments.MarkerError, match=message):
        fragments.written(text)


def test_fragments_are_made_without_other_packages():
    subprocess.run(
        [sys.executable, '-S', '-c', 'import runpy; runpy.run_path('
         f'{osp.join(ROOT, "docs", "fragments.py")!r})'],
        check=True)


# What the documents say in words about the figures


def test_what_is_said_of_ascnet_and_its_parts_holds():
    of = {name: fragments.method_of('ucf101_subset', name)
          for name in ('untrained', 'ASCNet', 'ACP alone', 'BYOL',
                       'random positive')}
    found = fragments.figures('compare_ucf101_subset')
    retrieval = 'vcop/retrieval/top1'
    keys = (retrieval, fragments.AVERAGE, fragments.PROBE)

    def apart(name, key):
        return fragments.told_apart(found, of[name], of['ASCNet'], key)

    assert apart('untrained', retrieval)
    assert apart('random positive', retrieval)
    assert not any(apart(name, key) for name in ('ACP alone', 'BYOL')
                   for key in keys)
    assert not apart('untrained', fragments.PROBE)


def test_what_the_readme_says_holds():
    found = fragments.figures('compare_ucf101_subset_plus')
    names = [method['name'] for method in found['methods']]
    assert names[:3] == ['untrained', 'ASCNet', 'ASCNet + speed']
    apart = {
        place for place, span in
        differences_from('ucf101_subset_plus', 1).items()
        if not span.holds_zero
    }
    assert ('untrained', 'vcop/knn/top1_k20') in apart
    assert not apart & set(product(
        ['untrained', 'ASCNet + speed'],
        ['vcop/linear/top1', 'vcop/standardized_linear/top1']))
    assert not {name for name, _ in apart} & {
        'ACP alone', 'random positive', 'equal speeds', 'BYOL', 'InfoNCE',
        'supervised'}
    assert {key for name, key in apart if name == 'ASCNet + speed'} == {
        'motion/paired_speed_probe/accuracy'}
    assert ('untrained', 'motion/paired_speed_probe/accuracy') not in apart


def test_only_the_untrained_network_is_told_apart_from_the_recipe():
    rows = fragments.recipe().splitlines()
    assert [row for row in rows if '| yes |' in row] == rows[-1:]
    assert 'untrained' in rows[-1]


def test_no_condition_lifts_the_speed_probe():
    found = fragments.figures('compare_ucf101_subset_speed')
    for method in found['methods']:
        for measure in found['measures']:
            shares = fragments.values(method, measure['key'])
            if 'speed_probe' in measure['key'] and shares:
                assert mean(shares) < 56, (method['name'], measure['key'])
    of = {method['name']: [run['training'] for run in method['runs']]
          for method in found['methods']}
    for run in of['Pace']:
        assert run['loss_pace'] == pytest.approx(math.log(2), abs=0.01)
    for run in of['SCP alone, random positive']:
        assert run['effective_rank'] < 2


def test_pace_learns_speed_where_its_loss_falls():
    pace = fragments.method_of('ucf101_subset', 'Pace')
    for run, share in zip(pace['runs'],
                          fragments.values(pace, fragments.PROBE)):
        learned = run['training']['loss_pace'] < math.log(4) - 0.1
        assert (share > 60) == learned
    pace = fragments.method_of('synthetic_speed', 'Pace')
    assert min(fragments.values(pace, fragments.PROBE)) > 60


def test_every_killed_run_ended_as_the_undisturbed_one():
    found = fragments.figures('reliability_kill')
    assert found['identical_runs'] == len(found['runs'])
    assert not any(run['parts_left'] for run in found['runs'])


def test_every_odd_file_is_counted():
    files = fragments.figures('reliability_files')['files']
    assert files['readable'] + files['skipped'] == files['tried']


# Files beside the text


def test_the_figure_of_the_method_is_what_the_script_draws():
    assert read(osp.join(ROOT, 'docs', 'method.svg')) == load(
        'draw_method').picture()


@pytest.mark.parametrize(
    'path', [*fragments.documents(), osp.join(ROOT, 'CONTRIBUTING.md')],
    ids=lambda path: osp.relpath(path, ROOT))
def test_links_lead_to_files(path):
    text = re.sub(r'^```.*?^```', '', read(path), flags=re.M | re.S)
    for target in re.findall(r'\]\(([^)\s]+)\)', text):
        if not re.match(r'https?:|#', target):
            file = osp.join(osp.dirname(path), target.partition('#')[0])
            assert osp.exists(file), target


@pytest.mark.parametrize(
    'path', [*fragments.documents(), osp.join(ROOT, 'CONTRIBUTING.md')],
    ids=lambda path: osp.relpath(path, ROOT))
def test_files_that_are_named_exist(path):
    named = re.findall(
        r'(?<![\w/.:])(?:ascnet_mm|tests|tools|configs|docs)/[\w/]+'
        r'\.(?:py|sh|md)\b', read(path))
    for name in named:
        assert osp.exists(osp.join(ROOT, name)), name


def test_every_page_is_in_the_table_of_contents():
    index = read(osp.join(ROOT, 'docs', 'index.md'))
    for path in glob(osp.join(ROOT, 'docs', '*.md')):
        name = osp.basename(path)[:-len('.md')]
        assert name == 'index' or f'\n{name}\n' in index, name


def test_the_citation_names_the_authors_of_the_readme():
    cited = yaml.safe_load(read(osp.join(ROOT, 'CITATION.cff')))
    paper = cited['preferred-citation']
    names = [f'{author["family-names"]}, {author["given-names"]}'
             for author in paper['authors']]
    authors = re.search(r'author *= \{(.*?)\}', read(
        osp.join(ROOT, 'README.md')), re.S).group(1)
    assert re.split(r'\s+and\s+', authors) == names
    assert paper['year'] == 2021


def test_what_is_said_of_duplicates_holds():
    methods = fragments.figures('duplicates')['methods']
    changed = {'cropped by a tenth', 'mirrored'}
    for kind, rates in methods['average hashes']['kinds'].items():
        if kind in changed:
            assert rates['recall'] < 2
        else:
            assert rates['recall'] >= 99 and rates['precision'] >= 98
    default = methods['trained encoder, default threshold']
    assert all(87 <= rates['precision'] <= 91 for kind, rates
               in default['kinds'].items() if kind not in changed)
    assert methods['trained encoder']['originals'] > default['originals']
    for kind, rates in default['kinds'].items():
        assert (rates['recall'] < 20) == (kind in changed)
    chosen = methods['trained encoder']
    assert chosen['threshold'] < default['threshold']
    assert 45 < chosen['kinds']['cropped by a tenth']['recall'] < 55
    assert 15 < chosen['kinds']['mirrored']['recall'] < 25


def differences_from(experiment, number):
    """Of each method from one of an experiment, by name and measure."""
    found = fragments.figures(f'compare_{experiment}')
    reference = found['methods'][number]
    return {
        (method['name'], measure['key']): change(
            found, reference, method, measure['key'])
        for method in found['methods'] if method is not reference
        for measure in found['measures']}


def test_what_is_said_of_the_candidates_holds():
    spans = differences_from('ucf101_subset_candidates', 1)
    assert not any(span.low > 0 for (name, _), span in spans.items()
                   if name != 'untrained')
    for method in fragments.figures(
            'compare_ucf101_subset_candidates')['methods']:
        [training] = [run['training'] for run in method['runs']]
        if 'loss_order' in training:
            assert abs(training['loss_order'] - math.log(2)) < 0.01


def test_what_is_said_of_the_choice_holds():
    found = fragments.figures('compare_ucf101_subset_choice')
    untrained, ascnet, four, *others, four_untrained = found['methods']
    keys = [measure['key'] for measure in found['measures']]
    assert found['chooses'] and found['budgets'] == [2000]
    assert [len(method['runs']) for method in found['methods']] == [3] * 15
    assert four['encoder'] == {
        'model.backbone.frame_strides': [2, 1, 1, 1, 1]}
    spans = {(method['name'], key): change(found, ascnet, method, key)
             for method in (four, *others) for key in keys}
    told = {place for place, span in spans.items() if not span.holds_zero}
    assert len(spans) == 120 and told == {
        ('covariance', 'vcop/linear/top1'),
        ('covariance', fragments.AVERAGE), ('speed ranking', fragments.SPEED)}
    assert {place for place in told if spans[place].high < 0} == {
        ('speed ranking', fragments.SPEED)}
    ranking = fragments.method_of('ucf101_subset_choice', 'speed ranking')
    for run in ranking['runs']:
        assert run['training']['loss_ranking'] == pytest.approx(
            math.log(2), abs=0.03)
    ranks = {
        method['name']: [round(run['training']['effective_rank'])
                         for run in method['runs']]
        for method in (ascnet, fragments.method_of(
            'ucf101_subset_choice', 'covariance'))}
    assert ranks == {'ASCNet': [2, 4, 5], 'covariance': [12, 12, 12]}
    assert all(change(found, four_untrained, four, key).holds_zero
               for key in keys)
    assert change(found, untrained, ascnet,
                  'vcop/whitened_retrieval/top1').low > 0
    assert {method['name'] for method in (ascnet, *others) if not change(
        found, untrained, method, fragments.SPEED).holds_zero} == {
            'half the clips differences'}
    above = {
        name: {key for key in keys if change(
            found, untrained, fragments.method_of(
                'ucf101_subset_choice', name), key).low > 0}
        for name in ('ASCNet', 'warm-up of the rate')}
    assert above['ASCNet'] == {'vcop/whitened_retrieval/top1'}
    assert above['warm-up of the rate'] == {
        'vcop/whitened_retrieval/top1', 'vcop/retrieval/top1',
        'vcop/knn/top1_k20', fragments.AVERAGE}
    half = fragments.method_of(
        'ucf101_subset_choice', 'half the clips differences')
    assert change(found, untrained, half, fragments.SPEED).low > 0


def from_untrained_networks(experiment):
    """Differences from the networks of all seeds, by method and measure."""
    found = fragments.figures(f'compare_{experiment}')
    untrained = fragments.untrained_networks(experiment)
    return {
        (method['name'], method['budget'], measure['key']):
        change(found, untrained, method, measure['key'])
        for method in found['methods'][1:] for measure in found['measures']
        if fragments.values(method, measure['key'])}


@pytest.mark.parametrize('experiment', [*fragments.OF_OTHER_SEEDS])
def test_untrained_networks_are_of_the_same_videos(experiment):
    found = fragments.figures(f'compare_{experiment}')
    [first] = found['methods'][0]['runs']
    for name in fragments.OF_OTHER_SEEDS[experiment]:
        other = fragments.figures(f'compare_{name}')
        common = other['groups'].keys() & found['groups'].keys()
        assert common == other['groups'].keys()
        assert all(other['groups'][key] == found['groups'][key]
                   for key in common)
    networks = fragments.untrained_networks(experiment)
    assert networks['epochs'] == 0
    same, *others = networks['runs']
    assert all(first['outcomes'][key] == outcome
               for key, outcome in same['outcomes'].items())
    assert [run['seed'] for run in others] == [*range(1, len(others) + 1)]
    assert len(others) == (2 if experiment == 'grid_s1_learners' else 5)


def test_what_is_said_of_speed_after_short_runs_holds():
    speed = 'motion/paired_speed_probe/accuracy'
    spans = {name: span for (name, _, key), span in from_untrained_networks(
        'ucf101_subset_learners').items() if key == speed}
    assert {'ASCNet', 'ACP alone'} < {*spans}
    assert {name for name, span in spans.items() if not span.holds_zero} == {
        'Pace'} and spans['Pace'].low > 0
    assert differences_from(
        'ucf101_subset_learners', 1)['ACP alone', speed].low > 0


def test_what_is_said_of_untrained_networks_holds():
    found = fragments.figures('compare_ucf101_subset_plus')
    networks = fragments.untrained_networks('ucf101_subset_curves')
    speeds = fragments.values(networks, fragments.SPEED)
    assert [round(end, 1) for end in (min(speeds), max(speeds))] == [
        55.6, 69.1]
    alone = [dict(networks, runs=[run]) for run in networks['runs']]
    pairs = [change(found, *pair, fragments.SPEED)
             for pair in combinations(alone, 2)]
    assert len(pairs) == 15
    assert sum(not span.holds_zero for span in pairs) == 8


def test_what_is_said_of_longer_training_holds():
    """At each budget, the differences from the untrained network."""
    found = fragments.figures('compare_ucf101_subset_curves')
    speed, average = 'motion/paired_speed_probe/accuracy', fragments.AVERAGE
    untrained, *methods = found['methods']
    told = {
        place: 0 if span.holds_zero else math.copysign(1, span.value)
        for place, span in from_untrained_networks(
            'ucf101_subset_curves').items()
        if place[2] in (speed, average)}
    assert {name: [told.get((name, budget, speed)) for budget in
                   (500, 2000, 8000, 32000)] for name, *_ in told} == {
        'ASCNet': [0, 0, 0, 0], 'ASCNet + speed': [0, 1, None, None],
        'ACP alone': [0, 0, None, None], 'Pace': [1, 1, None, None]}
    assert not any(side for place, side in told.items()
                   if place[2] == average)
    at = {(method['name'], method['budget']): method for method in methods}
    first, *longer = (fragments.values(at['ASCNet', budget], average)[0]
                      for budget in (500, 2000, 8000, 32000))
    assert max(longer) <= first
    assert change(found, at['ACP alone', 500], at['ASCNet', 500],
                  speed).low > 0
    for key in ('shuffled/retrieval/top1', 'shuffled/linear/top1'):
        shuffled = [estimate(found, method, key) for method in (
            untrained, *methods)]
        assert [span is None for span in shuffled].count(False) == 5
        # Three classes
        assert all(span.low < 100 / 3 < span.high
                   for span in shuffled if span)


def in_float32(experiment):
    """Names of the trained methods whose processor has no bfloat16."""
    found = fragments.figures(f'compare_{experiment}')
    return {
        method['name'] for method in found['methods'] if method['epochs']
        for run in method['runs'] if not run['made']['machine']['bf16']
    }


BOTH = 'ASCNet + speed + covariance'


def test_what_is_said_of_the_recipe_holds():
    speed, nearest = 'motion/paired_speed_probe/accuracy', 'vcop/knn/top1_k20'
    retrieval, average = 'vcop/retrieval/top1', fragments.AVERAGE
    found = fragments.figures('compare_ucf101_subset_plus')
    names = [method['name'] for method in found['methods']]
    assert names[:3] == ['untrained', 'ASCNet', 'ASCNet + speed']
    assert in_float32('ucf101_subset_plus') == {'BYOL'}
    assert Counter(
        method['name'] for method in found['methods'] if method['epochs']
        for run in method['runs']
        if 'Intel' in run['made']['machine']['processor']) == {
            'InfoNCE': 3, 'RSPNet': 3, 'ACP alone': 2, 'Pace': 2}
    untrained, ascnet, recipe = (
        {place: 0 if span.holds_zero else math.copysign(1, span.value)
         for place, span in
         differences_from('ucf101_subset_plus', number).items()}
        for number in range(3))

    assert {name for name in names if recipe.get((name, speed)) == 1} == {
        'Pace'}
    assert {name for name in names if recipe.get((name, speed)) == -1} == {
        *names} - {'Pace', 'ASCNet + speed', BOTH}
    assert not any(ascnet[name, speed] for name in (
        'untrained', 'ACP alone', 'random positive', 'equal speeds', 'BYOL'))
    assert not any(side for (name, _), side in ascnet.items()
                   if name in ('random positive', 'equal speeds',
                               'supervised'))
    supervised = fragments.method_of('ucf101_subset_plus', 'supervised')
    assert all(run['training']['top1_acc'] == 1 for run in supervised['runs'])
    assert untrained['supervised', 'vcop/whitened_retrieval/top1'] == 1
    for reference in found['methods'][:2]:
        for key in (retrieval, 'vcop/linear/top1'):
            span = change(found, reference, supervised, key)
            assert (span.high - span.low) / 2 == pytest.approx(15, abs=1.5)

    of_classes = {place: side for place, side in recipe.items()
                  if side and place[0] != BOTH and place[1] != speed}
    assert {name for name, _ in of_classes} == {'Pace', 'pixels', 'untrained'}
    assert set(of_classes.values()) == {-1}
    assert of_classes['Pace', retrieval] == of_classes['Pace', average] == -1
    assert {name for name in names if untrained.get((name, nearest))} == {
        'ASCNet', 'ASCNet + speed', 'ACP alone', 'random positive', 'BYOL',
        'supervised', BOTH}
    assert all(side['pixels', key] == -1 for side in (ascnet, recipe)
               for key in (average, nearest, 'vcop/linear/top1', speed))
    assert ascnet['pixels', retrieval] == recipe['pixels', retrieval] == 0
    assert untrained['pixels', speed] == -1
    assert estimate(found, found['methods'][-1], speed).low < 50 < estimate(
        found, found['methods'][-1], speed).high
    for name in names[1:-1]:
        for key in ('vcop/linear/top1', 'vcop/standardized_linear/top1'):
            assert untrained[name, key] == 0
    assert {key for (name, key), side in untrained.items()
            if name == 'Pace' and side == 1} == {speed}


def test_what_is_said_of_the_covariance_penalty_holds():
    retrieval, average = 'vcop/retrieval/top1', fragments.AVERAGE
    found = fragments.figures('compare_ucf101_subset_plus')
    names = [method['name'] for method in found['methods']]
    untrained, ascnet, recipe = (
        {place: 0 if span.holds_zero else math.copysign(1, span.value)
         for place, span in
         differences_from('ucf101_subset_plus', number).items()}
        for number in range(3))
    for sides in (untrained, ascnet):
        assert not any(side for (name, _), side in sides.items()
                       if name == 'ASCNet + covariance')
    assert not any(side for (name, _), side in ascnet.items() if name == BOTH)
    for key in (retrieval, average):
        assert [name for name in names if untrained.get((name, key)) == 1] == [
            BOTH]
    assert recipe[BOTH, average] == 1
    number = names.index(BOTH)
    assert not any(
        span.value > 0 and not span.holds_zero for span in
        differences_from('ucf101_subset_plus', number).values())


CLASSES = ('vcop/retrieval/top1', 'vcop/whitened_retrieval/top1',
           'vcop/knn/top1_k20', fragments.AVERAGE)


def above(found, name):
    """By method, the measures in which it is above one, and those below."""
    reference = next(method for method in found['methods']
                     if method['name'] == name)
    spans = {
        (method['name'], measure['key']): change(
            found, reference, method, measure['key'])
        for method in found['methods'] if method is not reference
        for measure in found['measures']}
    told = {place: span for place, span in spans.items()
            if span and not span.holds_zero}
    names = [method['name'] for method in found['methods']]
    return tuple({
        method: {key for (other, key), span in told.items()
                 if other == method and span.value * side > 0}
        for method in names if method != name} for side in (1, -1))


def test_what_is_said_of_six_seeds_holds():
    other = fragments.figures('compare_ucf101_subset_plus_seeds')
    found = fragments.all_seeds()
    names = ['untrained', 'ASCNet', 'ASCNet + speed', BOTH,
             'random positive', 'ACP alone', 'BYOL']
    assert [method['name'] for method in found['methods']] == names
    assert all(len(method['runs']) == 6 for method in found['methods'])
    higher, lower = above(found, 'untrained')
    assert not any(lower.values())
    assert {*names[1:]} == {*higher}
    retrieval, whitened, neighbors, average = CLASSES
    most = {retrieval, whitened, neighbors}
    in_classes = {
        'ASCNet': {*CLASSES}, 'ASCNet + speed': most, BOTH: {*CLASSES},
        'ACP alone': most, 'BYOL': {neighbors},
        'random positive': {whitened, neighbors}}
    for name, keys in in_classes.items():
        assert {*CLASSES} & higher[name] == keys
        assert not {'vcop/linear/top1',
                    'vcop/standardized_linear/top1'} & higher[name]
    alone, _ = above(other, 'untrained')
    assert {*CLASSES} <= alone['ASCNet']
    assert not {*CLASSES} & alone[BOTH]

    direction = 'motion/reading_direction/accuracy'
    for side in above(found, 'ASCNet'):
        for name, keys in side.items():
            if name != 'untrained':
                assert keys <= {fragments.SPEED, direction}
                assert fragments.SPEED not in keys or name in names[2:4]
    for method in found['methods']:
        span = estimate(found, method, direction)
        assert span.low < 50 < span.high
    methods = {method['name']: method for method in found['methods']}
    for name, ends in (('ACP alone', [-4.3, 2.4]),
                       ('random positive', [-8.2, 1.7])):
        _, *found_ends = change(
            found, methods['ASCNet'], methods[name], fragments.AVERAGE)
        assert [round(end, 1) for end in found_ends] == ends

    _, below = above(found, 'ASCNet + speed')
    slower = {
        name: round(-change(found, methods['ASCNet + speed'], methods[name],
                            fragments.SPEED).value, 1)
        for name, keys in below.items() if fragments.SPEED in keys}
    assert slower == {'untrained': 12.7, 'ASCNet': 9.3, 'ACP alone': 10.4,
                      'BYOL': 11.4, 'random positive': 13.1}
    _, below_alone = above(other, 'ASCNet + speed')
    assert {name for name, keys in below_alone.items()
            if fragments.SPEED in keys} == {*slower} - {'BYOL'}
    centered = 'vcop/centered_retrieval/top1'
    better, worse = above(found, 'ASCNet + speed')
    assert (better[BOTH], worse[BOTH]) == ({centered}, set())
    better_than_byol, _ = above(found, 'BYOL')
    assert fragments.AVERAGE in better_than_byol[BOTH]
    assert [round(change(found, methods[name], methods[BOTH], key).value, 1)
            for name, key in (('ASCNet + speed', centered),
                              ('BYOL', fragments.AVERAGE))] == [7.1, 3.7]
    for reference in ('ASCNet + speed', 'BYOL'):
        better_alone, _ = above(other, reference)
        assert not better_alone[BOTH] & {centered, fragments.AVERAGE}
    assert fragments.SPEED not in higher['ASCNet'] | higher['ACP alone']


def test_other_seeds_lie_in_the_intervals_that_are_stated():
    first, other = (fragments.figures(f'compare_{name}') for name in (
        'ucf101_subset_plus', 'ucf101_subset_plus_seeds'))
    outside, count = [], 0
    for method in other['methods']:
        stated = fragments.method_of('ucf101_subset_plus', method['name'])
        for key in [measure['key'] for measure in other['measures']]:
            span = estimate(first, stated, key)
            value = estimate(other, method, key).value
            count += 1
            if not span.low <= value <= span.high:
                outside.append((method['name'], key, value < span.low))
    assert count == 70
    assert outside == [('ASCNet + speed', fragments.SPEED, True)]


def test_what_the_readme_says_of_all_seeds_holds():
    """Of other methods, with as many seeds as each has."""
    found = fragments.every_seed()
    shown = {CLASSES[0], fragments.AVERAGE, fragments.SPEED}
    equal = ['ACP alone', 'random positive', 'equal speeds', 'BYOL',
             'InfoNCE', 'supervised']
    for side in above(found, 'ASCNet'):
        assert not any(shown & side[name] for name in equal)
    faster, _ = above(found, 'ASCNet + speed')
    assert {name for name, keys in faster.items()
            if fragments.SPEED in keys} == {'Pace'}
    higher, lower = above(found, 'ASCNet')
    assert higher['ASCNet + speed'] == {fragments.SPEED}
    assert lower['ASCNet + speed'] == set()
    _, lower = above(found, 'ASCNet + speed')
    assert {CLASSES[0], fragments.AVERAGE} <= lower['Pace']


def test_all_seeds_are_of_the_same_videos():
    first, other = (fragments.figures(f'compare_ucf101_subset_{name}')
                    for name in ('plus', 'plus_seeds'))
    for key in ('positions', 'groups', 'videos'):
        assert first[key] == other[key]
    for method in fragments.all_seeds()['methods']:
        assert [run['seed'] for run in method['runs']] == [*range(6)]


def test_what_is_said_of_more_videos_holds():
    found = fragments.figures('compare_ucf101_subset_more_videos')
    _, ascnet, more = found['methods']
    data = found['data']
    assert more['trained_on'] == ''
    assert data['selected'][''] == data['pretrain'] + 1000 == 1490
    for number in range(2):
        assert all(span.holds_zero for (name, _), span in differences_from(
            'ucf101_subset_more_videos', number).items()
                   if name == more['name'])
    higher = {
        measure['key'] for measure in found['measures']
        if mean(fragments.values(more, measure['key'])) > mean(
            fragments.values(ascnet, measure['key']))}
    assert higher == {'motion/reading_direction/accuracy'}
    ranks = [mean(run['training']['effective_rank'] for run in method['runs'])
             for method in (ascnet, more)]
    assert ranks == [pytest.approx(4, abs=0.3), pytest.approx(2, abs=0.3)]
    # As many samples of three times as many videos
    assert more['samples'] == pytest.approx(ascnet['samples'], rel=0.02)


def test_what_is_said_of_batch_and_width_holds():
    name = 'ucf101_subset_batch_width'
    found = fragments.figures(f'compare_{name}')
    _, ascnet, batch, wide, wide_untrained = found['methods']
    for method in (batch, wide):
        assert method['samples'] == pytest.approx(ascnet['samples'], rel=2e-3)
        for measure in found['measures']:
            assert change(found, ascnet, method, measure['key']).holds_zero
    for measure in found['measures']:
        assert change(found, wide_untrained, wide, measure['key']).holds_zero
    assert {
        place for place, span in differences_from(name, 0).items()
        if not span.holds_zero
    } == {('ASCNet', 'vcop/knn/top1_k20'), ('batch 128', 'vcop/knn/top1_k20'),
          ('width 32', 'vcop/whitened_retrieval/top1')}
    usual, larger = ({**found['pretraining'], **method['options']}
                     for method in (ascnet, batch))
    rate, momentum = ('optim_wrapper.optimizer.lr',
                      'default_hooks.momentum_update.momentum')
    assert larger['batch_size'] == 4 * usual['batch_size'] == 128
    assert larger[rate] == pytest.approx(4 * usual[rate])
    assert larger[momentum] == pytest.approx(usual[momentum]**4)
    processors = [{run['made']['machine']['processor']
                   for run in method['runs']} for method in found['methods']]
    assert processors[1].isdisjoint(processors[2] | processors[3])


def test_what_is_said_of_the_learners_own_tasks_holds():
    def gap(place, key, experiment):
        """How far the loss has fallen."""
        [run] = fragments.method_of(f'{experiment}_learners', place)['runs']
        return fragments.UNLEARNED[place, key][1] - run['training'][key]

    for experiment in ('ucf101_subset', 'grid_s1'):
        for place in (('InfoNCE', 'loss_infonce'), ('VCP', 'loss_vcp'),
                      ('Buechler et al.', 'loss_space')):
            assert gap(*place, experiment) > 0.1
        for place in (('VCOP', 'loss_order'), ('OPN', 'loss_order'),
                      ('Buechler et al.', 'loss_time'),
                      ('SpeedNet', 'loss_speed')):
            assert abs(gap(*place, experiment)) < 0.02
    assert gap('Pace', 'loss_pace', 'ucf101_subset') > 0.1
    assert abs(gap('Pace', 'loss_pace', 'grid_s1')) < 0.02


def test_no_learner_reaches_the_motion_of_pixels():
    methods = fragments.figures('compare_grid_s1_learners')['methods']
    for key in ('digit/ridge/top1', 'adverb/ridge/top1'):
        *others, pixels = (fragments.values(method, key)
                           for method in methods)
        assert methods[-1]['name'] == 'pixels, motion'
        assert max(value for found in others for value in found) < min(pixels)


def test_what_is_said_of_the_spoken_words_holds():
    digit, adverb = 'digit/ridge/top1', 'adverb/ridge/top1'
    names = [method['name'] for method in fragments.figures(
        'compare_grid_s1_methods')['methods']]
    moving = [name for name in names if 'differences, at one time' in name]
    assert len(moving) == 9
    moves = 'ASCNet, differences, at one time'
    contrast, weight_1, infonce, acp, random, byol, rspnet = (
        f'{name}, differences, at one time' for name in (
            'ASCNet + contrast', 'ASCNet + contrast of weight 1', 'InfoNCE',
            'ACP alone', 'random positive', 'BYOL', 'RSPNet'))
    four = f'{contrast}, four frames kept'
    assert {*moving} == {moves, contrast, weight_1, infonce, acp, random,
                         byol, rspnet, four}

    def above(name):
        """Methods and words that are told from this method, being above."""
        return {key for key, span in differences_from(
            'grid_s1_methods', names.index(name)).items() if span.low > 0}

    pixels = 'pixels, motion'
    both = {(name, word) for name in moving for word in (digit, adverb)}
    of_pictures = [name for name in names if 'differences' not in name
                   and name not in ('untrained', pixels)]
    assert above('untrained') == both | {
        ('InfoNCE', adverb), ('differences, untrained', adverb),
        ('differences, four frames kept, untrained', adverb),
        (pixels, digit), (pixels, adverb)}
    assert both - above('ASCNet') == {(byol, digit)}
    for name in of_pictures:
        assert {(pixels, digit), (pixels, adverb)} <= above(name)
    assert not above(pixels)
    assert {(name, adverb) for name in moving} <= above(
        'differences, untrained')
    assert {name for name in moving if (pixels, adverb) in above(name)} == {
        byol}
    assert {name for name in moving if (pixels, digit) not in above(name)} == {
        contrast, infonce, rspnet}
    # The methods
    assert not above(moves) & both
    assert not any((moves, word) in above(name)
                   for name in moving for word in (digit, adverb))
    for name in (contrast, infonce, rspnet):
        assert not above(name) & {(other, word) for other in (
            contrast, infonce, rspnet) for word in (digit, adverb)}
    assert above(random) & both == {
        (name, digit) for name in (contrast, infonce, rspnet)}
    assert above(byol) & both == {
        (name, adverb) for name in (acp, contrast, infonce, rspnet, four)}
    assert not above(contrast) & {(four, digit), (four, adverb)}
    ours = fragments.method_of('grid_s1_methods', moves)
    spans = [change(fragments.figures('compare_grid_s1_methods'), ours,
                    fragments.method_of('grid_s1_methods', acp), word)
             for word in (digit, adverb)]
    assert [round(end, 1) for span in spans for end in (
        span.low, span.high)] == [-5.0, 3.0, -2.8, 9.8]
    gains = [span.value for (name, word), span in differences_from(
        'grid_s1_methods', names.index('ASCNet')).items()
        if (name, word) in both and word == adverb]
    assert min(gains) >= 10.5 and max(gains) < 20.5
    assert in_float32('grid_s1_methods') == {'ASCNet + speed'}
    recipe = fragments.method_of('grid_s1_methods', 'ASCNet + speed')
    for run in recipe['runs']:
        assert run['training']['loss_speed'] == pytest.approx(
            math.log(4), abs=0.01)
