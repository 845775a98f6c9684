"""The page of a collection in a browser, and its server as a process."""
import base64
import os
import re
import socket
import subprocess
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip('pyarrow')

from ascnet_mm.collection import index
from ascnet_mm.collection.page import write_page
from ascnet_mm.preparation.synthetic import CLASSES, render, write_video

from ..collection.builders import write_encoder
from ..conftest import ROOT
from ..helpers.browser import Browser, command

needs_browser = pytest.mark.skipif(
    command() is None, reason='there is no Chromium: install one, or name '
    'its command in CHROMIUM')
NAMES = ('<img src=x onerror=alert(1)>.mp4', 'a"\'&amp;\nb.mp4',
         '\u202e4pm.kcab.mp4', '<script>alert(2)<.mp4', '100% #1 ?x;:a.mp4',
         '\u05e9\u05dc\u05d5\u05dd.mp4', 'c/\u2028d.mp4', 'c/e.mp4')


STARTS = '''
import sys
import tests.conftest
from ascnet_mm_cli import main
main('serve', [sys.argv[1], '--port', '0'])
'''


@pytest.fixture(scope='module')
def indexed(tmp_path_factory):
    """A collection of rendered videos with names that mean something."""
    root = tmp_path_factory.mktemp('indexed')
    (root / 'videos/c').mkdir(parents=True)
    for number, (name, kind) in enumerate(zip(NAMES, CLASSES)):
        write_video(str(root / 'videos' / name),
                    render(kind, np.random.default_rng(number)))
    return index(str(root / 'videos'), str(root / 'c'),
                 write_encoder(root / 'a.pth'), window=1.0, stride=0.5,
                 workers=0)


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path / 'profile') as browser:
        yield browser


@pytest.fixture
def server(indexed, tmp_path):
    """The address that a server of the collection prints."""
    pytest.importorskip('starlette')
    pytest.importorskip('uvicorn')
    process = subprocess.Popen(
        [sys.executable, '-c', STARTS, indexed.folder], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, env=dict(os.environ, TMPDIR=str(tmp_path)))
    try:
        line = next(line for line in process.stdout if 'http' in line)
        yield re.search(r'http\S+', line)[0]
        assert list(tmp_path.glob('ascnet_mm_*')) == []
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def places(browser):
    """Where the clips are in the window, ``[N, 2]``."""
    columns = []
    for name in 'xy':
        text = browser.run(f'COLLECTION.{name}')
        values = np.frombuffer(base64.b64decode(text), '<f4')
        columns.append(values)
    left, top, width, height = browser.run(
        '(r => [r.left, r.top, r.width, r.height])'
        '(document.getElementById("map").getBoundingClientRect())')
    x, y = columns
    size = max(np.ptp(x), np.ptp(y))
    scale = 0.92 * min(width, height)
    return np.stack([
        left + width / 2 + scale * (x - (x.min() + x.max()) / 2) / size,
        top + height / 2 + scale * (y - (y.min() + y.max()) / 2) / size],
        1).astype(float)


def colors(browser):
    """How many colors there are on the map."""
    return browser.run('''(() => {
      const map = document.getElementById('map');
      const data = map.getContext('2d').getImageData(
        0, 0, map.width, map.height).data;
      const found = new Set();
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 200) found.add(data.slice(i, i + 3).join());
      return found.size;
    })()''')


def text(browser, name):
    return browser.run(f'document.getElementById("{name}").textContent')


def names_in(browser, name):
    return browser.run(f'[...document.querySelectorAll("#{name} bdi")]'
                       '.map(e => e.textContent)')


def plays(browser, start, end):
    """Wait until the video is shown at its time, and has stopped."""
    browser.wait('player.readyState >= 2 && player.currentTime > 0')
    assert browser.run('player.error') is None
    browser.wait('player.paused')
    assert start < browser.run('player.currentTime') <= end + 0.3


