"""A collection's page from a server that searches by an uploaded video.

Whoever can connect to the machine could send requests, and so could any web
site that its user visits. Therefore the server listens on one address,
requires a token, answers only for its own host names, and serves no files but
those of the page and the videos of the collection, which are requested by
number.
"""
import asyncio
import hmac
import json
import mimetypes
import os
import os.path as osp
import secrets
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from ..datasets.video import within
from ..errors import InputError
from ..inference import VideoEncoder
from ..maps import plane_of
from .encoder import encoder_of
from .features import UnitRows
from .page.content import as_script, page_content
from .page.posters import poster
from .page.writing import POLICY, assets, render_page
from .query import found_clips
from .reading import Collection

if TYPE_CHECKING:
    from starlette.applications import Starlette

HOSTS = ('127.0.0.1', 'localhost')
# Of an upload (ours): bytes, seconds until it is here, seconds of it that
# are searched by, and seconds that decoding and embedding these may take.
MAX_UPLOAD = 2**28
UPLOAD_TIME = 120
SEARCHED = 60
TIME_LIMIT = 60
TOP = 20

HEADERS = {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Content-Security-Policy':
        POLICY.format(connect="'self'") + "; frame-ancestors 'none'",
}


def require_server() -> None:
    """Refuse where Starlette or uvicorn is not installed.

    Raises:
        InputError: If one is not.
    """
    try:
        import starlette
        import uvicorn
    except ImportError as error:
        raise InputError(
            'a server needs starlette and uvicorn, which are not installed: '
            "pip install 'ascnet_mm[serve]'") from error
    del starlette, uvicorn


def application(collection: Collection,
                encoder: VideoEncoder,
                token: str,
                map: str = 'pca',
                groups: Optional[Mapping[str, Sequence]] = None,
                hosts: Sequence[str] = HOSTS) -> 'Starlette':
    """The server's application, for any ASGI server.

    Args:
        collection (Collection): What is shown and searched.
        encoder (VideoEncoder): The one that made it.
        token (str): What a browser has to bring: once as ``/?token=...``,
            which leaves a cookie; or as ``Authorization: Bearer ...``.
        map (str): As for :func:`write_page`.
        groups (Mapping[str, Sequence], optional): Likewise.
        hosts (Sequence[str]): Names that the server may be called by.

    Raises:
        InputError: If Starlette is not installed, the encoder is another
            one, the map cannot be made, or a group has not a value per clip.

    Examples:
        >>> app = application(collection, encoder, 'x')  # doctest: +SKIP
    """
    require_server()
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route
    encoder = encoder_of(collection.manifest, encoder)
    answers = _Answers(collection, encoder, map, groups)
    return Starlette(
        routes=[
            Route('/', answers.page),
            Route('/{name:str}', answers.file),
            Route('/posters/{number:int}.jpg', answers.poster),
            Route('/videos/{number:int}', answers.video),
            Route('/neighbors/{row:int}', answers.neighbors),
            Route('/search', answers.search, methods=['POST']),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts),
                       www_redirect=False),
            Middleware(_Guard, token=token),
        ],
        exception_handlers={InputError: _refused})


def serve(collection: Collection,
          port: int = 8000,
          encoder: Optional[Any] = None,
          device: Optional[str] = None,
          map: str = 'pca',
          groups: Optional[Mapping[str, Sequence]] = None) -> None:
    """Serve the page of a collection on 127.0.0.1, until interrupted.

    Prints the address to open, with a token that is drawn anew.

    Args:
        collection (Collection): What is shown and searched.
        port (int): 0 takes a free one. Defaults to 8000.
        encoder (optional): Where the encoder is now, as for
            :func:`encoder_of`.
        device (str, optional): Where it runs.
        map (str): As for :func:`write_page`.
        groups (Mapping[str, Sequence], optional): Likewise.

    Raises:
        InputError: If the port is taken, or as :func:`application` and
            :func:`encoder_of`.

    Examples:
        >>> serve(Collection('mine'))  # doctest: +SKIP
        open http://127.0.0.1:8000/?token=...
    """
    require_server()
    import socket

    import uvicorn
    opened = encoder_of(collection.manifest, encoder, device)
    token = secrets.token_urlsafe(32)
    app = application(collection, opened, token, map, groups)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOSTS[0], port))
            # Who reads the line below may connect at once.
            listening.listen()
        except (OSError, OverflowError) as error:
            raise InputError(f'port {port} cannot be used ({error}): choose '
                             'another with --port') from error
        port = listening.getsockname()[1]
        print(f'open http://{HOSTS[0]}:{port}/?token={token}', flush=True)
        # The access log would hold the token.
        uvicorn.Server(uvicorn.Config(
            app, log_level='warning', access_log=False)).run([listening])


class _Guard:
    """Lets in who brings the token, and adds headers to all answers."""

    def __init__(self, app: Any, token: str) -> None:
        self.app = app
        self.token = token
        # Cookies of a host are those of all its ports.
        self.cookie = f'ascnet_{sha256(token.encode()).hexdigest()[:12]}'

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        if scope['type'] != 'http':
            await self.app(scope, receive, send)
            return
        from starlette.datastructures import MutableHeaders
        from starlette.requests import Request
        from starlette.responses import RedirectResponse

        async def send_guarded(message: dict) -> None:
            if message['type'] == 'http.response.start':
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
            await send(message)

        request = Request(scope)
        given = request.query_params.get('token')
        if given is not None and self._is_token(given):
            answer = RedirectResponse('/', 303)
            answer.set_cookie(self.cookie, self.token, httponly=True,
                              samesite='strict')
        elif self._is_known(request) and not _is_of_another_page(request):
            answer = self.app
        else:
            answer = _failure(403, 'open the address that the server has '
                              'printed, with its token')
        await answer(scope, receive, send_guarded)

    def _is_known(self, request: Any) -> bool:
        kind, _, bearer = request.headers.get('authorization',
                                              '').partition(' ')
        return self._is_token(request.cookies.get(self.cookie, '')) or (
            kind.lower() == 'bearer' and self._is_token(bearer))

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors='replace'),
                                   self.token.encode())


