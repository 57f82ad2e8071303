// Draws the page from plain data. All text is set as text, never as markup.

import { sizeText, text } from './text.js';

export const element = (id) => document.getElementById(id);

const SPEAK_EVERY_MS = 2_000;
let speakAt = 0;

// What each list shows, to draw it anew only when that changes.
const drawn = new Map();

function say(id, words) {
  // A live region is spoken again when its text is set, also to the same words.
  const node = element(id);
  if (node.textContent !== words) {
    node.textContent = words;
  }
}

// The words that never change.
export function drawLabels() {
  const labels = {
    banner: text.banner,
    'stage-banner': text.banner,
    title: text.title,
    tagline: text.tagline,
    'link-hint': text.link.hint,
    'link-label': text.link.label,
    'link-take': text.link.take,
    'stage-name': text.show.heading,
    'film-heading': text.film.heading,
    'film-hint': text.film.hint,
    'film-start': text.film.start,
    'film-stop': text.film.stop,
    'show-heading': text.show.heading,
    'show-hint': text.show.hint,
    'show-slower': text.show.slower,
    'show-faster': text.show.faster,
    'show-finished': text.show.finished,
    'show-stop': text.show.stop,
    'question-no': text.remove.cancel,
    erase: text.erase.start,
  };
  Object.entries(labels).forEach(([id, words]) => say(id, words));
  element('video').setAttribute('aria-label', text.film.looking);
  element('film-progress').setAttribute('aria-labelledby', 'film-count');
  element('code').setAttribute('aria-label', text.show.label);
}

export function drawNetwork(words) {
  say('network', words);
}

// Whether the page asks for a link, because it has none.
export function drawLinkPanel(visible) {
  element('link-panel').hidden = !visible;
}

export function drawLinkTrouble(words) {
  say('link-trouble', words);
}

// Nothing can be done on this page any more; the words say why.
export function drawEnd(words) {
  document.body.classList.add('ended');
  element('main').inert = false;
  drawNetwork(words);
}

export function drawWarnings(warnings) {
  const items = warnings.map(({ code, free }) => {
    const item = document.createElement('li');
    const words = text.storage[code];
    item.textContent = typeof words === 'function' ? words(sizeText(free)) : words;
    return item;
  });
  element('warnings').replaceChildren(...items);
}

// `trouble` is a name in `text.camera`, or undefined.
export function drawCameraTrouble(trouble) {
  say('camera-trouble', trouble === undefined ? '' : text.camera[trouble]);
}

// `film` is `{ running, starting, sight, progress, known, trouble }`.
export function drawFilm(film) {
  const { running, progress } = film;
  element('film-panel').hidden = !running;
  element('film-start').hidden = running;
  // While filming, nothing pushes the picture and its button off a small screen.
  document.body.classList.toggle('filming', running);
  if (!running) {
    return;
  }
  const words = sightText(film);
  say('film-sight', words);
  // Sights change faster than anybody speaks.
  const now = performance.now();
  if (now >= speakAt) {
    speakAt = now + SPEAK_EVERY_MS;
    say('film-said', words);
  }
  const bar = element('film-progress');
  bar.hidden = progress === undefined;
  bar.max = progress?.wanted ?? 1;
  bar.value = progress?.have ?? 0;
  say('film-count', progress ? text.film.pieces(progress.have, progress.wanted) : '');
}

function sightText({ starting, sight, progress, known, trouble }) {
  if (starting) {
    return text.film.starting;
  }
  if (trouble !== undefined) {
    return text.film[trouble];
  }
  if (known) {
    return text.film.known;
  }
  if (sight !== 'pack' && sight !== undefined) {
    return text.film.saw[sight];
  }
  return progress?.isWhole ? text.film.whole : text.film.looking;
}

// `transfers` is `[{ id, totalBytes, state, showable, removable }]`; `act` is called with a verb and an id.
export function drawTransfers(id, transfers, emptyText, act) {
  const list = element(id);
  // A button must not be replaced under a finger for nothing.
  const words = JSON.stringify(transfers);
  if (drawn.get(id) === words) {
    return;
  }
  drawn.set(id, words);
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.action;
  const items = transfers.map((transfer) => transferItem(transfer, act));
  if (items.length === 0) {
    const item = document.createElement('li');
    item.className = 'empty';
    item.textContent = emptyText;
    items.push(item);
  }
  list.replaceChildren(...items);
  // Drawing anew must not take the keyboard's place away.
  if (focused) {
    const same = list.querySelector(`[data-action="${CSS.escape(focused)}"]`);
    const next = same ?? list.querySelector('button') ?? list.closest('section').querySelector('h2');
    next.focus();
  }
}

function transferItem(transfer, act) {
  const item = document.createElement('li');
  const name = document.createElement('p');
  name.className = 'name';
  const title = document.createElement('strong');
  title.textContent = text.transfer.name(transfer.id.split('-')[0]);
  const size = document.createElement('span');
  size.className = 'size';
  size.textContent = sizeText(transfer.totalBytes);
  name.append(title, size);
  const state = document.createElement('p');
  state.textContent = transfer.state;
  const buttons = document.createElement('div');
  buttons.className = 'buttons';
  if (transfer.showable) {
    buttons.append(button('show', text.show.start, transfer, act));
  }
  if (transfer.removable) {
    buttons.append(button('remove', text.transfer.remove, transfer, act));
  }
  item.append(name, state, buttons);
  return item;
}

function button(verb, words, { id }, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = words;
  made.dataset.action = `${verb} ${id}`;
  made.setAttribute('aria-label', `${words}: ${text.transfer.name(id.split('-')[0])}`);
  made.addEventListener('click', () => act(verb, id));
  if (verb === 'remove') {
    made.className = 'danger';
  }
  return made;
}

// `show` is `{ at, count, round, rate, awake, isBroken, isReplaced, slowest, fastest }`.
export function drawShow(show) {
  say('show-place', text.show.place(show.at, show.count, show.round, show.rate));
  const light = show.awake ? text.show.awake : text.show.mayDim;
  const words = show.isBroken ? text.show.failed : light;
  say('show-awake', show.isReplaced ? text.show.gone : words);
  element('show-slower').disabled = show.slowest;
  element('show-faster').disabled = show.fastest;
}

export function drawStage(visible, big) {
  const stage = element('stage');
  stage.hidden = !visible;
  stage.classList.toggle('big', big);
  element('main').inert = visible;
  document.body.classList.toggle('showing', visible);
  say('show-size', big ? text.show.smaller : text.show.bigger);
  element('show-size').setAttribute('aria-pressed', String(big));
}

// Asks before something is lost; resolves to whether the person agreed. Without a `yes` there is
// nothing to agree to.
export function ask({ title, words, yes, no }) {
  const dialog = element('question');
  say('question-title', title);
  say('question-text', words);
  say('question-yes', yes ?? '');
  element('question-yes').hidden = yes === undefined;
  say('question-no', no);
  return new Promise((resolve) => {
    const answer = (agreed) => () => {
      dialog.close();
      resolve(agreed);
    };
    element('question-yes').onclick = answer(true);
    element('question-no').onclick = answer(false);
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
    element('question-no').focus();
  });
}
