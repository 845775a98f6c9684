import shutil

import pytest

from ascnet_mm import InputError
from ascnet_mm.experiments.source import find_videos, read_experiment

from .planning import EXPERIMENT, LINES, changed, planned

_BUDGETS = dict(epochs=0, budgets=[6, 9])


@pytest.mark.parametrize('parts, words', [
    (dict(seeds=[]), 'does not say seeds'),
    (dict(seeds=[1, 1]), 'twice'),
    (dict(seeds=3), 'seeds is a list, not 3'),
    (dict(epochs=0, budgets=500), 'budgets is a list, not 500'),
    (dict(kept_out='test.txt'), "kept_out is a list, not 'test.txt'"),
    (dict(groups='('), r"'\(' is no regular expression"),
    (dict(trained_on='['), 'is no regular expression'),
    (dict(methods=[dict(name='A', trained_on='*')]),
     'is no regular expression'),
    (dict(methods=[dict(name='A'), dict(config='x.py')]),
     r'methods\[1\] has no name'),
    (dict(methods=[dict(name='A')]), 'A has no config'),
    (dict(methods=[dict(name='A', option={})]), "A has 'option', which is"),
    (dict(evaluations=[dict(name='vcop', method=['A'])]),
     "vcop has 'method', which is none of name, config"),
    (dict(methods=[dict(name='A b'), dict(name='a-B')]), 'names of the me'),
    (dict(methods=[dict(name='Untrained')]), 'untrained'),
    (dict(measures={'other/top1': 'x'}), 'none of the evaluations'),
    (dict(measures={'vcop/a + other/b': 'x'}), 'other/b is of none'),
    (dict(evaluations=[dict(name='vcop', methods=['ASC'])]), 'is of ASC'),
    (dict(budgets=[500]), 'either epochs or budgets'),
    (dict(epochs=0), 'either epochs or budgets'),
    (dict(epochs=0, budgets=[500, 500]), 'different numbers of steps'),
    (dict(epochs=0, budgets=[0, 500]), 'different numbers of steps'),
    (dict(methods=[dict(name='A', steps=9)]), 'A, sets the budget'),
    (dict(methods=[dict(name='A'), dict(name='B', steps=9, epochs=2)]),
     'leave out one'),
    (dict(methods=[dict(name='A', up_to=9)]), 'A takes no up_to'),
    (dict(methods=[dict(name='A'), dict(name='B', up_to=9)]),
     'B takes no up_to'),
    (dict(_BUDGETS, methods=[dict(name='A'), dict(name='B', up_to=5)]),
     'B, up_to=5, is not trained: the smallest budget is 6'),
    (dict(_BUDGETS,
          methods=[dict(name='A'), dict(name='B', up_to=9, steps=3)]),
     'B takes no up_to'),
    (dict(_BUDGETS,
          methods=[dict(name='A'), dict(name='B', up_to=6),
                   dict(name='C', options={'a': '{B}'})]),
     'C refers to {B}'),
    (dict(chooses=True), 'test_lists'),
    (dict(methods=[dict(name='A', options={'a': ['{B}']}), dict(name='B')]),
     'A refers to {B}'),
    (dict(methods=[dict(name='A'), dict(name='B', epochs=0),
                   dict(name='C', options={'a': '{A}/{data_root}/{B}'})]),
     'C refers to {B}'),
    (dict(methods=[dict(name='A'), dict(name='B', steps=9),
                   dict(name='C', options={'a': '{B}'})]), 'C refers to {B}'),
    (dict(methods=[dict(name='A'),
                   dict(name='B', steps=9, options={'a': '{A}'})]),
     'B refers to {A}'),
    (dict(methods=[dict(name='A'), dict(name='B', encoder={'a': '{A}'})]),
     '{A} stands for'),
    (dict(pretraining={'a': '{data_root}/x'}), '{data_root} stands for'),
    (dict(methods=[dict(name='A', judged=False)]), 'A, .* takes no judged'),
    (dict(methods=[dict(name='A'), dict(name='B', videos='flow')]),
     'B is trained on flow .* judged=False'),
    (dict(methods=[dict(name='A'), dict(name='B', judged=False)],
          evaluations=[dict(name='vcop', methods=['B'])]), 'judged=False'),
    (dict(methods=[dict(name='A'),
                   dict(name='B', trained_on='x', labels='train.txt')]),
     'B takes no trained_on: it is trained on train.txt'),
    (dict(methods=[dict(name='A'), dict(name='B', trained_on='x', epochs=0)]),
     'B takes no trained_on: it is trained on nothing'),
])
def test_a_bad_experiment_is_refused(tmp_path, parts, words):
    with pytest.raises(InputError, match=words):
        read_experiment(changed(tmp_path, **parts))


def test_a_supervised_list_has_labels(videos, tmp_path):
    shutil.copytree(videos, tmp_path / 'set')
    with open(f'{videos}/train.txt') as file:
        paths = [line.split()[0] for line in file]
    (tmp_path / 'set' / 'train.txt').write_text('\n'.join(paths))
    experiment = read_experiment(changed(tmp_path, **LINES))
    with pytest.raises(InputError, match='needs a label'):
        find_videos(experiment, str(tmp_path / 'set'))


def test_copies_say_how_they_were_made(videos, plan, tmp_path):
    assert plan[1].prepared == {}
    copies = shutil.copytree(videos, tmp_path / 'copies')
    (copies / 'transcode.json').write_text('{"short_edge": 96}')
    assert planned(str(copies))[1].prepared == dict(short_edge=96)


def test_groups_must_part_the_judged_videos(videos, tmp_path):
    experiment = read_experiment(changed(tmp_path, groups='.*'))
    find_videos(experiment, videos)
    experiment.groups = '^'
    with pytest.raises(InputError, match='one group of all'):
        find_videos(experiment, videos)
    experiment.groups = 'g[0-9]+_c'
    with pytest.raises(InputError, match='matches nothing in the paths'):
        find_videos(experiment, videos)


def test_a_listed_video_must_be_there(videos, tmp_path):
    shutil.copytree(videos, tmp_path / 'set')
    with open(tmp_path / 'set' / 'test.txt', 'a') as file:
        file.write('nowhere.mp4 0\n')
    with pytest.raises(InputError, match='nowhere.mp4'):
        find_videos(read_experiment(EXPERIMENT), str(tmp_path / 'set'))
