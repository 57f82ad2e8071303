import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Tray, joinFrames, readToken, splitFrames } from '../src/relay.js';

const source = (name) => readFileSync(new URL(`../src/${name}`, import.meta.url), 'utf8');

test('frames come out of a body as they went in', () => {
  const frames = [new Uint8Array(3).fill(1), new Uint8Array(2953).fill(2)];
  const { body, count } = joinFrames(frames);
  assert.equal(count, 2);
  assert.deepEqual(splitFrames(body), frames);
});

test('a body holds as many frames as the relay takes', () => {
  const frames = Array.from({ length: 200 }, () => new Uint8Array(2953));
  const { body, count } = joinFrames(frames);
  assert.equal(count, 88);
  assert.ok(body.length <= 256 * 1024);
});

test('a body that is not frames is refused', () => {
  for (const bytes of [[0], [0, 0], [0, 5, 1], [0, 1, 1, 9]]) {
    assert.equal(splitFrames(Uint8Array.from(bytes)), undefined, bytes.join());
  }
});

test('a token is 32 bytes in base64url and nothing else', () => {
  const token = 'CXttohfh9SdCHu26mfGMonpgB5dIVBSRssAF-9-YOnU';
  assert.equal(readToken(`#${token}`), token);
  for (const text of ['', '#', `#${token}x`, `#${token.slice(1)}`, `#${token.slice(0, -1)}V`]) {
    assert.equal(readToken(text), undefined, text);
  }
});

test('server, service worker and folder agree about the files', () => {
  const server = readFileSync(new URL('../../src/server/page.rs', import.meta.url), 'utf8');
  const served = [...server.matchAll(/\("([^"]+\.(?:js|css|svg|wasm|webmanifest|html))", /g)];
  const worker = source('sw.js').match(/const FILES = \[([^\]]*)\]/)[1];
  const kept = [...worker.matchAll(/'([^']+)'/g)].map(([, name]) => name.replace('./', 'index.html'));
  const names = served.map(([, name]) => name).filter((name) => name !== 'sw.js');
  assert.deepEqual(kept.sort(), names.sort());
});

test('no file names another origin', () => {
  const files = source('sw.js').match(/'[a-z]+\.js'/g).map((name) => name.slice(1, -1));
  for (const name of ['index.html', 'style.css', 'manifest.webmanifest', ...files]) {
    assert.doesNotMatch(source(name), /https?:\/\/(?!www\.w3\.org)/, name);
  }
});

test('the page has no script, style or handler inside its markup', () => {
  const page = source('index.html');
  assert.doesNotMatch(page, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
});

test('every word that the page asks for exists', async () => {
  const { text } = await import('../src/text.js');
  for (const name of ['app.js', 'view.js']) {
    for (const [, path] of source(name).matchAll(/(?<!\/)\btext((?:\.[a-zA-Z]+)+)/g)) {
      const found = path.slice(1).split('.').reduce((part, key) => part?.[key], text);
      assert.notEqual(found, undefined, `text${path} in ${name}`);
    }
  }
});

test('the page says every word that there is', async () => {
  const { text } = await import('../src/text.js');
  const all = ['app.js', 'view.js'].map(source).join('\n');
  // Names that are looked up: a camera's, a sight's, a warning's, the network's.
  const lookedUp = ['camera', 'film.saw', 'storage', 'network'];
  const unsaid = [];
  for (const [part, words] of Object.entries(text)) {
    for (const name of typeof words === 'string' ? [] : Object.keys(words)) {
      const path = `${part}.${name}`;
      if (!lookedUp.includes(part) && !lookedUp.includes(path) && !all.includes(path)) {
        unsaid.push(path);
      }
    }
  }
  // Said by the film itself, by their code.
  const byCode = ['film.decoderFailed', 'film.storeFailed'];
  const byDestructuring = ['erase.title', 'erase.words', 'erase.confirm'];
  const byReason = ['remove.filmed', 'remove.waiting', 'remove.done'];
  const said = [...byCode, ...byDestructuring, ...byReason];
  assert.deepEqual(unsaid.filter((path) => !said.includes(path)), []);
});

async function stateOf(answer) {
  const before = globalThis.fetch;
  globalThis.fetch = async () => answer();
  try {
    return await new Tray('token', new URL('https://relay.example/v1/')).state();
  } finally {
    globalThis.fetch = before;
  }
}

test('a body that breaks off is trouble of the network', async () => {
  const broken = new ReadableStream({ start: (it) => it.error(new TypeError('network error')) });
  await assert.rejects(stateOf(() => new Response(broken)), { code: 'unreachable' });
  await assert.rejects(stateOf(() => new Response('<p>Sign in')), { code: 'unreachable' });
});

test('a state of another shape is refused', async () => {
  const found = { transfer: '0a1b2c3d-60', frames: 1, wanted: 0, done: false };
  const state = (transfer) => ({ from_phone: { transfers: [transfer] }, for_phone: { transfers: [] } });
  assert.deepEqual(await stateOf(() => Response.json(state(found))), state(found));
  const others = [null, {}, { from_phone: {}, for_phone: {} }, state({ ...found, wanted: '1' }), state(null)];
  for (const other of others) {
    await assert.rejects(stateOf(() => Response.json(other)), { code: 'refused' });
  }
});
