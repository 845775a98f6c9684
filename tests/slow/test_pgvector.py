"""A collection in a real PostgreSQL server with pgvector.

The server is that of ``pg_config`` on the path, or of the one that the
environment variable ``PG_CONFIG`` names.
"""
import os
import os.path as osp
import pwd
import shutil
import subprocess
import tempfile
import time

import numpy as np
import pytest

pytest.importorskip('pyarrow')

from ascnet_mm.collection import Collection
from ascnet_mm_cli import main

from ..collection.builders import write_collection, write_shard
from ..conftest import ROOT

PG_CONFIG = os.environ.get('PG_CONFIG', 'pg_config')
# The query that the documents show, for clip 7
with open(osp.join(ROOT, 'docs', 'collections.md')) as document:
    NEAREST = document.read().split('```sql\n')[1].partition(';\n')[0].replace(
        '4711', '7')


def folder_of(kind):
    return subprocess.run(
        [PG_CONFIG, f'--{kind}'], capture_output=True, text=True,
        check=True).stdout.strip()


@pytest.fixture(scope='module')
def psql():
    """A function that runs psql on a server of its own."""
    if not shutil.which(PG_CONFIG):
        pytest.skip(f'{PG_CONFIG} is not installed')
    control = osp.join(folder_of('sharedir'), 'extension/vector.control')
    if not osp.isfile(control):
        pytest.skip(f'pgvector is not installed: there is no {control}')
    programs = folder_of('bindir')
    # The server refuses root; a socket's path has about 100 characters.
    folder = tempfile.mkdtemp(prefix='pg', dir='/tmp')
    user = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam('nobody')
        user = dict(user=nobody.pw_uid, group=nobody.pw_gid)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def program(name, *arguments, **more):
        return subprocess.run(
            [osp.join(programs, name), *arguments], capture_output=True,
            text=True, cwd=folder, **user, **more)

    data = osp.join(folder, 'data')
    try:
        program('initdb', '-D', data, '-U', 'test', '--no-sync', check=True)
        server = subprocess.Popen(
            [osp.join(programs, 'postgres'), '-D', data, '-k', folder, '-c',
             'listen_addresses='], cwd=folder, stderr=subprocess.DEVNULL,
            **user)
        try:
            ready = ('-h', folder, '-U', 'test', '-d', 'postgres')
            for _ in range(200):
                if not program('psql', *ready, '-c', '').returncode:
                    break
                assert server.poll() is None
                time.sleep(0.1)
            yield lambda *arguments: program('psql', *ready, *arguments)
        finally:
            server.terminate()
            server.wait(60)
    finally:
        shutil.rmtree(folder)


def test_neighbors_are_those_of_the_collection(psql, tmp_path):
    names = ["a'; DROP TABLE clips; --.mp4", 'b\t\\.\nc.mp4', '\\.']
    features = np.random.default_rng(0).normal(size=(30, 8))
    folder = write_collection(tmp_path / 'c', np.empty((0, 8)), [],
                              shards=['0' * 32])
    write_shard(folder, '0' * 32, features.astype(np.float32), [
        dict(file=name, size=9, mtime_ns=1, label=label, clips=10)
        for name, label in zip(names, (0, 1, -1))])
    collection = Collection(folder)
    script = str(tmp_path / 'c.sql')
    main('convert', [str(folder), script, '--to', 'pgvector'])
    with open(script) as file:
        text = file.read()
    # Who runs psql may not be allowed to read the folder of the test.
    with tempfile.NamedTemporaryFile('w', dir='/tmp', suffix='.sql') as copy:
        copy.write(text)
        copy.flush()
        os.chmod(copy.name, 0o644)
        done = psql('-f', copy.name)
        assert done.returncode == 0, done.stderr
        found = psql('-At', '-F', '\x1f', '-R', '\x1e', '-c', NEAREST).stdout
        lines = [line.split('\x1f') for line in found.split('\x1e')]
        rows, similarity = zip(*((line[0], line[-1]) for line in lines))
        expected = collection.search(
            collection.features[7], 30, one_per_video=False)
        others = expected.row[0] >= 10
        assert list(map(int, rows)) == expected.row[0][others][:10].tolist()
        np.testing.assert_allclose(
            np.float64(similarity), expected.similarity[0][others][:10],
            atol=1e-6)
        plan = psql('-c', 'SET enable_seqscan = off', '-c',
                    f'EXPLAIN {NEAREST}').stdout
        assert 'clips_feature_idx' in plan
        counts = psql('-At', '-c', 'SELECT count(*), count(label), '
                      'count(DISTINCT file) FROM clips').stdout
        assert counts.strip() == '30|20|3'
        found = psql('-At', '-c', 'SELECT encode(convert_to(file, \'UTF8\'), '
                     '\'hex\') FROM clips WHERE id IN (0, 10, 20) '
                     'ORDER BY id').stdout.split()
        assert [bytes.fromhex(name).decode() for name in found] == names
        # A second time nothing is changed, and it says so.
        done = psql('-f', copy.name)
        assert done.returncode and 'already exists' in done.stderr
        counts = psql('-At', '-c', 'SELECT count(*) FROM clips').stdout
        assert counts.strip() == '30'
