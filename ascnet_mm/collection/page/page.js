// The page of a collection: a map of its clips, a list, and one clip with its
// neighbors. Texts of the collection enter the page by textContent alone.
'use strict';

// ---- Points in the plane ------------------------------------------------

// A grid of cells over [0, 1] x [0, 1]: the points of cell c are
// order[first[c]] ... order[first[c + 1] - 1].
function makeGrid(x, y, side) {
  const cells = new Int32Array(x.length);
  const first = new Int32Array(side * side + 1);
  for (let i = 0; i < x.length; i++) {
    cells[i] = cellOf(x[i], side) + side * cellOf(y[i], side);
    first[cells[i] + 1]++;
  }
  for (let c = 0; c < side * side; c++) first[c + 1] += first[c];
  const next = first.slice();
  const order = new Int32Array(x.length);
  for (let i = 0; i < x.length; i++) order[next[cells[i]]++] = i;
  return {x, y, side, first, order};
}

function cellOf(value, side) {
  return Math.min(side - 1, Math.max(0, Math.floor(value * side)));
}

// The nearest point that may be taken within a radius, or -1.
function nearestPoint(grid, px, py, radius, taken) {
  const {x, y, side, first, order} = grid;
  let best = -1;
  let least = radius * radius;
  const left = cellOf(px - radius, side), right = cellOf(px + radius, side);
  const top = cellOf(py - radius, side), bottom = cellOf(py + radius, side);
  for (let row = top; row <= bottom; row++) {
    for (let k = first[row * side + left]; k < first[row * side + right + 1]; k++) {
      const i = order[k];
      const dx = x[i] - px, dy = y[i] - py;
      const distance = dx * dx + dy * dy;
      if (distance <= least && taken[i]) {
        least = distance;
        best = i;
      }
    }
  }
  return best;
}

// The nearest point in a direction (45 degrees to either side), or -1.
function pointTowards(x, y, from, dx, dy, taken) {
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < x.length; i++) {
    if (i === from || !taken[i]) continue;
    const ax = x[i] - x[from], ay = y[i] - y[from];
    const along = ax * dx + ay * dy;
    const across = Math.abs(ax * dy) + Math.abs(ay * dx);
    if (along <= 0 || across > along) continue;
    const distance = along * along + across * across;
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

// Whether a point lies in a polygon [x0, y0, x1, y1, ...], by even and odd.
function inPolygon(polygon, px, py) {
  let inside = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const xi = polygon[i], yi = polygon[i + 1];
    const xj = polygon[j], yj = polygon[j + 1];
    if ((yi > py) !== (yj > py) && px < (xj - xi) * (py - yi) / (yj - yi) + xi) {
      inside = !inside;
    }
  }
  return inside;
}

// Numbers brought to [0, 1] by one scale for both axes, in the middle.
function fitted(x, y) {
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
  for (let i = 0; i < x.length; i++) {
    left = Math.min(left, x[i]);
    right = Math.max(right, x[i]);
    top = Math.min(top, y[i]);
    bottom = Math.max(bottom, y[i]);
  }
  const size = Math.max(right - left, bottom - top) || 1;
  const place = (values, low, high) => values.map(
    value => 0.5 + (value - (low + high) / 2) / size);
  return [place(x, left, right), place(y, top, bottom)];
}

// ---- Texts and colors ---------------------------------------------------

function clock(seconds) {
  const whole = Math.floor(seconds / 60);
  const rest = (seconds - 60 * whole).toFixed(1).padStart(4, '0');
  return `${whole}:${rest}`;
}

// Okabe and Ito's colors, which the color-blind can tell apart, without the
// black; then hues at the golden angle.
const COLORS = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#56b4e9',
  '#cc79a7', '#b5a900'];

function colorOf(place, count) {
  if (count <= COLORS.length) return COLORS[place];
  const hue = (place * 137.508) % 360;
  return `hsl(${hue.toFixed(1)} 62% ${place % 2 ? 46 : 58}%)`;
}

function numbers(text, Kind) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

if (typeof module !== 'undefined') {
  module.exports = {
    makeGrid, nearestPoint, pointTowards, inPolygon, fitted, clock, colorOf,
  };
} else {
  showPage(window.COLLECTION);
}

// ---- The page -----------------------------------------------------------