def _is_of_another_page(request: Any) -> bool:
    """Whether a page of another origin asks, as one on another port would,
    whose requests bring the cookie.
    """
    return request.headers.get('sec-fetch-site', 'none') not in (
        'none', 'same-origin')


class _Answers:
    """What the server answers, a method per kind of request."""

    def __init__(self, collection: Collection, encoder: VideoEncoder,
                 map: str, groups: Optional[Mapping[str, Sequence]]) -> None:
        self.collection = collection
        self.encoder = encoder
        videos = range(len(collection.videos))
        plane = plane_of(UnitRows(collection.features), map)
        # A browser keeps answers by their address: one per collection
        of = f'?of={collection.features_digest}'
        content = page_content(
            collection, plane, [f'videos/{number}{of}' for number in videos],
            groups)
        content['posters'] = [f'posters/{number}.jpg{of}' for number in videos]
        self.files = {**assets(), 'data.js': as_script(content)}
        self.html = render_page(collection, map, search=True)
        # One thread decodes and searches: `within` is for one, and a queue
        # of uploads takes no more memory than one.
        self.worker = ThreadPoolExecutor(1)

    async def page(self, request: Any) -> Any:
        return _response(self.html, 'text/html; charset=utf-8')

    async def file(self, request: Any) -> Any:
        name = request.path_params['name']
        if name not in self.files:
            return _failure(404, 'there is no such file')
        kind = 'text/css' if name.endswith('.css') else 'text/javascript'
        return _response(self.files[name], f'{kind}; charset=utf-8')

    async def poster(self, request: Any) -> Any:
        path = self._path(request)
        content = path and await self._work(poster, path)
        if not content:
            return _failure(404, 'there is no such poster')
        answer = _response(content, 'image/jpeg')
        answer.headers['Cache-Control'] = 'private, max-age=3600'
        return answer

    async def video(self, request: Any) -> Any:
        from starlette.responses import FileResponse
        path = self._path(request)
        if path is None:
            return _failure(404, 'there is no such video')
        kind = mimetypes.guess_type(path)[0] or ''
        # Nothing that a browser would show as a page
        return FileResponse(path, media_type=kind if kind.startswith(
            'video/') else 'application/octet-stream')

    async def neighbors(self, request: Any) -> Any:
        row = request.path_params['row']
        if row >= len(self.collection):
            return _failure(404, 'there is no such clip')
        return _json(dict(found=await self._work(self._neighbors, row)))

    async def search(self, request: Any) -> Any:
        from starlette.requests import ClientDisconnect
        with tempfile.TemporaryDirectory(prefix='ascnet_mm_') as folder:
            path = osp.join(folder, 'upload')
            try:
                async with asyncio.timeout(UPLOAD_TIME):
                    size = await _save(request, path)
            except TimeoutError:
                return _failure(408, 'the upload took longer than '
                                f'{UPLOAD_TIME} s')
            except ClientDisconnect:
                return _failure(400, 'the upload broke off')
            if size is None:
                return _failure(413, 'an upload has at most '
                                f'{MAX_UPLOAD >> 20} MiB')
            try:
                found = await self._work(self._search, path)
            except InputError as error:
                return _failure(422, str(error).replace(path, 'the upload'))
            except TimeoutError:
                return _failure(422, 'the upload took longer than '
                                f'{TIME_LIMIT} s to decode')
        return _json(dict(found=found))

    def _search(self, path: str) -> list:
        manifest = self.collection.manifest
        clips = within(
            TIME_LIMIT, self.encoder.embed_clips, path, manifest['window'],
            manifest['stride'], 0.0, float(SEARCHED))
        query = clips.features.mean(dim=0).numpy()
        return found_clips(
            self.collection, self.collection.search(query, TOP))

    def _neighbors(self, row: int) -> list:
        collection = self.collection
        found = found_clips(collection, collection.search(
            collection.features[row], TOP + 1))
        itself = collection.videos[collection.clips.video[row]].file
        return [clip for clip in found if clip['file'] != itself][:TOP]

    def _path(self, request: Any) -> Optional[str]:
        """The path of the video of a number, if it is there."""
        number = request.path_params['number']
        if number >= len(self.collection.videos):
            return None
        path = self.collection.path(number)
        try:
            # A pipe would block, and a device may do anything.
            regular = stat.S_ISREG(os.stat(path).st_mode)
        except (OSError, ValueError):
            return None
        return path if regular else None

    async def _work(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self.worker, function, *arguments)


async def _save(request: Any, path: str) -> Optional[int]:
    """Write an upload to a file; its bytes, or None if it is too large."""
    said = request.headers.get('content-length', '')
    if said.isdecimal() and int(said) > MAX_UPLOAD:
        return None
    size = 0
    with open(path, 'wb') as file:
        async for part in request.stream():
            size += len(part)
            if size > MAX_UPLOAD:
                return None
            file.write(part)
    return size


def _response(content: bytes, kind: str) -> Any:
    from starlette.responses import Response
    return Response(content, media_type=kind)


def _json(content: Any, status: int = 200) -> Any:
    from starlette.responses import Response
    return Response(json.dumps(content), status,
                    media_type='application/json')


async def _refused(request: Any, error: Exception) -> Any:
    """As where the collection has been updated meanwhile."""
    return _failure(422, str(error))


def _failure(status: int, error: str) -> Any:
    return _json(dict(error=error), status)