@needs_browser
def test_the_page_works_from_the_disk(indexed, browser, tmp_path):
    page = write_page(indexed, str(tmp_path / 'page'))
    browser.open(f'file://{page}')
    clips = indexed.clips
    every = len(indexed)
    assert text(browser, 'list-title') == f'{every} of {every} clips'
    assert names_in(browser, 'list') == [
        indexed.videos[video].file for video in clips.video]
    browser.wait('[...document.querySelectorAll("#list img")].every('
                 'i => i.naturalWidth === 160 || !i.complete)')
    assert colors(browser) >= 2

    # A click on the map plays the clip there, beside its neighbors.
    where = places(browser)
    row = int(np.argmax(where[:, 0]))
    browser.click(*where[row].tolist())
    file = indexed.videos[clips.video[row]].file
    assert text(browser, 'clip-name') == file
    plays(browser, clips.start[row], clips.end[row])
    found = indexed.search(indexed.features[row], 11)
    wanted = [indexed.videos[clips.video[other]].file
              for other in found.row[0]
              if clips.video[other] != clips.video[row]]
    assert names_in(browser, 'neighbors') == wanted
    browser.run('document.querySelector("#neighbors button").click()')
    assert text(browser, 'clip-name') == wanted[0]
    browser.press('Escape', 27)
    assert browser.run('document.getElementById("clip").hidden')
    assert browser.run('document.activeElement.id') == 'map'

    # By the keyboard alone
    browser.run('document.getElementById("reset").click()')
    before = text(browser, 'status')
    browser.press('ArrowLeft', 37)
    assert text(browser, 'status') != before
    browser.press('Enter', 13)
    assert browser.run('document.activeElement.id') == 'clip-name'
    browser.press('Escape', 27)

    # The lasso takes what lies in it.
    browser.run('document.getElementById("reset").click()')
    where = places(browser)
    left, top = (where.min(0) - 8).tolist()
    right, bottom = (np.median(where, axis=0) + 0.5).tolist()
    inside = ((where > [left, top]) & (where < [right, bottom])).all(1)
    assert 0 < inside.sum() < every
    browser.drag([(left, top), (right, top), (right, bottom), (left, bottom)],
                 modifiers=8)
    assert text(browser, 'list-title') == (
        f'{inside.sum()} of {every} clips')

    # Names are filtered as they are typed.
    browser.run('document.getElementById("reset").click()')
    browser.run('document.getElementById("filter").focus()')
    browser.call('Input.insertText', text='<SCRIPT>')
    assert set(names_in(browser, 'list')) == {'<script>alert(2)<.mp4'}

    # A move and a zoom
    browser.run('document.getElementById("reset").click()')
    where = places(browser)
    browser.mouse('mouseWheel', *where[row].tolist(), deltaX=0, deltaY=-400)
    browser.click(*where[row].tolist())
    assert text(browser, 'clip-name') == file

    # Nothing was asked of anybody else, refused or thrown.
    assert browser.requests and not [
        address for address in browser.requests if not address.startswith(
            (f'file://{tmp_path}/page/', f'file://{indexed.root}/', 'data:'))]
    assert browser.messages == []


@needs_browser
def test_the_served_page_searches_by_an_upload(indexed, server, browser):
    browser.open(server)
    assert browser.run('location.search') == ''
    place = indexed.find('c/e.mp4')
    browser.upload('#upload', indexed.path(place))
    browser.wait('document.getElementById("status").textContent'
                 '.startsWith("The ")')
    assert names_in(browser, 'list')[0] == 'c/e.mp4'
    assert len(names_in(browser, 'list')) == len(NAMES)
    browser.run('document.querySelector("#list button").click()')
    row = browser.run(
        'Number(document.querySelector("#list button").dataset.row)')
    plays(browser, indexed.clips.start[row], indexed.clips.end[row])
    browser.wait('document.querySelectorAll("#neighbors li").length')
    browser.upload('#upload', os.path.join(ROOT, 'setup.cfg'))
    browser.wait('document.getElementById("status").textContent'
                 '.startsWith("Not found: the upload cannot be read")')
    origin = server.partition('?')[0]
    # data: what the controls of the player are drawn with
    assert not [address for address in browser.requests
                if not address.startswith((origin, 'data:'))]
    # The console tells of the refused upload alone.
    assert len(browser.messages) == 1 and '422' in browser.messages[0]


def test_a_process_goes_on_after_broken_requests(indexed, server, tmp_path):
    address = urlsplit(server)
    token = address.query.removeprefix('token=')
    assert address.hostname == '127.0.0.1' and len(token) > 30

    def ask(path, method='GET', body=None, **headers):
        connection = HTTPConnection(address.hostname, address.port,
                                    timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    known = dict(Authorization=f'Bearer {token}')
    assert ask('/')[0] == 403
    assert ask('/', Host='evil.example', **known)[0] == 400
    assert ask('/../../../etc/passwd', **known)[0] == 404
    # Half an upload, and a length that is too large to be sent
    for length, wanted in ((100_000, b''), (2**40, b'413')):
        with socket.create_connection(
            (address.hostname, address.port), 60) as half:
            half.sendall(
                f'POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\n'
                f'Authorization: Bearer {token}\r\n'
                f'Content-Length: {length}\r\n\r\nhalf'.encode())
            if wanted:
                assert wanted in half.recv(1000)
    with open(indexed.path(0), 'rb') as file:
        content = file.read()
    status, found = ask('/search', 'POST', content, **known)
    assert status == 200 and b'"row": 0}' in found
    assert ask('/videos/0', Range='bytes=0-9', **known) == (
        206, content[:10])
    assert list(tmp_path.glob('ascnet_mm_*')) == []
