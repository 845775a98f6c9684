"""The page of a collection, as files."""
import base64
import io
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from urllib.parse import unquote

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

pytest.importorskip('pyarrow')

from ascnet_mm import InputError
from ascnet_mm.collection import Collection
from ascnet_mm.collection.page import (
    Moment,
    content,
    moment_of,
    write_page,
    write_results,
)
from ascnet_mm.collection.page.posters import poster
from ascnet_mm.text import printable
from ascnet_mm_cli import main

from ..conftest import ROOT
from ..datasets.test_decode import save_gray_ramp
from .builders import noise, write_collection, write_shard, write_video

HOSTILE = ('</script><img src=x onerror=alert(1)>.mkv', 'a"\'&amp;\nb.mkv',
           '\u202ekvm.x\u2028\u05d0.mkv', '100% #1 ?x;:a.mkv')


def numbers(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def data_of(folder):
    text = (folder / 'data.js').read_bytes().decode('ascii')
    return json.loads(re.fullmatch(
        r'window\.COLLECTION = (.*);\n', text)[1])


def random_collection(folder, counts, channels=6, **more):
    features = np.random.default_rng(0).normal(size=(sum(counts), channels))
    return write_collection(folder, features, counts, **more)


@pytest.fixture
def hostile(tmp_path):
    """A collection of videos with names that mean something to browsers."""
    videos = []
    for number, name in enumerate(sorted(HOSTILE)):
        name = name.replace('/', '\u2215')
        write_video(tmp_path / 'videos' / name, noise(1, number))
        videos.append(dict(file=name, size=9, mtime_ns=1, label=number,
                           clips=2))
    folder = random_collection(tmp_path / 'c<b>&"', [])
    features = np.random.default_rng(0).normal(size=(8, 6)).astype('float32')
    write_shard(folder, '0' * 32, features, videos)
    path = folder / 'collection.json'
    path.write_text(json.dumps(dict(
        json.loads(path.read_text()), root=str(tmp_path / 'videos'),
        channels=6, shards=['0' * 32])))
    return folder


def test_names_are_text_and_lead_to_their_files(hostile, tmp_path, capsys):
    out = tmp_path / 'somewhere/page'
    main('page', [str(hostile), str(out), '--neighbors', '2'])
    assert f'{out}/index.html' in capsys.readouterr().out
    data = data_of(out)
    collection = Collection(hostile)
    assert data['files'] == [video.file for video in collection.videos]
    assert b'<' not in (out / 'data.js').read_bytes()
    for number, url in enumerate(data['urls']):
        assert re.fullmatch(r'\.\./\.\./videos/[\w%.~-]+', url)
        assert os.path.samefile(out / unquote(url), collection.path(number))
        with av.open(str(out / data['posters'][number])) as picture:
            assert picture.streams.video[0].codec_context.width == 160
    html = (out / 'index.html').read_text()
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append((tag, attrs))
    parser.feed(html)
    assert ('b', []) not in tags and 'c&lt;b&gt;&amp;&#34;' in html
    for _, attributes in tags:
        assert not any(name.startswith('on') or name == 'style'
                       for name, _ in attributes)
    sources = {value for _, attributes in tags for name, value in attributes
               if name in ('src', 'href')}
    assert sources == {'data:,', 'page.css', 'data.js', 'page.js', None} - {
        None}
    policy = next(dict(attributes)['content'] for _, attributes in tags
                  if 'http-equiv' in dict(attributes))
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert 'unsafe' not in policy


@pytest.mark.parametrize('levels', [ColorRange.MPEG, ColorRange.JPEG])
def test_posters_of_gray_have_the_range_that_the_file_says(levels, tmp_path):
    save_gray_ramp(str(tmp_path / 'x.mkv'), levels)
    with av.open(io.BytesIO(poster(str(tmp_path / 'x.mkv')))) as picture:
        shown = next(picture.decode(video=0)).to_ndarray(format='gray')
    shown = shown.mean(axis=0)
    assert shown[0] < 6 and shown[-1] > 249


def test_neighbors_are_of_other_videos(tmp_path, monkeypatch):
    folder = random_collection(tmp_path / 'c', [3, 4, 2, 6, 1])
    collection = Collection(folder)
    video = collection.clips.video
    unit = collection.features[:]
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosine = unit @ unit.T

    def expected(row, top):
        best = {}
        for other in np.argsort(-cosine[row], kind='stable'):
            if video[other] != video[row]:
                best.setdefault(video[other], other)
        return list(best.values())[:top]

    monkeypatch.setattr(content, 'BLOCK', 5)
    for top in (3, 10):
        found = content.neighbors_of(collection, top)
        rows = numbers(found['row'], '<i4').reshape(16, top)
        similarity = numbers(found['similarity'], '<f4').reshape(16, top)
        for row in range(16):
            wanted = expected(row, top)
            assert rows[row].tolist() == wanted + [-1] * (top - len(wanted))
            np.testing.assert_allclose(
                similarity[row, :len(wanted)], cosine[row, wanted], rtol=1e-5)
    # Of a large one: the clip in the middle of each video.
    monkeypatch.setattr(content, 'CLIPS', 15)
    found = content.neighbors_of(collection, 3)
    rows = numbers(found['row'], '<i4').reshape(5, 3)
    assert rows.tolist() == [expected(row, 3) for row in (1, 5, 8, 12, 15)]
    assert numbers(found['query'], '<i4').tolist() == video.tolist()


def test_there_are_no_more_neighbors_than_other_videos(tmp_path):
    collection = Collection(random_collection(tmp_path / 'c', [3, 4, 2]))
    for given, shown in ((10**7, 2), (1, 1), (0, 0)):
        write_page(collection, str(tmp_path / 'page'), neighbors=given)
        data = (tmp_path / 'page/data.js').read_text()
        assert f'"neighbors":{{"top":{shown},' in data
    for wrong in (-1, 2.5):
        with pytest.raises(InputError, match='neighbors is a whole number'):
            write_page(collection, str(tmp_path / 'other'), neighbors=wrong)
    assert not (tmp_path / 'other').exists()


def test_groups_color_the_clips(tmp_path):
    folder = random_collection(tmp_path / 'c', [2, 3, 1])
    groups = tmp_path / 'groups.json'
    groups.write_text(json.dumps([
        dict(file='v01.mp4', cluster=9), dict(file='v00.mp4', cluster=7),
        dict(file='gone.mp4', cluster=1)]))
    (tmp_path / 'page/posters').mkdir(parents=True)
    (tmp_path / 'page/posters/99.jpg').touch()
    main('page', [str(folder), str(tmp_path / 'page'), '--groups',
                  str(groups), '--root', str(tmp_path)])
    data = data_of(tmp_path / 'page')
    assert data['posters'] == [''] * 3
    assert list((tmp_path / 'page/posters').iterdir()) == []
    found = {group['name']: [group['values'][place] for place in numbers(
        group['of'], '<i4')] for group in data['groups']}
    videos = ['v00.mp4'] * 2 + ['v01.mp4'] * 3 + ['v02.mp4']
    assert found == dict(cluster=[*'77999', 'none'], label=list('001110'),
                         video=videos)
    assert data['groups'][0]['values'] == ['9', '7', 'none']
    for wrong in ('[1]', '{"cluster": [1]}', '{', '[{"cluster": 1}]',
                  '[{"file": "other.mp4", "cluster": 1}]'):
        groups.write_text(wrong)
        with pytest.raises(SystemExit, match='no JSON list|names no video'):
            main('page', [str(folder), str(tmp_path / 'page'), '--groups',
                          str(groups)])


def values_of(data, name):
    group, = (group for group in data['groups'] if group['name'] == name)
    return [group['values'][place] for place in numbers(group['of'], '<i4')]


def test_labels_are_called_by_their_names(tmp_path):
    """Those of a file; else the folders, where each label has its own."""
    folder = random_collection(tmp_path / 'c', [])
    files = ['x/run/a.mp4', 'y/run/b.mp4', 'sit/c.mp4', 'sit/d.mp4',
             'sit/e.mp4', 'no/f.mp4']
    labels = [2, 2, 0, 1, -1, -1]
    write_shard(folder, '0' * 32, np.eye(6, dtype='float32'), [
        dict(file=file, size=9, mtime_ns=1, label=label, clips=1)
        for file, label in zip(sorted(files), [
            labels[files.index(file)] for file in sorted(files)])])
    path = folder / 'collection.json'
    path.write_text(json.dumps(dict(
        json.loads(path.read_text()), channels=6, shards=['0' * 32])))
    order = [files.index(video.file) for video in Collection(folder).videos]

    def shown(*options):
        main('page', [str(folder), str(tmp_path / 'page'), *options])
        found = values_of(data_of(tmp_path / 'page'), 'label')
        return [found[order.index(place)] for place in range(6)]

    assert shown() == ['run', 'run', '0', '1', 'none', 'none']
    names = tmp_path / 'names.txt'
    names.write_text('to sit\r\n<b>\nr\u00fcn\n', encoding='utf-8')
    assert shown('--label-names', str(names)) == [
        'r\u00fcn', 'r\u00fcn', 'to sit', '<b>', 'none', 'none']
    groups = tmp_path / 'groups.json'
    groups.write_text(json.dumps([dict(file='sit/c.mp4', cluster=4)]))
    shown('--label-names', str(names), '--groups', str(groups))
    assert [group['name'] for group in data_of(tmp_path / 'page')[
        'groups']] == ['cluster', 'label', 'folder', 'video']


def tags_of(html):
    """Tags with their attributes, and the text between them."""
    tags, texts = [], []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append((tag, dict(attrs)))
    parser.handle_data = texts.append
    parser.feed(html)
    return tags, [text.strip() for text in texts if text.strip()]


def test_what_is_found_is_a_page(hostile, tmp_path, capsys):
    out = tmp_path / 'somewhere/found'
    names = tmp_path / 'names.txt'
    names.write_text('one\n<i>two\n')
    main('search', [str(hostile), '--row', '3', '--top', '3', '--page',
                    str(out), '--label-names', str(names)])
    assert f'{out}/index.html' in capsys.readouterr().out
    collection = Collection(hostile)
    found = collection.search(collection.features[3], 3)
    html = (out / 'index.html').read_text()
    tags, texts = tags_of(html)
    assert not {tag for tag, _ in tags} & {'script', 'img', 'i', 'b'}
    videos = [attributes for tag, attributes in tags if tag == 'video']
    # The query, and then what was found, itself first
    for video, row in zip(videos, [3, *found.row[0]], strict=True):
        number = collection.clips.video[row]
        path, _, time = video['src'].partition('#t=')
        start = collection.clips.start[row]
        assert time == f'{start:g},{start + 2:g}'
        assert os.path.samefile(out / unquote(path), collection.path(number))
        assert (out / video['poster']).read_bytes() == poster(
            collection.path(number), start, start + 2)
        assert video['preload'] == 'none' and 'controls' in video
        escaped = printable(collection.videos[number].file)
        assert texts.count(escaped) and escaped in video['aria-label']
    labels = ['one', '<i>two', 'label 2', 'label 3']
    for row, similarity in zip(found.row[0], found.similarity[0]):
        assert f'cosine {similarity:.3f},' in texts
        assert labels[collection.clips.label[row]] in texts
    policy = next(attributes['content'] for _, attributes in tags
                  if 'http-equiv' in attributes)
    assert 'script' not in policy and 'unsafe' not in policy
    assert sorted(os.listdir(out)) == ['index.html', 'page.css', 'posters']
    # What else is in the way stays.
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/thesis.txt').write_text('x')
    with pytest.raises(SystemExit, match='thesis.txt'):
        main('search', [str(hostile), '--row', '3', '--page',
                        str(tmp_path / 'mine')])


def test_a_moment_is_said_in_minutes():
    assert Moment('a.mp4').time == 'all of it'
    assert Moment('a.mp4', 75.25).time == 'from 1:15.2 on'
    assert Moment('a.mp4', 0, 3600).time == '0:00.0 to 60:00.0'
    assert Moment('a.mp4', 59.96, 61).time == '1:00.0 to 1:01.0'


def test_a_group_has_a_value_per_clip(tmp_path):
    collection = Collection(random_collection(tmp_path / 'c', [2]))
    with pytest.raises(InputError, match='cluster has 1 values for 2 clips'):
        write_page(collection, str(tmp_path / 'page'), groups=dict(
            cluster=[1]))


def test_nothing_else_is_written_over(tmp_path):
    collection = Collection(random_collection(tmp_path / 'c', [1]))
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/thesis.txt').write_text('x')
    with pytest.raises(InputError, match='thesis.txt'):
        write_page(collection, str(tmp_path / 'mine'))
    with pytest.raises(InputError, match='is a file'):
        write_page(collection, str(tmp_path / 'mine/thesis.txt'))
    assert [path.name for path in (tmp_path / 'mine').iterdir()] == [
        'thesis.txt']


@pytest.mark.parametrize('name', [
    'index.html', 'posters/precious.jpg', 'posters'])
def test_files_of_the_names_of_a_page_are_kept(tmp_path, name):
    collection = Collection(random_collection(tmp_path / 'c', [1]))
    path = tmp_path / 'mine' / name
    path.parent.mkdir(parents=True)
    path.write_text('mine')
    for write in (write_page, lambda *args: write_results(
            collection, moment_of(collection, 0),
            collection.search(collection.features[0]), args[1])):
        with pytest.raises(InputError, match=f'holds other files .{name}'):
            write(collection, str(tmp_path / 'mine'))
    assert path.read_text() == 'mine'


def test_a_page_is_written_anew_and_what_was_added_stays(tmp_path):
    collection = Collection(random_collection(tmp_path / 'c', [1]))
    page = write_page(collection, str(tmp_path / 'page'))
    added = [tmp_path / 'page/notes.txt', tmp_path / 'page/posters/logo.svg']
    old = [tmp_path / 'page/posters' / name
           for name in ('7.jpg', '8.jpg.part')]
    for path in added + old:
        path.write_text('x')
    with pytest.raises(InputError, match='2 values'):
        write_page(collection, str(tmp_path / 'page'), groups=dict(a=[1, 2]))
    assert all(path.exists() for path in added + old)
    write_page(collection, str(tmp_path / 'page'))
    assert all(path.exists() for path in added)
    assert not any(path.exists() for path in old)
    # As of a run that was killed before it wrote the page
    os.remove(page)
    for path in added:
        path.unlink()
    (tmp_path / 'page/data.js.part').write_text('x')
    assert write_page(collection, str(tmp_path / 'page')) == page


def test_an_earlier_page_is_whole_until_the_new_one_is(
        tmp_path, monkeypatch):
    """A video comes before the others, and the second poster breaks off."""
    for name, level in (('v00', 200), ('v01', 100)):
        write_video(tmp_path / f'{name}.mp4', np.full(
            (5, 16, 16), level, np.uint8))
    out = tmp_path / 'page'
    write_page(Collection(random_collection(tmp_path / 'c', [1, 1]), tmp_path),
               str(out))
    before = {path: path.read_bytes() for path in out.rglob('*.*')}
    posters = data_of(out)['posters']
    write_video(tmp_path / 'v00.mp4', np.full((5, 16, 16), 20, np.uint8))
    more = Collection(random_collection(tmp_path / 'd', [1, 1, 1]), tmp_path)
    made = iter(range(1))

    def interrupted(path):
        for _ in made:
            return poster(path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr('ascnet_mm.collection.page.writing.poster', interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_page(more, str(out))
    assert all(path.read_bytes() == content
               for path, content in before.items())
    write_page(more, str(out))
    found = data_of(out)['posters']
    assert found[0] not in posters and found[1] == posters[1]
    assert {f'posters/{path.name}' for path in (out / 'posters').iterdir()
            } == set(filter(None, found))


def test_a_page_has_a_name(tmp_path, monkeypatch):
    """As of an empty variable of a shell; the folder holds other files."""
    collection = Collection(random_collection(tmp_path / 'c', [1]))
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data.js').write_text('mine')
    with pytest.raises(InputError, match='holds other files .c'):
        write_page(collection, '')
    assert (tmp_path / 'data.js').read_text() == 'mine'


def test_a_poster_is_the_upright_middle(tmp_path):
    frames = np.zeros((30, 16, 16), np.uint8)
    frames[15, :8] = 255
    write_video(tmp_path / 'a.mkv', frames)
    (tmp_path / 'a.jpg').write_bytes(poster(str(tmp_path / 'a.mkv')))
    with av.open(str(tmp_path / 'a.jpg')) as file:
        picture = next(file.decode(video=0)).to_ndarray(format='gray')
    assert picture.shape == (160, 160)
    assert picture[:70].mean() > 240 and picture[90:].mean() < 15
    (tmp_path / 'b.mkv').write_bytes(b'no video')
    os.mkfifo(tmp_path / 'pipe.mkv')
    for name in ('b.mkv', 'missing.mkv', 'pipe.mkv'):
        assert poster(str(tmp_path / name)) is None


def test_a_poster_of_a_part_is_its_middle(tmp_path):
    """4 s in five shades at 10 frames a second."""
    shades = np.array([0, 60, 120, 180, 240], np.uint8)
    write_video(tmp_path / 'a.mkv', np.tile(
        shades.repeat(8)[:, None, None], (1, 16, 16)))
    for part, shade in (((0, .8), 0), ((.8, 1.6), 60), ((1., 1.2), 60),
                        ((3.3, None), 240), ((0, 9), 240), ((), 120)):
        content = poster(str(tmp_path / 'a.mkv'), *part)
        with av.open(io.BytesIO(content)) as file:
            picture = next(file.decode(video=0)).to_ndarray(format='gray')
        assert abs(picture.mean() - shade) < 6


@pytest.mark.skipif(not shutil.which('node'), reason='node is not installed')
def test_points_are_found_as_by_brute_force():
    script = '''
    const page = require('./ascnet_mm/collection/page/page.js');
    const {points, queries, radius, polygon} = JSON.parse(
      require('fs').readFileSync(0));
    const x = Float32Array.from(points, p => p[0]);
    const y = Float32Array.from(points, p => p[1]);
    const taken = Uint8Array.from(points, (_, i) => i % 3 ? 1 : 0);
    const grid = page.makeGrid(x, y, 8);
    console.log(JSON.stringify({
      near: queries.map(q => page.nearestPoint(grid, ...q, radius, taken)),
      right: points.map((_, i) => page.pointTowards(x, y, i, 1, 0, taken)),
      inside: points.map(p => page.inPolygon(polygon, ...p)),
    }));'''
    rng = np.random.default_rng(0)
    points = rng.random((200, 2)).astype(np.float32)
    queries = rng.uniform(-0.2, 1.2, (100, 2)).astype(np.float32)
    triangle = np.array([[0.1, 0.1], [0.9, 0.3], [0.4, 0.95]])
    done = subprocess.run(
        ['node', '-e', script], cwd=ROOT, check=True, capture_output=True,
        input=json.dumps(dict(
            points=points.tolist(), queries=queries.tolist(), radius=0.06,
            polygon=triangle.ravel().tolist())).encode())
    found = json.loads(done.stdout)
    taken = np.arange(200) % 3 > 0
    distance = np.linalg.norm(queries[:, None] - points[None], axis=2)
    distance[:, ~taken] = np.inf
    near = np.where(distance.min(1) <= 0.06, distance.argmin(1), -1)
    assert (near < 0).any() and (near >= 0).any()
    assert found['near'] == near.tolist()
    for row, place in enumerate(found['right']):
        step = points - points[row]
        ok = taken & (step[:, 0] > 0) & (abs(step[:, 1]) <= step[:, 0])
        ok[row] = False
        far = np.where(ok, np.linalg.norm(step, axis=1), np.inf)
        assert place == (far.argmin() if ok.any() else -1)
    # Inside a triangle: on the same side of its three edges.
    edges = np.roll(triangle, -1, axis=0) - triangle
    to = points[:, None] - triangle[None]
    side = np.sign(edges[:, 0] * to[..., 1] - edges[:, 1] * to[..., 0])
    assert found['inside'] == (abs(side.sum(1)) == 3).tolist()
