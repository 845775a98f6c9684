"""The server of a collection: who is let in, and what is given out."""
import os
import shutil
import tempfile
import threading

import numpy as np
import pytest

pytest.importorskip('pyarrow')
pytest.importorskip('starlette')
pytest.importorskip('uvicorn')
pytest.importorskip('httpx2')

from starlette.testclient import TestClient

from ascnet_mm import InputError, VideoEncoder, load_encoder
from ascnet_mm.collection import Collection, encoder_of, index, serve

from .builders import noise, write_encoder, write_video, write_videos

TOKEN = 'the-token'
HOST = 'http://127.0.0.1'


@pytest.fixture(scope='module')
def served(tmp_path_factory):
    """A collection, with a secret beside its videos, and its application."""
    root = tmp_path_factory.mktemp('served')
    write_videos(root / 'videos', 6)
    (root / 'secret.txt').write_text('secret')
    (root / 'videos/secret.txt').write_text('secret')
    index(str(root / 'videos'), str(root / 'c'), write_encoder(root / 'a.pth'),
          workers=0)
    collection = Collection(root / 'c')
    app = serve.application(
        collection, encoder_of(collection.manifest), TOKEN)
    return root, collection, app


@pytest.fixture
def client(served):
    with TestClient(served[2], base_url=HOST, headers={
            'Authorization': f'Bearer {TOKEN}'}) as client:
        yield client


def test_a_token_opens_it_once_and_for_all(served):
    client = TestClient(served[2], base_url=HOST)
    for address in ('/', '/data.js', '/videos/0', '/posters/0.jpg',
                    '/neighbors/0', '/?token=', '/?token=the-toke'):
        answer = client.get(address)
        assert answer.status_code == 403 and 'ascnet' not in str(
            answer.cookies)
    assert client.post('/search', content=b'x').status_code == 403
    assert client.get('/', headers={
        'Authorization': 'Bearer x'}).status_code == 403
    answer = client.get('/?token=the-token', follow_redirects=False)
    cookie = answer.headers['set-cookie'].lower()
    assert 'httponly' in cookie and 'samesite=strict' in cookie
    assert answer.headers['location'] == '/'
    page = client.get('/')
    assert page.status_code == 200 and TOKEN not in page.text
    assert 'id="upload"' in page.text
    policy = page.headers['content-security-policy']
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy and 'unsafe' not in policy
    assert page.headers['x-content-type-options'] == 'nosniff'


def test_other_hosts_are_refused(client):
    for host in ('evil.example', '127.0.0.1.evil.example', '10.0.0.1:8000'):
        assert client.get('/', headers={'Host': host}).status_code == 400
    for host in ('localhost:8000', '127.0.0.1:1'):
        assert client.get('/', headers={'Host': host}).status_code == 200


def test_pages_of_other_ports_are_refused(client):
    for site in ('same-site', 'cross-site'):
        for ask in (client.get, client.post):
            answer = ask('/search', headers={'Sec-Fetch-Site': site})
            assert answer.status_code == 403
    for site in ('none', 'same-origin'):
        assert client.get('/', headers={
            'Sec-Fetch-Site': site}).status_code == 200


def test_videos_are_given_whole_and_in_parts(served, client):
    _, collection, _ = served
    with open(collection.path(2), 'rb') as file:
        content = file.read()
    answer = client.get('/videos/2')
    assert answer.content == content
    assert answer.headers['content-type'].startswith('video/')
    answer = client.get('/videos/2', headers={'Range': 'bytes=10-19'})
    assert answer.status_code == 206 and answer.content == content[10:20]
    assert answer.headers['content-range'] == f'bytes 10-19/{len(content)}'
    answer = client.get('/videos/2', headers={'Range': 'bytes=99999999-'})
    assert answer.status_code == 416
    assert client.get('/posters/2.jpg').content[:2] == b'\xff\xd8'


def test_addresses_are_those_of_the_collection(served, client):
    """A browser keeps a poster: another collection has another address."""
    _, collection, _ = served
    data = client.get('/data.js').text
    for place in ('posters/2.jpg', 'videos/2'):
        address = f'{place}?of={collection.features_digest}'
        assert f'"{address}"' in data
        assert client.get(f'/{address}').status_code == 200


