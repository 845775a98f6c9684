"""A headless Chromium, driven over a pipe by its own protocol.

The command of the browser is that of the environment variable ``CHROMIUM``,
or what is found under Chromium's usual names.
"""
import base64
import json
import os
import shlex
import shutil
import subprocess
import time

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
OPTIONS = ('--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
           '--disable-dev-shm-usage', '--remote-debugging-pipe',
           '--autoplay-policy=user-gesture-required')


def command():
    """The words that start a browser, or None where there is none."""
    if os.environ.get('CHROMIUM'):
        return shlex.split(os.environ['CHROMIUM'])
    for name in NAMES:
        if shutil.which(name):
            return [shutil.which(name)]
    return None


class Browser:
    """One page of a browser of its own.

    Attributes:
        messages (list[str]): What its console said, errors of scripts and
            what the policy refused included.
        requests (list[str]): Addresses that it asked for.
    """

    def __init__(self, profile, width=1280, height=900, dark=False):
        self.messages, self.requests = [], []
        self._events, self._rest, self._last = [], b'', 0
        there, ours = os.pipe()
        our_end, theirs = os.pipe()
        # It reads descriptor 3 and writes 4, whatever ours are called.
        self._process = subprocess.Popen(
            ['bash', '-c', f'exec "$@" 3<&{there} 4>&{theirs}', 'bash',
             *command(), *OPTIONS, f'--user-data-dir={profile}',
             f'--window-size={width},{height}', 'about:blank'],
            pass_fds=(there, theirs), stderr=subprocess.DEVNULL)
        os.close(there)
        os.close(theirs)
        self._send, self._receive = ours, our_end
        self._session = None
        targets = self.call('Target.getTargets')['targetInfos']
        page = next(t['targetId'] for t in targets if t['type'] == 'page')
        self._session = self.call(
            'Target.attachToTarget', targetId=page, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Network', 'Log'):
            self.call(f'{domain}.enable')
        self.call('Emulation.setDeviceMetricsOverride', width=width,
                  height=height, deviceScaleFactor=1, mobile=False)
        if dark:
            self.call('Emulation.setEmulatedMedia', features=[
                dict(name='prefers-color-scheme', value='dark')])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._send)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._receive)

    def call(self, method, **params):
        """Call a method of the protocol; its result."""
        self._last += 1
        message = dict(id=self._last, method=method, params=params)
        if self._session:
            message['sessionId'] = self._session
        os.write(self._send, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._next()
            if answer.get('id') == self._last:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']
            self._note(answer)

    def _next(self):
        while b'\0' not in self._rest:
            read = os.read(self._receive, 2**20)
            if not read:
                raise RuntimeError('the browser has ended')
            self._rest += read
        line, _, self._rest = self._rest.partition(b'\0')
        return json.loads(line)

    def _note(self, event):
        method, params = event.get('method'), event.get('params', {})
        self._events.append(method)
        if method == 'Runtime.exceptionThrown':
            details = params['exceptionDetails']
            self.messages.append(str(
                details.get('exception', details).get(
                    'description', details)))
        elif method == 'Log.entryAdded':
            self.messages.append(params['entry']['text'])
        elif method == 'Runtime.consoleAPICalled':
            self.messages.append(str(params['args']))
        elif method == 'Network.requestWillBeSent':
            self.requests.append(params['request']['url'])
        elif method == 'Page.javascriptDialogOpening':
            self.messages.append(f'dialog: {params["message"]}')

    def open(self, address):
        """Load a page and wait until it has run its scripts."""
        self._events.clear()
        self.call('Page.navigate', url=address)
        self.wait('document.readyState === "complete"')

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.call(
            'Runtime.evaluate', expression=script, returnByValue=True,
            awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(str(answer['exceptionDetails']))
        return answer['result'].get('value')

    def wait(self, script, seconds=30):
        """Wait until an expression is true; its value."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = self.run(script)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f'not within {seconds} s: {script}; '
                             f'{self.messages}')

    def mouse(self, kind, x, y, **more):
        """``mousePressed``, ``mouseMoved``, ``mouseReleased``, ..."""
        self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, **more)

    def click(self, x, y):
        """Click on a place of the window."""
        self.drag([(x, y)])

    def drag(self, places, modifiers=0):
        """Press at the first place and release at the last."""
        button = dict(button='left', clickCount=1, modifiers=modifiers)
        self.mouse('mousePressed', *places[0], **button)
        for place in places[1:]:
            self.mouse('mouseMoved', *place, button='left', buttons=1,
                       modifiers=modifiers)
        self.mouse('mouseReleased', *places[-1], **button)

    def press(self, key, code=0):
        """Press a key that writes nothing but Enter."""
        text = dict(text='\r') if key == 'Enter' else {}
        self.call('Input.dispatchKeyEvent', type='keyDown', key=key,
                  windowsVirtualKeyCode=code, **text)
        self.call('Input.dispatchKeyEvent', type='keyUp', key=key,
                  windowsVirtualKeyCode=code)

    def upload(self, selector, path):
        """Choose a file for an input."""
        document = self.call('DOM.getDocument')['root']['nodeId']
        node = self.call('DOM.querySelector', nodeId=document,
                         selector=selector)['nodeId']
        self.call('DOM.setFileInputFiles', nodeId=node, files=[str(path)])

    def picture(self, path):
        """Write a screenshot."""
        data = self.call('Page.captureScreenshot')['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))
