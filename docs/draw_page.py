"""Draw docs/collections_page.png: a page of rendered videos in a browser.

    python docs/draw_page.py shapes_page

The page is that of docs/tutorial.md; the browser is a Chromium.
"""
import os.path as osp
import sys
from tempfile import TemporaryDirectory

HERE = osp.dirname(osp.abspath(__file__))
sys.path.insert(0, osp.dirname(HERE))

from tests.helpers.browser import Browser  # noqa: E402

TARGET = osp.join(HERE, 'collections_page.png')


def main(page: str) -> None:
    """Open a clip of the page and write what the browser shows."""
    with TemporaryDirectory() as profile, Browser(profile) as browser:
        browser.open(f'file://{osp.abspath(page)}/index.html')
        # A clip in the middle of the map, by the keyboard
        browser.run('document.getElementById("map").focus()')
        browser.press('ArrowRight', 39)
        browser.press('Enter', 13)
        browser.wait('player.readyState >= 2 && player.paused')
        browser.wait('[...document.querySelectorAll("#neighbors img")].every('
                     'image => image.naturalWidth)')
        browser.run('document.activeElement.blur()')
        browser.picture(TARGET)


if __name__ == '__main__':
    main(*sys.argv[1:])