function showPage(data) {
  const element = id => document.getElementById(id);
  const video = numbers(data.video, Int32Array);
  const start = numbers(data.start, Float32Array);
  const end = numbers(data.end, Float32Array);
  const [x, y] = fitted(numbers(data.x, Float32Array),
    numbers(data.y, Float32Array));
  const count = video.length;
  const grid = makeGrid(x, y, 64);
  const groups = data.groups.map(
    group => ({...group, of: numbers(group.of, Int32Array)}));
  const names = data.files.map(file => file.toLowerCase());
  const near = data.neighbors && {
    top: data.neighbors.top,
    row: numbers(data.neighbors.row, Int32Array),
    similarity: numbers(data.neighbors.similarity, Float32Array),
    query: numbers(data.neighbors.query, Int32Array),
  };

  const canvas = element('map');
  const pen = canvas.getContext('2d');
  const player = element('player');
  // view: places of the map are drawn at place * scale + (left, top)
  const view = {scale: 1, left: 0, top: 0};
  const size = {width: 0, height: 0};
  let group = groups[0];
  let only = -1;           // the value of the group that is shown alone
  let selected = null;     // Uint8Array of the lasso
  let found = null;        // rows that an upload has found, nearest first
  let similar = null;      // and their similarities
  let shown = new Uint8Array(count).fill(1);
  let order = byColor();
  let current = -1;        // the clip that the keys stand on
  let opened = -1;
  let lasso = null;
  let listed = 0;
  let rows = [];

  // -- the map

  function byColor() {
    const found = Int32Array.from({length: count}, (_, i) => i);
    return found.sort((a, b) => group.of[a] - group.of[b] || a - b);
  }

  function fit() {
    const {width, height} = size;
    view.scale = 0.92 * Math.min(width, height);
    view.left = (width - view.scale) / 2;
    view.top = (height - view.scale) / 2;
    draw();
  }

  // Follows the size of the map; what is in its middle stays there.
  function measure() {
    const box = canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    view.left += (box.width - size.width) / 2;
    view.top += (box.height - size.height) / 2;
    size.width = box.width;
    size.height = box.height;
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw();
  }

  let waiting = false;
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      paint();
    });
  }

  function paint() {
    const {width, height} = size;
    const ink = getComputedStyle(document.body).color;
    pen.clearRect(0, 0, width, height);
    const radius = count > 5000 ? 1.5 : count > 500 ? 2.5 : 4;
    let color = -1;
    for (const chosen of selected ? [0, 1] : [1]) {
      pen.globalAlpha = chosen ? 0.85 : 0.18;
      for (let k = 0; k < count; k++) {
        const i = order[k];
        if (!shown[i] || (selected && selected[i] !== chosen)) continue;
        const px = x[i] * view.scale + view.left;
        const py = y[i] * view.scale + view.top;
        if (px < -9 || py < -9 || px > width + 9 || py > height + 9) continue;
        if (group.of[i] !== color) {
          color = group.of[i];
          pen.fillStyle = colorOf(color, group.values.length);
        }
        if (radius < 2) {
          pen.fillRect(px - radius, py - radius, 2 * radius, 2 * radius);
        } else {
          pen.beginPath();
          pen.arc(px, py, radius, 0, 2 * Math.PI);
          pen.fill();
        }
      }
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    for (const i of found || []) ring(i, 6, 1);
    if (opened >= 0) ring(opened, 9, 3);
    if (current >= 0) ring(current, 7, 2);
    if (lasso) {
      pen.beginPath();
      for (let k = 0; k < lasso.length; k += 2) {
        pen.lineTo(lasso[k] * view.scale + view.left,
          lasso[k + 1] * view.scale + view.top);
      }
      pen.closePath();
      pen.lineWidth = 1.5;
      pen.setLineDash([5, 4]);
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  function ring(i, radius, width) {
    pen.beginPath();
    pen.arc(x[i] * view.scale + view.left, y[i] * view.scale + view.top,
      radius, 0, 2 * Math.PI);
    pen.lineWidth = width;
    pen.stroke();
  }

  function zoom(factor, px, py) {
    const fitting = Math.min(size.width, size.height);
    const scale = Math.min(fitting * 400,
      Math.max(fitting * 0.3, view.scale * factor));
    view.left = px - (px - view.left) * scale / view.scale;
    view.top = py - (py - view.top) * scale / view.scale;
    view.scale = scale;
    draw();
  }

  // The map place of an event.
  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left - view.left) / view.scale,
      (event.clientY - box.top - view.top) / view.scale];
  }

  function pointAt(event) {
    return nearestPoint(grid, ...placeOf(event), 12 / view.scale, shown);
  }

  const pointers = new Map();
  let moved = 0;

  canvas.addEventListener('pointerdown', event => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    moved = 0;
    const draws = event.shiftKey
      || element('lasso').getAttribute('aria-pressed') === 'true';
    lasso = draws && pointers.size === 1 ? placeOf(event) : null;
  });

  canvas.addEventListener('pointermove', event => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      hover(event);
      return;
    }
    const dx = event.clientX - before[0], dy = event.clientY - before[1];
    moved += Math.abs(dx) + Math.abs(dy);
    if (pointers.size === 2) {
      const [other] = [...pointers].find(([id]) => id !== event.pointerId);
      const [ox, oy] = pointers.get(other);
      const box = canvas.getBoundingClientRect();
      zoom(Math.hypot(event.clientX - ox, event.clientY - oy)
        / (Math.hypot(before[0] - ox, before[1] - oy) || 1),
      ox - box.left, oy - box.top);
    } else if (lasso) {
      lasso.push(...placeOf(event));
    } else {
      view.left += dx;
      view.top += dy;
    }
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    element('tip').hidden = true;
    draw();
  });

  canvas.addEventListener('pointerup', event => {
    if (!pointers.delete(event.pointerId)) return;
    if (moved < 5) {
      const i = pointAt(event);
      if (i >= 0) open(i);
    } else if (lasso) {
      select(lasso);
    }
    lasso = null;
    draw();
  });

  canvas.addEventListener('pointercancel', event => {
    pointers.delete(event.pointerId);
    lasso = null;
    draw();
  });

  canvas.addEventListener('pointerleave', () => {
    element('tip').hidden = true;
  });

  canvas.addEventListener('wheel', event => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)),
      event.clientX - box.left, event.clientY - box.top);
  }, {passive: false});

  function hover(event) {
    const tip = element('tip');
    const i = pointAt(event);
    tip.hidden = i < 0;
    if (i < 0) return;
    tip.replaceChildren(...describe(i));
    const box = canvas.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    tip.style.left = `${Math.min(px + 14, box.width - 190)}px`;
    tip.style.top = `${py + (py > box.height / 2 ? -160 : 14)}px`;
  }

  function select(polygon) {
    selected = new Uint8Array(count);
    let chosen = 0;
    for (let i = 0; i < count; i++) {
      if (shown[i] && inPolygon(polygon, x[i], y[i])) {
        selected[i] = 1;
        chosen++;
      }
    }
    if (!chosen) selected = null;
    found = similar = null;
    say(`${chosen} clips selected`);
    list();
  }

  const ARROWS = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  };

  canvas.addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const middle = [size.width / 2, size.height / 2];
    if (event.key in ARROWS) {
      go(ARROWS[event.key]);
    } else if (event.key === 'Enter' && current >= 0) {
      open(current, true);
    } else if (event.key === '+' || event.key === '=') {
      zoom(1.4, ...middle);
    } else if (event.key === '-') {
      zoom(1 / 1.4, ...middle);
    } else {
      return;
    }
    event.preventDefault();
  });

  function go(direction) {
    const next = current < 0 || !shown[current]
      ? nearestPoint(grid, 0.5, 0.5, 2, shown)
      : pointTowards(x, y, current, ...direction, shown);
    if (next < 0) return;
    current = next;
    bringIntoView(current);
    say(`${data.files[video[current]]}, ${times(current)}`);
    draw();
  }

  function bringIntoView(i) {
    const px = x[i] * view.scale + view.left;
    const py = y[i] * view.scale + view.top;
    if (px < 0 || px > size.width) view.left += size.width / 2 - px;
    if (py < 0 || py > size.height) view.top += size.height / 2 - py;
  }

  // -- one clip

  function open(i, byKey) {
    opened = current = i;
    element('clip').hidden = false;
    document.querySelector('main').classList.add('open');
    const name = document.createElement('bdi');
    name.textContent = data.files[video[i]];
    element('clip-name').replaceChildren(name);
    element('clip-time').textContent = times(i);
    element('player-error').hidden = true;
    element('player-link').href = data.urls[video[i]];
    const poster = data.posters[video[i]];
    if (poster) player.poster = poster; else player.removeAttribute('poster');
    player.src = `${data.urls[video[i]]}#t=${start[i]},${end[i]}`;
    // Refused where nobody has clicked yet: then the controls are there.
    player.play().catch(() => {});
    if (byKey) element('clip-name').focus();
    measure();
    bringIntoView(i);
    showNeighbors(i);
    markAll();
  }

  player.addEventListener('error', () => {
    if (player.getAttribute('src')) element('player-error').hidden = false;
  });

  function close() {
    if (opened < 0) return;
    opened = -1;
    markAll();
    player.pause();
    player.removeAttribute('src');
    player.load();
    element('clip').hidden = true;
    document.querySelector('main').classList.remove('open');
    measure();
    canvas.focus({preventScroll: true});
  }

  async function showNeighbors(i) {
    const place = element('neighbors');
    place.replaceChildren();
    let nearest;
    try {
      nearest = await neighborsOf(i);
    } catch (error) {
      say(error.message);
      return;
    }
    if (i !== opened) return;
    place.replaceChildren(
      ...nearest.map(({row, similarity}) => item(row, similarity)));
  }

  async function neighborsOf(i) {
    if (!near) return (await ask(`neighbors/${i}`)).found;
    const line = near.query[i] * near.top;
    const nearest = [];
    for (let k = line; k < line + near.top && near.row[k] >= 0; k++) {
      nearest.push({row: near.row[k], similarity: near.similarity[k]});
    }
    return nearest;
  }

  // -- lists of clips

  function times(i) {
    return `${clock(start[i])} to ${clock(end[i])}`;
  }

  function describe(i) {
    const parts = [];
    const poster = data.posters[video[i]];
    const picture = document.createElement(poster ? 'img' : 'span');
    if (poster) {
      picture.loading = 'lazy';
      picture.alt = '';
      picture.src = poster;
    } else {
      picture.className = 'blank';
    }
    parts.push(picture);
    const name = document.createElement('bdi');
    name.textContent = data.files[video[i]];
    const time = document.createElement('small');
    time.textContent = times(i);
    parts.push(name, time);
    return parts;
  }

  function item(i, similarity) {
    const line = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.row = i;
    button.append(...describe(i));
    if (similarity !== undefined) {
      button.lastChild.textContent += `, ${similarity.toFixed(3)}`;
    }
    button.addEventListener('click', event => {
      open(i, event.detail === 0);
    });
    mark(button);
    line.append(button);
    return line;
  }

  function markAll() {
    for (const button of document.querySelectorAll('.clips button')) {
      mark(button);
    }
  }

  function mark(button) {
    button.setAttribute('aria-current', Number(button.dataset.row) === opened);
  }

  function list() {
    rows = found || [];
    if (!found) {
      for (let i = 0; i < count; i++) {
        if (shown[i] && (!selected || selected[i])) rows.push(i);
      }
    }
    listed = 0;
    element('list').replaceChildren();
    element('list-title').textContent = found
      ? `${rows.length} clips found` : `${rows.length} of ${count} clips`;
    more();
    draw();
  }

  function more() {
    const next = rows.slice(listed, listed + 60);
    element('list').append(...next.map(
      (row, k) => item(row, similar ? similar[listed + k] : undefined)));
    listed += next.length;
    element('more').hidden = listed >= rows.length;
  }

  // -- what is shown

  function filter() {
    const words = element('filter').value.toLowerCase();
    const named = names.map(name => name.includes(words));
    for (let i = 0; i < count; i++) {
      shown[i] = named[video[i]] && (only < 0 || group.of[i] === only) ? 1 : 0;
    }
    found = similar = selected = null;
    list();
    say(element('list-title').textContent);
  }

  function legend() {
    const most = group.values.slice(0, 24);
    const buttons = most.map((value, place) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('aria-pressed', place === only);
      const dot = document.createElement('i');
      dot.style.background = colorOf(place, group.values.length);
      const name = document.createElement('bdi');
      name.textContent = value;
      button.append(dot, name);
      button.addEventListener('click', () => {
        only = only === place ? -1 : place;
        legend();
        filter();
        element('legend').children[place].focus();
      });
      return button;
    });
    const rest = document.createElement('span');
    rest.textContent = group.values.length > most.length
      ? `and ${group.values.length - most.length} more` : '';
    element('legend').replaceChildren(...buttons, rest);
  }

  function say(text) {
    element('status').textContent = text;
  }

  // -- the server, where there is one

  async function ask(address, options) {
    const answer = await fetch(address, options);
    const content = await answer.json();
    if (!answer.ok) throw new Error(content.error);
    return content;
  }

  async function search(file) {
    say('Searching …');
    try {
      const answer = await ask('search', {method: 'POST', body: file});
      found = answer.found.map(clip => clip.row);
      similar = answer.found.map(clip => clip.similarity);
      selected = null;
      list();
      say(`The ${found.length} clips nearest to the uploaded video`);
    } catch (error) {
      say(`Not found: ${error.message}`);
    }
  }

  // -- controls

  for (const {name} of groups) {
    element('color').append(new Option(name));
  }
  element('color').addEventListener('change', () => {
    group = groups[element('color').selectedIndex];
    only = -1;
    order = byColor();
    legend();
    filter();
  });
  element('filter').addEventListener('input', filter);
  element('lasso').addEventListener('click', () => {
    const pressed = element('lasso').getAttribute('aria-pressed') !== 'true';
    element('lasso').setAttribute('aria-pressed', pressed);
    canvas.classList.toggle('lasso', pressed);
  });
  element('reset').addEventListener('click', () => {
    element('filter').value = '';
    only = -1;
    legend();
    filter();
    fit();
  });
  element('more').addEventListener('click', more);
  element('close').addEventListener('click', close);
  const upload = element('upload');
  if (upload) {
    upload.addEventListener('change', () => {
      if (upload.files.length) search(upload.files[0]);
    });
    element('search').addEventListener(
      'submit', event => event.preventDefault());
  }
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') close();
  });
  new ResizeObserver(measure).observe(canvas);
  window.matchMedia('(prefers-color-scheme: dark)')
    .addEventListener('change', draw);

  legend();
  list();
  measure();
  fit();
}
