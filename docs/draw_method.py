"""Draw docs/method.svg, the figure of one training step.

    python docs/draw_method.py
"""
import os.path as osp
from typing import Sequence

TARGET = osp.join(osp.dirname(osp.abspath(__file__)), 'method.svg')
INK, GRAY, PAPER = '#1f2933', '#616e7c', '#ffffff'
APPEARANCE, MOTION = '#c2560c', '#1565a9'
FILLS = {
    INK: '#eef1f4',
    GRAY: '#f7f8f9',
    APPEARANCE: '#fdeee2',
    MOTION: '#e3f0fb'
}
FRAMES = 9
SUBSCRIPTS = dict(
    a='&#8336;', i='&#7522;', j='&#11388;', k='&#8342;', m='&#8344;')


def text(x: float, y: float, words: str, size: float = 14, color: str = INK,
         anchor: str = 'middle', bold: bool = False) -> str:
    """A line of text; a letter behind an underscore is lowered."""
    for letter, low in SUBSCRIPTS.items():
        words = words.replace(f'_{letter}', low)
    weight = ' font-weight="600"' if bold else ''
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{color}" '
            f'text-anchor="{anchor}"{weight}>{words}</text>')


def box(x: float, y: float, width: float, height: float, lines: Sequence[str],
        color: str = INK, dashed: bool = False) -> str:
    """A box around its center, with a title and smaller lines below it."""
    dash = ' stroke-dasharray="5 4"' if dashed else ''
    parts = [
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" '
        f'width="{width:g}" height="{height:g}" rx="6" fill="{FILLS[color]}" '
        f'stroke="{color}" stroke-width="1.5"{dash}/>'
    ]
    first = y + 5 - 8.5 * (len(lines) - 1)
    for row, line in enumerate(lines):
        parts.append(
            text(x, first + 17 * row, line, 12 if row else 14,
                 GRAY if row and color in (INK, GRAY) else color,
                 bold=not row))
    return ''.join(parts)


def line(points: Sequence[Sequence[float]], color: str = INK,
         dashed: bool = False, head: bool = True) -> str:
    """An arrow through points."""
    path = ' '.join(f'{x:g},{y:g}' for x, y in points)
    end = f' marker-end="url(#arrow-{color[1:]})"' if head else ''
    dash = ' stroke-dasharray="5 4"' if dashed else ''
    return (f'<polyline points="{path}" fill="none" stroke="{color}" '
            f'stroke-width="1.6"{dash}{end}/>')


def frame(x: float, y: float, number: int, width: float,
          height: float) -> str:
    """A frame of the video: a ball that crosses it."""
    radius = 0.13 * width + 1
    place = radius + 2 + number / (FRAMES - 1) * (width - 2 * radius - 4)
    rise = (number / (FRAMES - 1) - 0.5)**2 * 4
    return (f'<rect x="{x:g}" y="{y:g}" width="{width:g}" '
            f'height="{height:g}" fill="{FILLS[INK]}" stroke="{INK}"/>'
            f'<circle cx="{x + place:g}" '
            f'cy="{y + height * (0.28 + 0.44 * rise):g}" r="{radius:g}" '
            f'fill="{APPEARANCE}"/>')


def clip(x: float, y: float, numbers: Sequence[int], label: str) -> str:
    parts = [
        frame(x + 27 * place, y - 16, number, 25, 32)
        for place, number in enumerate(numbers)
    ]
    parts.append(text(x + 53, y - 26, label))
    return ''.join(parts)


def bank(x: float, y: float, speed: str, found: int = -1) -> str:
    """Rows of appearance and motion; one that was found stands out."""
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="150" height="84" rx="6" '
        f'fill="{FILLS[GRAY]}" stroke="{INK}" stroke-width="1.5"/>',
        text(x + 75, y + 75, f'memory bank, {speed}', 13, bold=True)
    ]
    for row in range(3):
        top = y + 9 + 17 * row
        strong = row == found
        for left, color in ((14, APPEARANCE), (86, MOTION)):
            parts.append(
                f'<rect x="{x + left:g}" y="{top:g}" width="50" height="12" '
                f'rx="2" fill="{color if strong else FILLS[color]}" '
                f'stroke="{color}"/>')
        parts.append(
            text(x + 75, top + 10, '&#8594;', 13, INK if strong else GRAY))
    return ''.join(parts)


