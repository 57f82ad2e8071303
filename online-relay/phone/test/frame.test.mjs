import assert from 'node:assert/strict';
import test from 'node:test';

import { Tally, crc32c, frameName, readFrame, symbolsOfName } from '../src/frame.js';

const MIB = 1024 * 1024;

// A frame as spec/light.md lays it out, with a right checksum.
function frame(change = {}) {
  const parts = { mark: 0xc8, flags: 0x10, block: 0, count: 2, total: 60_000, first: 5, ...change };
  const size = parts.total <= 128 * 1024 ? 60 : 480;
  const bytes = new Uint8Array(20 + parts.count * size).fill(7, 20);
  const view = new DataView(bytes.buffer);
  bytes.set([parts.mark, parts.flags, parts.block, parts.count]);
  view.setUint32(4, parts.total);
  view.setUint32(8, parts.first);
  bytes.set([1, 2, 3, 4], 12);
  view.setUint32(16, crc32c(bytes.subarray(0, 16), bytes.subarray(20)));
  return bytes;
}

test('the checksum is that of Castagnoli', () => {
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
});

test('a frame names its transfer and its symbols', () => {
  const read = readFrame(frame());
  assert.deepEqual(read, {
    kind: 'pack',
    transfer: '01020304-60000',
    totalBytes: 60_000,
    symbols: [[0, 5], [0, 6]],
  });
});

test('a frame inside a larger buffer is read alike', () => {
  const bytes = frame();
  const around = new Uint8Array(bytes.length + 9).fill(0xff);
  around.set(bytes, 5);
  assert.equal(readFrame(around.subarray(5, 5 + bytes.length)).kind, 'pack');
});

test('symbols go round the blocks', () => {
  const { symbols } = readFrame(frame({ total: 3 * MIB, block: 1, count: 4, first: 9 }));
  assert.deepEqual(symbols, [[1, 9], [2, 9], [0, 10], [1, 10]]);
});

test('symbols of one block stay in it', () => {
  const { symbols } = readFrame(frame({ total: 3 * MIB, block: 1, flags: 0x18, first: 9 }));
  assert.deepEqual(symbols, [[1, 9], [1, 10]]);
});

test('a short last block is left out of most rows', () => {
  // One symbol and its share of 17 in 2,185 rows: it is there in row 128 first.
  const { symbols } = readFrame(frame({ total: MIB + 1, block: 0, first: 127, count: 4 }));
  assert.deepEqual(symbols, [[0, 127], [0, 128], [1, 0], [0, 129]]);
});

test('codes of other kinds are named', () => {
  const kinds = [
    [frame({ mark: 0xc9 }), 'card'],
    [frame({ mark: 0xca }), 'pairing'],
    [frame({ flags: 0x20 }), 'newer'],
    [new TextEncoder().encode('WIFI:S:net;;'), 'foreign'],
    [new Uint8Array(0), 'foreign'],
    [Uint8Array.of(0xc8), 'damaged'],
    [frame().subarray(0, 100), 'damaged'],
    [frame({ block: 1 }), 'damaged'],
    [frame({ flags: 0x17 }), 'damaged'],
    [frame({ flags: 0x18 }), 'damaged'],
    [frame({ total: 0 }), 'damaged'],
    [frame({ total: 64 * MIB + 1 }), 'damaged'],
    [frame({ first: 0x80000000 }), 'damaged'],
    [frame({ mark: 0xc9, flags: 0x11 }), 'damaged'],
  ];
  for (const [bytes, kind] of kinds) {
    assert.equal(readFrame(bytes).kind, kind, frameName(bytes));
  }
});

test('every flipped bit is found', () => {
  const bytes = frame({ count: 1 });
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    bytes[bit >> 3] ^= 1 << (bit & 7);
    assert.notEqual(readFrame(bytes).kind, 'pack', `bit ${bit}`);
    bytes[bit >> 3] ^= 1 << (bit & 7);
  }
});

test('an answer says what its sender lacks', () => {
  const bytes = new Uint8Array(3 + 24 + 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0xcb, 0x10, 1, 9, 9, 9, 9]);
  view.setUint32(15, 12);
  view.setUint32(27, crc32c(bytes.subarray(0, 27)));
  assert.deepEqual(readFrame(bytes), { kind: 'answer', entries: [{ id: '09090909', lacks: 12 }] });
  bytes[5] ^= 1;
  assert.equal(readFrame(bytes).kind, 'damaged');
});

test('the name of a frame tells its symbols again', () => {
  const bytes = frame({ total: 3 * MIB, block: 2, count: 5 });
  assert.deepEqual(symbolsOfName(frameName(bytes)), readFrame(bytes).symbols);
});

test('a tally counts each symbol once and asks for a few to spare', () => {
  const tally = new Tally(60 * 100);
  assert.equal(tally.wanted, 110);
  assert.equal(tally.add([[0, 200], [0, 201], [0, 200]]), 2);
  assert.equal(tally.add([[0, 201], [7, 1]]), 0);
  assert.equal(tally.have, 2);
  assert.equal(tally.isWhole, false);
  for (let id = 300; id < 408; id += 1) {
    tally.add([[0, id]]);
  }
  assert.equal(tally.isWhole, true);
  assert.equal(tally.add([[0, 1]]), 0);
});

test('a tally needs nothing to spare when every source symbol is here', () => {
  const tally = new Tally(60);
  assert.equal(tally.have, 0);
  tally.add([[0, 0]]);
  assert.equal(tally.isWhole, true);
  assert.equal(tally.have, tally.wanted);
});

test('a tally is whole when each of its blocks is', () => {
  const tally = new Tally(2 * MIB);
  for (let id = 0; id < 2185; id += 1) {
    tally.add([[0, id]]);
  }
  assert.equal(tally.isWhole, false);
  assert.equal(tally.have, 2185 + 16);
  assert.equal(tally.wanted, 2 * (2185 + 16));
});

test('a courier that asks for more opens the tally again', () => {
  const tally = new Tally(60);
  tally.add([[0, 0]]);
  tally.askForMore(5);
  assert.equal(tally.isWhole, false);
  assert.equal(tally.add([[0, 9]]), 1);
});

test('every symbol of a frame that is kept counts', () => {
  const tally = new Tally(60 * 2);
  assert.equal(tally.add([[0, 0], [0, 1], [0, 2], [0, 3]]), 4);
  assert.equal(tally.isWhole, true);
  tally.askForMore(2);
  // What the courier has already is not what it asks for.
  assert.equal(tally.add([[0, 2], [0, 3]]), 0);
  assert.equal(tally.add([[0, 8], [0, 9]]), 2);
  assert.equal(tally.isWhole, true);
});