def test_an_update_under_way_is_told(served, client, monkeypatch):
    def search(*_):
        raise InputError('x is gone: open it again')

    monkeypatch.setattr(Collection, 'search', search)
    answer = client.get('/neighbors/0')
    assert answer.status_code == 422
    assert answer.json() == dict(error='x is gone: open it again')


@pytest.mark.parametrize('address', [
    '/../secret.txt', '/%2e%2e/secret.txt', '/videos/../secret.txt',
    '/videos/..%2fsecret.txt', '/videos/%2e%2e%2fsecret.txt',
    '/videos/secret.txt', '/secret.txt', '/videos/-1', '/videos/999',
    '/videos/0x1', '/videos/99999999999999999999999', '/videos/a/00.mkv',
    '/posters/999.jpg', '/neighbors/999', '/neighbors/-1', '/page.py',
    '//etc/passwd', '/collection.json', '/..%5c..%5cetc'])
def test_no_path_leads_to_another_file(client, address):
    answer = client.get(HOST + address)
    assert answer.status_code == 404 and 'secret' not in answer.text
    assert client.get('/').status_code == 200


def test_what_took_the_place_of_a_video_is_not_given_out(served, client,
                                                         tmp_path):
    _, collection, _ = served
    path = collection.path(0)
    shutil.move(path, tmp_path / 'kept')
    try:
        assert client.get('/videos/0').status_code == 404
        assert client.get('/posters/0.jpg').status_code == 404
        os.mkfifo(path)
        assert client.get('/videos/0').status_code == 404
        os.remove(path)
    finally:
        shutil.move(tmp_path / 'kept', path)


def test_another_encoder_is_refused(served, tmp_path):
    other = load_encoder(str(write_encoder(tmp_path / 'b.pth', seed=1)))
    with pytest.raises(InputError, match='other weights'):
        serve.application(served[1], other, TOKEN)


def test_neighbors_are_those_of_a_search(served, client):
    _, collection, _ = served
    row = 3
    video = collection.clips.video
    found = client.get(f'/neighbors/{row}').json()['found']
    expected = collection.search(collection.features[row], 20).row[0]
    assert [clip['row'] for clip in found] == [
        other for other in expected if video[other] != video[row]]


def test_an_upload_is_searched_by_and_deleted(served, client, tmp_path,
                                              monkeypatch):
    _, collection, _ = served
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    place = collection.find('b/03.mkv')
    with open(collection.path(place), 'rb') as file:
        content = file.read()
    found = client.post('/search', content=content).json()['found']
    rows = collection.rows(place)
    query = collection.features[rows[0]:rows[-1] + 1].astype(
        np.float32).mean(0)
    expected = collection.search(query, 20)
    assert [clip['row'] for clip in found] == expected.row[0].tolist()
    np.testing.assert_allclose([clip['similarity'] for clip in found],
                               expected.similarity[0], atol=1e-3)
    assert list(tmp_path.iterdir()) == []


def test_bad_uploads_are_refused_and_it_goes_on(client, tmp_path,
                                                monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    for content in (b'', b'no video', b'#EXTM3U\nfile:///etc/passwd\n'):
        answer = client.post('/search', content=content)
        assert answer.status_code == 422
        assert str(tmp_path) not in answer.text
    monkeypatch.setattr(serve, 'MAX_UPLOAD', 1000)
    assert client.post('/search', content=bytes(1001)).status_code == 413
    # Of unknown length, in parts
    assert client.post('/search', content=iter(
        [bytes(600)] * 2)).status_code == 413
    assert client.get('/search').status_code == 404
    assert client.put('/search', content=b'x').status_code == 405
    assert client.get('/').status_code == 200
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings(
    'ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_slow_decoder_is_not_waited_for(client, tmp_path, monkeypatch):
    write_video(tmp_path / 'a.mkv', noise(2, 0))
    content = (tmp_path / 'a.mkv').read_bytes()
    hangs = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(serve, 'TIME_LIMIT', 0.2)
        patch.setattr(VideoEncoder, 'embed_clips',
                      lambda *_: hangs.wait(60))
        answer = client.post('/search', content=content)
    hangs.set()
    assert answer.status_code == 422 and 'took longer' in answer.text
    assert client.post('/search', content=content).status_code == 200