def picture() -> str:
    """The whole figure as SVG."""
    online, target = 110, 300
    motion, appearance, below, last = 66, 154, 260, 340
    parts = []
    # The video and its two clips
    parts += [frame(16 + 13 * n, 189, n, 13, 32) for n in range(FRAMES)]
    parts.append(text(74, 241, 'one video'))
    parts.append(line([(74, 183), (74, online), (160, online)]))
    parts.append(line([(74, 250), (74, target), (160, target)]))
    parts.append(clip(168, online, (2, 3, 4, 5), 'clip c_i, speed 1x'))
    parts.append(clip(168, target, (0, 2, 4, 6), 'clip c_j, speed 2x'))
    # Encoders
    for y, name in ((online, 'online'), (target, 'target')):
        parts.append(line([(278, y), (311, y)]))
        parts.append(
            box(370, y, 112, 64, ['encoder f', name], dashed=y == target))
    parts.append(line([(370, 144), (370, 265)], GRAY, dashed=True))
    parts.append(text(378, 201, 'moving average', 12, GRAY, 'start'))
    parts.append(text(378, 216, 'of all weights', 12, GRAY, 'start'))
    # Heads
    for y, color, kind in ((motion, MOTION, 'm'),
                           (appearance, APPEARANCE, 'a')):
        parts.append(line([(428, online), (452, online), (452, y), (491, y)]))
        parts.append(
            box(536, y, 82, 52, [f'g_{kind}', 'projection'], color))
        parts.append(line([(578, y), (604, y)], color))
        parts.append(box(648, y, 82, 52, [f'h_{kind}', 'predictor'], color))
    for y, color, kind in ((below, APPEARANCE, 'a'), (last, MOTION, 'm')):
        parts.append(line([(428, target), (452, target), (452, y), (491, y)]))
        parts.append(
            box(536, y, 82, 52, [f'g_{kind}', 'projection'], color,
                dashed=True))
    parts.append(text(443, 101, 'x_i', 13))
    parts.append(text(442, 291, 'x_j', 13))
    # ACP
    parts.append(line([(690, appearance), (710, appearance)], APPEARANCE))
    parts.append(
        box(774, appearance, 116, 66,
            ['ACP loss', 'same video,', 'same appearance'], APPEARANCE))
    parts.append(line([(578, below), (821, below)], APPEARANCE))
    parts.append(line([(774, below), (774, 191)], APPEARANCE))
    parts.append(text(592, 252, 'a_j', 14, APPEARANCE))
    parts.append(text(800, 252, 'query', 12, APPEARANCE))
    # The bank
    parts.append(bank(826, 222, '1x', found=0))
    parts.append(bank(826, 314, '2x'))
    parts.append(line([(640, below), (640, last)], APPEARANCE, dashed=True,
                      head=False))
    parts.append(line([(578, last), (821, last)], MOTION, dashed=True))
    parts.append(text(592, 332, 'm_j', 14, MOTION))
    parts.append(text(730, 332, '(a_j, m_j) enters', 12, GRAY))
    parts.append(text(730, 357, 'after the step', 12, GRAY))
    # SCP
    parts.append(line([(690, motion), (835, motion)], MOTION))
    parts.append(
        box(901, motion, 122, 66,
            ['SCP loss', 'similar video,', 'same speed'], MOTION))
    parts.append(line([(937, 231), (937, 104)], MOTION))
    parts.append(text(928, 165, 'm_k, motion of', 12, MOTION, 'end'))
    parts.append(text(928, 180, 'similar video', 12, MOTION, 'end'))
    # Legend
    y = 424
    for x, color, words in ((40, APPEARANCE, 'appearance'),
                            (150, MOTION, 'motion')):
        parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" '
                     f'rx="2" fill="{color}"/>')
        parts.append(text(x + 19, y, words, 12, INK, 'start'))
    parts.append(line([(240, y - 4), (274, y - 4)]))
    parts.append(text(282, y, 'forward pass', 12, INK, 'start'))
    parts.append(line([(380, y - 4), (414, y - 4)], GRAY, dashed=True))
    parts.append(text(422, y, 'update after the step', 12, INK, 'start'))
    parts.append(
        f'<rect x="570" y="{y - 11}" width="22" height="14" rx="3" '
        f'fill="none" stroke="{INK}" stroke-width="1.5" '
        'stroke-dasharray="5 4"/>')
    parts.append(text(600, y, 'target network: moving average, no gradient',
                      12, INK, 'start'))
    markers = ''.join(
        f'<marker id="arrow-{color[1:]}" viewBox="0 0 10 10" refX="9" '
        'refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0,0 L10,5 L0,10 z" fill="{color}"/></marker>'
        for color in FILLS)
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 446" '
        'role="img" font-family="Helvetica, Arial, sans-serif">'
        '<title>One training step of ASCNet</title>'
        f'<defs>{markers}</defs>'
        # A background of its own: readable on light and dark pages
        f'<rect x="1" y="1" width="998" height="444" rx="10" fill="{PAPER}" '
        'stroke="#cbd2d9"/>')
    return '\n'.join([head, *parts, '</svg>', ''])


if __name__ == '__main__':
    with open(TARGET, 'w') as file:
        file.write(picture())
