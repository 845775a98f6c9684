"""tools/visualize.py: what is drawn, and that it is."""
import os.path as osp
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from mmengine.config import Config

from ascnet_mm import InputError
from ascnet_mm.visualization import play
from ascnet_mm.visualization.features import (
    Videos,
    choose,
    class_names,
    same_class,
    search,
)
from ascnet_mm.visualization.pictures import (
    COLORS,
    HIT,
    MARKERS,
    MISS,
    _scatter,
    draw_sheet,
    plain,
    read_frames,
)

from ..conftest import ROOT, run_tool


def some_videos(root, count, seed, classes=3):
    rng = np.random.default_rng(seed)
    return Videos(root, [f'{i}.mp4' for i in range(count)],
                  [f'class {i % classes}' for i in range(count)],
                  rng.normal(size=(count, 6)).astype(np.float32))


@pytest.mark.parametrize('root', ['here', 'there'])
def test_nearest_are_those_of_a_plain_sort_without_the_query(root):
    gallery = some_videos('here', 20, 0)
    queries = gallery if root == 'here' else some_videos(root, 9, 1)
    unit = [v.features / np.linalg.norm(v.features, axis=1, keepdims=True)
            for v in (queries, gallery)]
    for row in search(queries, gallery, [7, 2], 5):
        cosines = unit[1] @ unit[0][row.query]
        order = [i for i in np.argsort(-cosines)
                 if root == 'there' or i != row.query][:5]
        assert row.found == order
        np.testing.assert_allclose(
            row.similarities, cosines[order], atol=1e-6)
    assert len(search(gallery, gallery, [0], 99)[0].found) == 19


def test_classes_are_called_by_their_folder_or_their_number():
    assert class_names(['a/1.mp4', '2.mp4'], [-1, -1]) == ['a', '']
    assert class_names(['x/a/1', 'y/a/2', 'b/3'], [4, 4, -1]) == [
        'a', 'a', '']
    # folders that are none of the classes
    assert class_names(['a/1', 'b/2', 'a/3'], [0, 0, 1]) == [
        'class 0', 'class 0', 'class 1']


def test_queries_are_shared_out_among_the_classes():
    classes = ['b', 'b', 'b', 'a', 'c', 'a']
    assert choose(classes, 4) == [3, 0, 4, 5]
    assert sorted(choose(classes, 99)) == list(range(6))


def test_the_speed_is_the_interval_of_the_frames():
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=[
        dict(type='OpenVideo'), dict(type='SampleFrames', clip_len=8)]))))
    play(cfg, 2)
    assert cfg.test_dataloader.dataset.pipeline[1].frame_interval == 2
    with pytest.raises(InputError, match='SampleFrames'):
        play(Config(dict(test_dataloader=dict(dataset=dict(pipeline=[])))), 2)


def test_names_are_drawn_as_they_stand():
    for name in ('a$b$', r'\frac$x$', '$$', 'a_b^c'):
        shown = plain(name)
        assert not is_math_text(shown)
        assert shown.replace(r'\$', '$') == name
    assert plain('x' * 30 + 'end') == 'x' * 11 + '…' + 'x' * 9 + 'end'
    assert plain('a\nb\udcff') == 'a?b?'


def test_every_class_has_its_points_in_its_style():
    names = [f'{i:02d}' for i in range(26)]
    groups = names + names[:24]  # the last two are the smallest
    points = np.random.default_rng(0).normal(size=(50, 2))
    axis = Figure().subplots()
    _scatter(axis, points, groups)
    drawn = {c.get_label(): c for c in axis.collections}
    assert set(drawn) == {'2 other classes', *names[:24]}
    styles = set()
    for name in names[:24]:
        wanted = points[[group == name for group in groups]]
        np.testing.assert_allclose(drawn[name].get_offsets(), wanted)
        styles.add((drawn[name].get_facecolor().tobytes(),
                    drawn[name].get_paths()[0].vertices.tobytes()))
    assert len(styles) == 24 == len(COLORS) * len(MARKERS)
    assert len(drawn['2 other classes'].get_offsets()) == 2


def test_hits_and_misses_are_framed(videos, tmp_path, monkeypatch):
    from ascnet_mm.visualization import pictures
    names = ['0000.mp4', '0001.mp4', 'nowhere.mp4']
    root = osp.join(videos, 'videos', 'striped_disc_shifts')
    shown = Videos(root, names, ['a', 'a', 'b'],
                   np.array([[1, 0], [1, .1], [1, 1]], np.float32))
    framed = []
    monkeypatch.setattr(
        pictures, '_frame',
        lambda axis, color, line: framed.append(
            (axis.get_xlabel(), color, line)))
    path = str(tmp_path / 'sheet.png')
    draw_sheet(search(shown, shown, [0], 2), shown, shown, 'title', path)
    assert framed == [('0001.mp4', HIT, '-'), ('nowhere.mp4', MISS, '--')]
    height, width = plt.imread(path).shape[:2]
    assert width == 3 * 290 and height == 195
    frames = read_frames(osp.join(root, names[0]))
    assert len(frames) == 3 and frames[0].shape == (64, 80, 3)
    assert not (frames[0] == frames[2]).all()


def test_hits_are_told_by_labels_where_both_have_them():
    features = np.eye(2, dtype=np.float32)
    gallery = Videos('a', ['run/x.mp4', 'sit/y.mp4'], ['run', 'sit'],
                     features, [0, 1])
    queries = Videos('b', ['x.mp4', 'y.mp4'], ['class 0', 'class 1'],
                     features, [0, 1])
    for query, place in np.ndindex(2, 2):
        assert same_class(queries, query, gallery, place) == (query == place)
    by_folder = queries._replace(classes=['sit', 'run'], labels=[-1, -1])
    assert same_class(by_folder, 0, gallery, 1)
    assert not same_class(by_folder, 0, gallery, 0)


def test_no_class_is_missing_in_the_legend():
    axis = Figure().subplots()
    _scatter(axis, np.zeros((2, 2)), ['_left', 'right'])
    shown = [text.get_text() for text in axis.get_legend().get_texts()]
    assert [text.strip('\u200b') for text in shown] == ['_left', 'right']


def test_the_backend_of_a_user_stays(tmp_path):
    code = ("import matplotlib\nmatplotlib.use('svg')\n"
            'import ascnet_mm.visualization, ascnet_mm.demo.run\n'
            'import ascnet_mm.experiments.pictures\n'
            "assert matplotlib.get_backend() == 'svg'")
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT,
                          capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_both_pictures_are_written_without_training(videos, tmp_path):
    options = [
        'model.backbone.base_channels=2', 'model.acp_head.in_channels=16',
        'model.scp_head.in_channels=16', 'model.acp_head.hidden_channels=8',
        'model.scp_head.hidden_channels=8', 'clip_len=4', 'num_clips=2',
        'scale=(32,24)', 'crop_size=24', 'test_dataloader.num_workers=0'
    ]
    done = run_tool(
        'tools/visualize.py', 'configs/ascnet/retrieval/r18_ucf101.py',
        'untrained', f'{videos}/train.txt', '--root', f'{videos}/videos',
        '--queries', f'{videos}/test.txt', '--rows', '3', '--out',
        str(tmp_path / 'pictures'), '--work-dir', str(tmp_path),
        '--cfg-options', *options)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, size in (('map', (682, 1430)), ('retrieval', (445, 1740))):
        picture = plt.imread(tmp_path / 'pictures' / f'{name}.png')
        assert picture.shape[:2] == size
        assert picture[..., :3].std() > 0.05  # not blank
